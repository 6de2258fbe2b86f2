// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump_descriptors.h"

#include <algorithm>
#include <span>

namespace dump {
namespace {

constexpr size_t kAtOnce = size_t{1} << 16;

}  // namespace

KdumpDescriptors::KdumpDescriptors(Sink& sink, uint64_t offset, uint32_t page_size, uint32_t flag)
    : sink_(sink), offset_(offset), page_size_(page_size), flag_(flag) {
    gathered_.reserve(kAtOnce);
}

util::Result<> KdumpDescriptors::append(StoredPage page, uint64_t count) {
    format::PageDesc descriptor{};
    descriptor.offset = page.offset;
    descriptor.size = page.size;
    descriptor.flags = page.size < page_size_ ? flag_ : format::kPageRaw;
    while (count > 0) {
        const uint64_t now = std::min<uint64_t>(count, kAtOnce - gathered_.size());
        gathered_.insert(gathered_.end(), now, descriptor);
        count -= now;
        if (gathered_.size() == kAtOnce) TRY(flush());
    }
    return {};
}

util::Result<> KdumpDescriptors::flush() {
    const auto bytes = std::as_bytes(std::span(gathered_));
    if (bytes.empty()) return {};
    TRY(sink_.write_at(offset_, bytes));
    offset_ += bytes.size();
    gathered_.clear();
    return {};
}

}  // namespace dump
