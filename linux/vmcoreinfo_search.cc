// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/vmcoreinfo_search.h"

#include <algorithm>
#include <array>
#include <atomic>

#include "linux/guest_utsname.h"
#include "linux/idt_handler.h"
#include "util/as_text.h"
#include "util/ordered_stages.h"

namespace guestdump::linux_guest {
namespace {

using util::as_text;

constexpr uint64_t kMostPages = uint64_t{1} << 24;  ///< that are looked at
constexpr size_t kMostCandidates = 1024;            ///< that are looked at closely
/// What one job looks at: small enough that the search ends soon after what it finds.
constexpr uint64_t kStretch = uint64_t{4} << 20;
/// How often a stretch asks whether the search is still wanted, bytes: pages of a file may have to
/// be decompressed.
constexpr uint64_t kCheckEvery = uint64_t{256} << 10;

constexpr std::string_view kFirstLine = "OSRELEASE=";
constexpr std::string_view kNoteName = "VMCOREINFO";
constexpr size_t kNameAt = sizeof(format::Nhdr);
constexpr size_t kTextInNote = kNameAt + 12;  ///< the name with its NUL, padded
constexpr size_t kHead = kTextInNote + kFirstLine.size();

/// Where the text begins in a page that begins with @head; empty where there is none.
std::optional<size_t> text_in(std::string_view head) {
    const auto has = [head](size_t at, std::string_view what) {
        return head.size() >= at && head.substr(at).starts_with(what);
    };
    if (has(0, kFirstLine)) return 0;
    if (has(kNameAt, kNoteName) && has(kTextInNote, kFirstLine)) return kTextInNote;
    return std::nullopt;
}

/// Consecutive pages of one block that may have been written to.
struct PageStretch {
    uint64_t first = 0;  ///< guest-physical, bytes
    uint64_t size = 0;   ///< bytes; the last page may be cut off by the block's end
};

/// Hands out memory's pages stretch by stretch, up to the bound.
class StretchCursor {
  public:
    explicit StretchCursor(const SearchScope& scope)
        : scope_(scope), blocks_(scope.memory.blocks().view()), page_(scope.arch.page_size) {}

    /// False at the end. Errors: cancellation.
    Result<bool> next(PageStretch& stretch) {
        while (!blocks_.empty() && pages_ < kMostPages) {
            TRY(scope_.cancellation.check());  // there may be millions of holes
            const guest::GuestPhysBlock& block = blocks_.front();
            const uint64_t start = block.range.start.value + at_;
            at_ += (page_ - start % page_) % page_;  // to the next page
            if (at_ >= block.range.size) {
                blocks_ = blocks_.subspan(1);
                at_ = 0;
                continue;
            }
            const uint64_t from = block.range.start.value + at_;
            const uint64_t limit = std::min(block.range.size - at_, kStretch);
            const guest::RamExtent extent = scope_.memory.extent(guest::Gpa{from}, limit);
            at_ += extent.length;
            pages_ += extent.populated ? (extent.length + page_ - 1) / page_ : 1;
            stretch = {from, extent.length};
            if (extent.populated) return true;
        }
        return false;
    }

  private:
    const SearchScope& scope_;
    std::span<const guest::GuestPhysBlock> blocks_;
    uint64_t page_;
    uint64_t at_ = 0;  ///< in the first block, bytes
    uint64_t pages_ = 0;
};

class Search {
  public:
    explicit Search(const SearchScope& scope)
        : scope_(scope), handlers_(idt_handlers(scope.cpus, scope.memory)), stretches_(scope) {}

    std::optional<FoundVmcoreinfo> run() {
        const bool other_kernel =
            !handlers_.empty() &&
            std::none_of(handlers_.begin(), handlers_.end(), [this](const IdtHandler& handler) {
                return may_be_linux(handler, scope_.arch);
            });
        if (other_kernel) return std::nullopt;
        const unsigned threads = useful_threads();
        slots_.resize(size_t{threads} * 2);
        const util::StagePlan plan{
            .begin_job = [this](size_t slot) -> Result<bool> {
                if (over_) return false;
                return stretches_.next(slots_[slot].stretch);
            },
            .stages = {{util::Stage::Order::parallel,
                        [this](size_t slot) { return find_candidates(slots_[slot]); }},
                       {util::Stage::Order::in_order,
                        [this](size_t slot) { return read_candidates(slots_[slot]); }}},
        };
        if (!util::run_stages(threads, slots_.size(), plan)) return std::nullopt;
        return std::move(found_);
    }

