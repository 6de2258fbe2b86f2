// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/reassemble.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstring>
#include <vector>

#include "format/kdump.h"
#include "util/write_at.h"
#include "vmcore/kdump/flat_record.h"

namespace guestdump::vmcore {
namespace {

constexpr size_t kBuffer = size_t{1} << 20;

/// Reads parts of a flattened file, and counts its bytes.
class FlatStream {
  public:
    explicit FlatStream(InputStream& stream) : stream_(stream) {}

    uint64_t at() const { return at_; }

    Result<> read(std::span<std::byte> out) {
        const size_t got = TRY(stream_.read(out));
        at_ += got;
        if (got == out.size()) return {};
        return Error::make("'%s' was cut off: it ends at offset %" PRIu64
                           ", before the end record of the flattened file; `guestdump convert "
                           "--partial` saves what is there",
                           stream_.name().c_str(), at_);
    }

    template <class T>
    Result<T> read_struct() {
        T object;
        TRY(read(std::as_writable_bytes(std::span(&object, 1))));
        return object;
    }

  private:
    InputStream& stream_;
    uint64_t at_ = 0;
};

}  // namespace

Result<bool> carries_kdump(InputStream& stream) {
    struct Start {
        format::FlatHeader header;
        format::FlatRecord first;
        std::array<char, format::kKdumpSignature.size()> signature;
    };
    const auto bytes = TRY(stream.peek(sizeof(Start)));
    if (bytes.size() < sizeof(Start)) return false;
    Start start;
    std::memcpy(&start, bytes.data(), sizeof start);
    return has_flat_signature(start.header) && start.first.offset == 0 &&
           std::equal(start.signature.begin(), start.signature.end(),
                      format::kKdumpSignature.begin());
}

Result<> reassemble(InputStream& stream, int out, const std::string& to,
                    const std::function<void(uint64_t bytes)>& progress) {
    FlatStream flat(stream);
    const auto header = TRY(flat.read_struct<format::FlatHeader>());
    TRY(check_flat_header(header, stream.name()));
    std::vector<std::byte> buffer(kBuffer);
    while (true) {
        const uint64_t at = flat.at();
        const auto record = TRY(flat.read_struct<format::FlatRecord>());
        if (is_flat_end(record)) return {};
        TRY(check_flat_record(record, at, stream.name()));
        const uint64_t offset = record.offset, size = record.size;
        for (uint64_t done = 0; done < size;) {
            const auto part = std::span(buffer).first(std::min<uint64_t>(kBuffer, size - done));
            TRY(flat.read(part));
            const int failed = util::write_at(out, offset + done, part);
            if (failed != 0) return Error::from_errno(failed, "writing '%s'", to.c_str());
            done += part.size();
            if (progress) progress(flat.at());
        }
    }
}

}  // namespace guestdump::vmcore
