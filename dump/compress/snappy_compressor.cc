// SPDX-License-Identifier: GPL-2.0-or-later
#include <snappy-c.h>

#include "dump/compress/compressors.h"

namespace guestdump::dump {
namespace {

class SnappyCompressor final : public Compressor {
  public:
    std::optional<size_t> shrink(std::span<const std::byte> page,
                                 std::span<std::byte> out) override {
        size_t size = out.size();
        const snappy_status status =
            snappy_compress(reinterpret_cast<const char*>(page.data()), page.size(),
                            reinterpret_cast<char*>(out.data()), &size);
        if (status != SNAPPY_OK || size >= page.size()) return std::nullopt;
        return size;
    }

    Result<std::unique_ptr<Compressor>> clone() const override { return make_snappy({}); }
};

}  // namespace

Result<std::unique_ptr<Compressor>> make_snappy(const Compressor::Options&) {
    return std::unique_ptr<Compressor>(std::make_unique<SnappyCompressor>());
}

}  // namespace guestdump::dump
