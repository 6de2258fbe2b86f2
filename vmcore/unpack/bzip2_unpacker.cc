// SPDX-License-Identifier: GPL-2.0-or-later
#include <bzlib.h>

#include <algorithm>
#include <climits>

#include "vmcore/unpack/unpacker.h"

namespace guestdump::vmcore {
namespace {

class Bzip2Unpacker final : public Unpacker {
  public:
    Bzip2Unpacker() { begin(); }
    ~Bzip2Unpacker() override { end(); }
    Bzip2Unpacker(const Bzip2Unpacker&) = delete;
    Bzip2Unpacker& operator=(const Bzip2Unpacker&) = delete;

    bool good() const { return good_; }

    std::optional<Step> step(std::span<const std::byte> in, std::span<std::byte> out) override {
        const size_t most_in = std::min<size_t>(in.size(), UINT_MAX);
        const size_t most_out = std::min<size_t>(out.size(), UINT_MAX);
        stream_.next_in = reinterpret_cast<char*>(const_cast<std::byte*>(in.data()));
        stream_.avail_in = static_cast<unsigned>(most_in);
        stream_.next_out = reinterpret_cast<char*>(out.data());
        stream_.avail_out = static_cast<unsigned>(most_out);
        const int status = ::BZ2_bzDecompress(&stream_);
        if (status != BZ_OK && status != BZ_STREAM_END) return std::nullopt;
        return Step{.taken = most_in - stream_.avail_in,
                    .given = most_out - stream_.avail_out,
                    .ended = status == BZ_STREAM_END};
    }

    bool restart() override {
        end();
        begin();
        return good_;
    }

  private:
    void begin() {
        stream_ = {};
        good_ = ::BZ2_bzDecompressInit(&stream_, /*verbosity=*/0, /*small=*/0) == BZ_OK;
    }
    void end() {
        if (good_) ::BZ2_bzDecompressEnd(&stream_);
        good_ = false;
    }

    bz_stream stream_{};
    bool good_ = false;
};

}  // namespace

std::unique_ptr<Unpacker> make_bzip2_unpacker() {
    auto unpacker = std::make_unique<Bzip2Unpacker>();
    if (!unpacker->good()) return nullptr;
    return unpacker;
}

}  // namespace guestdump::vmcore
