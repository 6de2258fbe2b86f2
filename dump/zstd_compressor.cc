// SPDX-License-Identifier: GPL-2.0-or-later
#include <cassert>

#include <zstd.h>

#include "dump/compressors.h"

namespace dump {
namespace {

/// One context for all pages, because making one costs more than a page does.
class ZstdCompressor final : public Compressor {
  public:
    explicit ZstdCompressor(int level) : level_(level), context_(ZSTD_createCCtx()) {
        assert(context_ != nullptr);
    }
    ~ZstdCompressor() override { ZSTD_freeCCtx(context_); }
    ZstdCompressor(const ZstdCompressor&) = delete;
    ZstdCompressor& operator=(const ZstdCompressor&) = delete;

    std::optional<size_t> shrink(std::span<const std::byte> page,
                                 std::span<std::byte> out) override {
        const size_t size = ZSTD_compressCCtx(context_, out.data(), page.size() - 1, page.data(),
                                              page.size(), level_);
        if (ZSTD_isError(size)) return std::nullopt;
        return size;
    }

    std::unique_ptr<Compressor> twin() const override {
        return std::make_unique<ZstdCompressor>(level_);
    }

  private:
    int level_;
    ZSTD_CCtx* context_;
};

}  // namespace

std::unique_ptr<Compressor> make_zstd(const Compressor::Options& options) {
    return std::make_unique<ZstdCompressor>(static_cast<int>(options.level.value_or(1)));
}

}  // namespace dump
