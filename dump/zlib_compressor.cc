// SPDX-License-Identifier: GPL-2.0-or-later
#include <cassert>

#include <zlib.h>

#include "dump/compressors.h"

namespace dump {
namespace {

/// What a build without the faster libraries has.
class ZlibCompressor final : public Compressor {
  public:
    explicit ZlibCompressor(int level) : level_(level) {
        const int failure = deflateInit(&stream_, level);
        assert(failure == Z_OK);
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

    std::unique_ptr<Compressor> clone() const override {
        return std::make_unique<ZlibCompressor>(level_);
    }

  private:
    int level_;
    z_stream stream_{};
};

}  // namespace

std::unique_ptr<Compressor> make_zlib(const Compressor::Options& options) {
    return std::make_unique<ZlibCompressor>(static_cast<int>(options.level.value_or(Z_BEST_SPEED)));
}

}  // namespace dump
