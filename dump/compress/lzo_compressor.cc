// SPDX-License-Identifier: GPL-2.0-or-later
#include <memory>
#include <utility>

#include <lzo/lzo1x.h>

#include "dump/compress/compressors.h"
#include "util/mapped_array.h"

namespace guestdump::dump {
namespace {

/// Uses the variant with a hash table of 4096 entries. One entry for each byte of a page is plenty,
/// the table stays in the fastest cache, and the stream is the same to readers.
class LzoCompressor final : public Compressor {
  public:
    static Result<std::unique_ptr<Compressor>> make() {
        auto table = TRY(Table::make(LZO1X_1_12_MEM_COMPRESS));
        return std::unique_ptr<Compressor>(new LzoCompressor(std::move(table)));
    }

    std::optional<size_t> shrink(std::span<const std::byte> page,
                                 std::span<std::byte> out) override {
        lzo_uint size = out.size();
        lzo1x_1_12_compress(raw(page), page.size(), raw(out), &size, table_.data());
        return size < page.size() ? std::optional<size_t>(size) : std::nullopt;
    }

    Result<std::unique_ptr<Compressor>> clone() const override { return make(); }

  private:
    using Table = util::MappedArray<uint8_t>;

    explicit LzoCompressor(Table table) : table_(std::move(table)) {}

    Table table_;
};

}  // namespace

Result<std::unique_ptr<Compressor>> make_lzo(const Compressor::Options&) {
    return LzoCompressor::make();
}

}  // namespace guestdump::dump
