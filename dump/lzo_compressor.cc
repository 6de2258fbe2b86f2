// SPDX-License-Identifier: GPL-2.0-or-later
#include <vector>

#include <lzo/lzo1x.h>

#include "dump/compressors.h"

namespace dump {
namespace {

/// The variant with a hash table of 4096 entries: one for each byte of a page is plenty, it stays
/// in the fastest cache, and the stream is the same to readers.
class LzoCompressor final : public Compressor {
  public:
    std::optional<size_t> shrink(std::span<const std::byte> page,
                                 std::span<std::byte> out) override {
        lzo_uint size = out.size();
        lzo1x_1_12_compress(raw(page), page.size(), raw(out), &size, work_.data());
        return size < page.size() ? std::optional<size_t>(size) : std::nullopt;
    }

    Result<std::unique_ptr<Compressor>> clone() const override { return make_lzo({}); }

  private:
    std::vector<uint8_t> work_ = std::vector<uint8_t>(LZO1X_1_12_MEM_COMPRESS);
};

}  // namespace

Result<std::unique_ptr<Compressor>> make_lzo(const Compressor::Options&) {
    return std::unique_ptr<Compressor>(std::make_unique<LzoCompressor>());
}

}  // namespace dump
