// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/unreadable.h"

#include <algorithm>

#include "guest/page_source.h"
#include "vmcore/inspect/findings.h"
#include "vmcore/inspect/memory_scan.h"

namespace guestdump::vmcore {
namespace {

using guest::Gpa;
using guest::GpaRange;

/// The bad pages of one slot of the scan.
class PageCheck {
  public:
    /// @page_size: of the guest, bytes.
    explicit PageCheck(uint64_t page_size) : page_size_(page_size) {}

    void read(const guest::GuestPhysBlockList& blocks, GpaRange piece, Findings& found) {
        buffer_.resize(kScanPiece);
        if (blocks.read(piece.start, std::span(buffer_).first(piece.size))) return;
        for (uint64_t at = 0; at < piece.size;) {
            const uint64_t from = piece.start.value + at;
            const uint64_t size = std::min(piece.size - at, page_size_ - from % page_size_);
            const auto read = blocks.read(Gpa{from}, std::span(buffer_).first(size));
            if (!read) add({Gpa{from}, size}, read.error(), found);
            at += size;
        }
    }

    const std::vector<GpaRange>& bad() const { return bad_; }

  private:
    void add(GpaRange page, const Error& error, Findings& found) {
        found.add(page.start.value, error.message());
        bad_.push_back(page);
    }

    uint64_t page_size_;
    std::vector<std::byte> buffer_;
    std::vector<GpaRange> bad_;
};

}  // namespace

Result<Unreadable> find_unreadable(const Vmcore& vmcore, unsigned threads,
                                   dump::Progress* progress) {
    const guest::GuestPhysBlockList blocks = vmcore.blocks();
    const guest::RamSource pages(blocks);
    std::vector<PageCheck> checks(size_t{threads} * 2, PageCheck(vmcore.contents().page_size));
    Findings found;
    const auto extent_of = [&](Gpa from, uint64_t limit) { return pages.extent(from, limit); };
    TRY(scan(ranges_of(blocks), extent_of, threads, progress,
             [&](size_t slot, GpaRange piece) -> Result<> {
                 checks[slot].read(blocks, piece, found);
                 return {};
             }));
    Unreadable result{.ranges = {}, .pages = found.count(), .texts = found.texts()};
    std::vector<GpaRange> all;
    for (const PageCheck& check : checks)
        all.insert(all.end(), check.bad().begin(), check.bad().end());
    result.ranges = joined(std::move(all));
    return result;
}

}  // namespace guestdump::vmcore
