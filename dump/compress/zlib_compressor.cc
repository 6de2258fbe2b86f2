// SPDX-License-Identifier: GPL-2.0-or-later
#include <zlib.h>

#include "dump/compress/compressors.h"

namespace guestdump::dump {
namespace {

/// Used in a build without the faster libraries.
class ZlibCompressor final : public Compressor {
  public:
    static Result<std::unique_ptr<Compressor>> make(int level) {
        // The library keeps the address of the stream, so the object must not move.
        std::unique_ptr<ZlibCompressor> made(new ZlibCompressor(level));
        const int failure = deflateInit(&made->stream_, level);
        if (failure != Z_OK)
            return Error::make("making a compressor of level %d: %s", level, zError(failure));
        return std::unique_ptr<Compressor>(std::move(made));
    }
    ~ZlibCompressor() override { deflateEnd(&stream_); }
    ZlibCompressor(const ZlibCompressor&) = delete;
    ZlibCompressor& operator=(const ZlibCompressor&) = delete;

    std::optional<size_t> shrink(std::span<const std::byte> page,
                                 std::span<std::byte> out) override {
        deflateReset(&stream_);
        stream_.next_in = raw_input(page);
        stream_.avail_in = static_cast<uInt>(page.size());
        stream_.next_out = raw(out);
        stream_.avail_out = static_cast<uInt>(page.size() - 1);
        if (deflate(&stream_, Z_FINISH) != Z_STREAM_END) return std::nullopt;
        return stream_.total_out;
    }

    Result<std::unique_ptr<Compressor>> clone() const override { return make(level_); }

  private:
    explicit ZlibCompressor(int level) : level_(level) {}

    int level_;
    z_stream stream_{};
};

}  // namespace

Result<std::unique_ptr<Compressor>> make_zlib(const Compressor::Options& options) {
    return ZlibCompressor::make(static_cast<int>(options.level.value_or(Z_BEST_SPEED)));
}

}  // namespace guestdump::dump
