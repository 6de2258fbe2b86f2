// SPDX-License-Identifier: GPL-2.0-or-later
#include <lzma.h>

#include "vmcore/unpack/unpacker.h"

namespace guestdump::vmcore {
namespace {

/// Limit on the decoder's memory, bytes; `xz -9` needs a quarter of it.
constexpr uint64_t kMostMemory = uint64_t{256} << 20;

class XzUnpacker final : public Unpacker {
  public:
    XzUnpacker() { restart(); }
    ~XzUnpacker() override { ::lzma_end(&stream_); }
    XzUnpacker(const XzUnpacker&) = delete;
    XzUnpacker& operator=(const XzUnpacker&) = delete;

    bool good() const { return good_; }

    std::optional<Step> step(std::span<const std::byte> in, std::span<std::byte> out) override {
        stream_.next_in = reinterpret_cast<const uint8_t*>(in.data());
        stream_.avail_in = in.size();
        stream_.next_out = reinterpret_cast<uint8_t*>(out.data());
        stream_.avail_out = out.size();
        const lzma_ret status = ::lzma_code(&stream_, LZMA_RUN);
        if (status != LZMA_OK && status != LZMA_STREAM_END && status != LZMA_BUF_ERROR)
            return std::nullopt;
        return Step{.taken = in.size() - stream_.avail_in,
                    .given = out.size() - stream_.avail_out,
                    .ended = status == LZMA_STREAM_END};
    }

    bool restart() override {
        good_ = ::lzma_stream_decoder(&stream_, kMostMemory, 0) == LZMA_OK;
        return good_;
    }

  private:
    lzma_stream stream_ = LZMA_STREAM_INIT;
    bool good_ = false;
};

}  // namespace

std::unique_ptr<Unpacker> make_xz_unpacker() {
    auto unpacker = std::make_unique<XzUnpacker>();
    if (!unpacker->good()) return nullptr;
    return unpacker;
}

}  // namespace guestdump::vmcore
