// SPDX-License-Identifier: GPL-2.0-or-later
#include <zstd.h>

#include "vmcore/expand/expander.h"

namespace guestdump::vmcore {
namespace {

class ZstdExpander final : public Expander {
  public:
    bool expand(std::span<const std::byte> stored, std::span<std::byte> page) override {
        if (!context_) return false;
        const size_t length = ZSTD_decompressDCtx(context_.get(), page.data(), page.size(),
                                                  stored.data(), stored.size());
        return !ZSTD_isError(length) && length == page.size();
    }

  private:
    struct Free {
        void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    };
    std::unique_ptr<ZSTD_DCtx, Free> context_{ZSTD_createDCtx()};
};

}  // namespace

std::unique_ptr<Expander> make_zstd_expander() {
    return std::make_unique<ZstdExpander>();
}

}  // namespace guestdump::vmcore
