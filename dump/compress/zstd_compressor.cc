// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>

#include <zstd.h>

#include "dump/compress/compressors.h"

namespace guestdump::dump {
namespace {

/// Default level. On pages of 4 KiB, level 1 is 4 % faster but 0.4 % larger; level 3 takes a fourth
/// longer for 0.4 % less. Levels below 0 and literals without codes are faster, but then ISA-L's
/// zlib streams are both smaller and faster still (tests/bench/compressor_bench.cc).
constexpr int64_t kDefaultLevel = 2;

/// One context for all pages, because creating one takes longer than compressing a page.
class ZstdCompressor final : public Compressor {
  public:
    static Result<std::unique_ptr<Compressor>> make(int level) {
        Context context(ZSTD_createCCtx());
        if (!context)
            return Error::from_errno(ENOMEM, "allocating a compressor of level %d", level);
        return std::unique_ptr<Compressor>(new ZstdCompressor(level, std::move(context)));
    }

    std::optional<size_t> shrink(std::span<const std::byte> page,
                                 std::span<std::byte> out) override {
        const size_t size = ZSTD_compressCCtx(context_.get(), out.data(), page.size() - 1,
                                              page.data(), page.size(), level_);
        if (ZSTD_isError(size)) return std::nullopt;
        return size;
    }

    Result<std::unique_ptr<Compressor>> clone() const override { return make(level_); }

  private:
    struct Free {
        void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    };
    using Context = std::unique_ptr<ZSTD_CCtx, Free>;

    ZstdCompressor(int level, Context context) : level_(level), context_(std::move(context)) {}

    int level_;
    Context context_;
};

}  // namespace

Result<std::unique_ptr<Compressor>> make_zstd(const Compressor::Options& options) {
    return ZstdCompressor::make(static_cast<int>(options.level.value_or(kDefaultLevel)));
}

}  // namespace guestdump::dump
