// SPDX-License-Identifier: GPL-2.0-or-later
#include <zlib.h>

#include <algorithm>
#include <climits>

#include "vmcore/unpack/unpacker.h"

namespace guestdump::vmcore {
namespace {

/// windowBits of inflateInit2() for a gzip file. [zlib.h]
constexpr int kGzip = 16 + MAX_WBITS;

class GzipUnpacker final : public Unpacker {
  public:
    GzipUnpacker() : good_(::inflateInit2(&stream_, kGzip) == Z_OK) {}
    ~GzipUnpacker() override { ::inflateEnd(&stream_); }
    GzipUnpacker(const GzipUnpacker&) = delete;
    GzipUnpacker& operator=(const GzipUnpacker&) = delete;

    bool good() const { return good_; }

    std::optional<Step> step(std::span<const std::byte> in, std::span<std::byte> out) override {
        const size_t most_in = std::min<size_t>(in.size(), UINT_MAX);
        const size_t most_out = std::min<size_t>(out.size(), UINT_MAX);
        stream_.next_in = reinterpret_cast<unsigned char*>(const_cast<std::byte*>(in.data()));
        stream_.avail_in = static_cast<unsigned>(most_in);
        stream_.next_out = reinterpret_cast<unsigned char*>(out.data());
        stream_.avail_out = static_cast<unsigned>(most_out);
        const int status = ::inflate(&stream_, Z_NO_FLUSH);
        if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) return std::nullopt;
        return Step{.taken = most_in - stream_.avail_in,
                    .given = most_out - stream_.avail_out,
                    .ended = status == Z_STREAM_END};
    }

    bool restart() override { return ::inflateReset2(&stream_, kGzip) == Z_OK; }

  private:
    z_stream stream_{};
    bool good_;
};

}  // namespace

std::unique_ptr<Unpacker> make_gzip_unpacker() {
    auto unpacker = std::make_unique<GzipUnpacker>();
    if (!unpacker->good()) return nullptr;
    return unpacker;
}

}  // namespace guestdump::vmcore
