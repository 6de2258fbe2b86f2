// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/vmcore/small_split.h"

namespace guestdump::vmcore {
namespace {

constexpr uint64_t kPageBytes = 4096;

}  // namespace

Bytes split_part(const SmallKdump& kdump, uint64_t start, uint64_t end, bool roomy) {
    const bool wide = kdump.bits == 64;
    constexpr uint64_t kSub = SmallKdump::kSub;
    SmallKdump own = kdump;
    std::erase_if(own.pages, [&](const SmallPage& p) { return p.pfn < start || p.pfn >= end; });
    Bytes file = kdump.file();
    file.resize(SmallKdump::kDescriptors);
    support::put_le32(file, kSub + (wide ? 12 : 8), 1);  // split
    support::put_le64(file, kSub + (wide ? 80 : 56), start);
    support::put_le64(file, kSub + (wide ? 88 : 64), end);
    const uint64_t zero_page = roomy ? kdump.data() : own.data();
    file.resize(zero_page + kPageBytes);
    for (size_t i = 0; i < own.pages.size(); ++i) {
        const SmallPage& page = own.pages[i];
        const uint64_t at = SmallKdump::kDescriptors + 24 * i;
        const bool zero = page.contents.empty();
        const Bytes stored = zero ? Bytes(kPageBytes) : compressed(page.flags, page.contents);
        support::put_le64(file, at, zero ? zero_page : file.size());
        support::put_le32(file, at + 8, static_cast<uint32_t>(stored.size()));
        support::put_le32(file, at + 12, page.flags);
        if (!zero) support::put_bytes(file, file.size(), stored);
    }
    return file;
}

}  // namespace guestdump::vmcore
