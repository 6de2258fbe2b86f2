// SPDX-License-Identifier: GPL-2.0-or-later
#include <zstd.h>

#include "vmcore/unpack/unpacker.h"

namespace guestdump::vmcore {
namespace {

class ZstdUnpacker final : public Unpacker {
  public:
    bool good() const { return context_ != nullptr; }

    std::optional<Step> step(std::span<const std::byte> in, std::span<std::byte> out) override {
        ZSTD_inBuffer from{in.data(), in.size(), 0};
        ZSTD_outBuffer to{out.data(), out.size(), 0};
        const size_t left = ZSTD_decompressStream(context_.get(), &to, &from);
        if (ZSTD_isError(left)) return std::nullopt;
        return Step{.taken = from.pos, .given = to.pos, .ended = left == 0};
    }

    bool restart() override {
        return !ZSTD_isError(ZSTD_DCtx_reset(context_.get(), ZSTD_reset_session_only));
    }

  private:
    struct Free {
        void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
    };
    std::unique_ptr<ZSTD_DCtx, Free> context_{ZSTD_createDCtx()};
};

}  // namespace

std::unique_ptr<Unpacker> make_zstd_unpacker() {
    auto unpacker = std::make_unique<ZstdUnpacker>();
    if (!unpacker->good()) return nullptr;
    return unpacker;
}

}  // namespace guestdump::vmcore
