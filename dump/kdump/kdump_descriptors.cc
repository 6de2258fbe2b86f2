// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/kdump_descriptors.h"

#include <algorithm>
#include <bit>
#include <span>

namespace guestdump::dump {
namespace {

constexpr size_t kAtOnce = size_t{1} << 16;

}  // namespace

util::Result<KdumpDescriptors> KdumpDescriptors::make(Sink& sink, const KdumpLayout& layout,
                                                      uint32_t flag) {
    Gathered gathered = TRY(Gathered::make(kAtOnce));
    return KdumpDescriptors(sink, layout, flag, std::move(gathered));
}

util::Result<> KdumpDescriptors::append(StoredPage page, uint64_t count) {
    format::PageDesc descriptor{};
    descriptor.offset = page.offset;
    descriptor.size = page.size;
    descriptor.flags = page.size < page_size_ ? flag_ : format::kPageRaw;
    if (order_ == std::endian::big)
        descriptor = std::bit_cast<format::PageDesc>(descriptor.to<std::endian::big>());
    while (count > 0) {
        const uint64_t now = std::min<uint64_t>(count, gathered_.size() - count_);
        std::fill_n(gathered_.begin() + count_, now, descriptor);
        count_ += now;
        count -= now;
        if (count_ == gathered_.size()) TRY(flush());
    }
    return {};
}

util::Result<> KdumpDescriptors::flush() {
    const auto bytes = std::as_bytes(std::span(gathered_).first(count_));
    if (bytes.empty()) return {};
    TRY(sink_.write_at(offset_, bytes));
    offset_ += bytes.size();
    count_ = 0;
    return {};
}

}  // namespace guestdump::dump