  private:
    struct Slot {
        PageStretch stretch;
        std::vector<guest::Gpa> candidates;  ///< pages
    };

    /// No more threads than there are stretches to look at.
    unsigned useful_threads() const {
        const uint64_t stretches =
            scope_.memory.blocks().total_bytes() / kStretch + scope_.memory.blocks().view().size();
        return static_cast<unsigned>(std::clamp<uint64_t>(stretches, 1, scope_.threads));
    }

    Result<> find_candidates(Slot& slot) const {
        std::array<std::byte, kHead> head;
        const PageStretch& stretch = slot.stretch;
        slot.candidates.clear();
        for (uint64_t at = 0; at < stretch.size; at += scope_.arch.page_size) {
            if (at % kCheckEvery == 0) TRY(scope_.cancellation.check());
            const guest::Gpa page{stretch.first + at};
            // A page that cannot be read is not found; the dump of it reports the error.
            if (!scope_.memory.read_padded(page, head)) continue;
            if (text_in(as_text(head))) slot.candidates.push_back(page);
        }
        return {};
    }

    Result<> read_candidates(const Slot& slot) {
        for (const guest::Gpa page : slot.candidates) {
            if (found_ || over_) break;
            found_ = read_candidate(page);
            over_ = found_ || ++candidates_ == kMostCandidates;
        }
        return {};
    }

    /// VMCOREINFO in the page at @page, unless it is not that of the guest's kernel.
    std::optional<FoundVmcoreinfo> read_candidate(guest::Gpa page) const {
        std::vector<std::byte> bytes(scope_.arch.page_size);
        if (!scope_.memory.read_padded(page, bytes)) return std::nullopt;
        std::string_view text = as_text(bytes);
        const std::optional<size_t> start = text_in(text);
        if (!start) return std::nullopt;  // a device wrote there meanwhile
        text = text.substr(*start);
        text = text.substr(0, text.find('\0'));
        text =
            text.substr(0, text.rfind('\n') + 1);  // where the page was full, half a line is left
        Vmcoreinfo vmcoreinfo{std::string(text)};
        if (!is_of_this_guest(vmcoreinfo)) return std::nullopt;
        return FoundVmcoreinfo{guest::Gpa{page.value + *start}, std::move(vmcoreinfo)};
    }

    bool is_of_this_guest(const Vmcoreinfo& vmcoreinfo) const {
        const std::string& text = vmcoreinfo.text();
        const bool is_text = std::all_of(
            text.begin(), text.end(), [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); });
        if (!is_text || vmcoreinfo.value("PAGESIZE") != std::to_string(scope_.arch.page_size)) {
            return false;
        }
        guest::ArchDumpInfo arch = scope_.arch;
        arch.phys_base = guest::Gpa{vmcoreinfo.number("phys_base").value_or(0)};
        // The version is read from memory, and only where the release there is the same.
        if (guest_utsname(vmcoreinfo, arch, scope_.memory).version.empty()) return false;
        return handlers_.empty() ||
               std::any_of(handlers_.begin(), handlers_.end(), [&](const IdtHandler& handler) {
                   return is_of_kernel(handler, vmcoreinfo, arch);
               });
    }

    const SearchScope& scope_;
    const std::vector<IdtHandler> handlers_;
    StretchCursor stretches_;
    std::vector<Slot> slots_;
    std::optional<FoundVmcoreinfo> found_;
    size_t candidates_ = 0;
    std::atomic<bool> over_{false};  ///< found, or given up
};

}  // namespace

std::optional<FoundVmcoreinfo> find_vmcoreinfo(const SearchScope& scope) {
    const bool no_kernel = !scope.cpus.empty() &&
                           std::all_of(scope.cpus.begin(), scope.cpus.end(),
                                       [](const guest::Cpu& cpu) { return cpu.paging_is_off(); });
    if (no_kernel) return std::nullopt;
    return Search(scope).run();
}

}  // namespace guestdump::linux_guest
