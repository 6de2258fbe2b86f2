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
constexpr uint64_t kPiece = uint64_t{4} << 20;

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
struct Piece {
    const guest::GuestPhysBlock* block = nullptr;
    uint64_t first = 0, end = 0;  ///< from the block's start, bytes

    guest::Gpa gpa(uint64_t at) const { return guest::Gpa{block->range.start.value + at}; }
};

/// Hands out memory's pages piece by piece, up to the bound.
class Pieces {
  public:
    Pieces(std::span<const guest::GuestPhysBlock> blocks, uint64_t page)
        : blocks_(blocks), page_(page) {}

    /// False at the end.
    bool next(Piece& piece) {
        while (!blocks_.empty() && pages_ < kMostPages) {
            const guest::GuestPhysBlock& block = blocks_.front();
            const uint64_t start = block.range.start.value + at_;
            at_ += (page_ - start % page_) % page_;  // to the next page
            if (at_ >= block.range.size) {
                blocks_ = blocks_.subspan(1);
                at_ = 0;
                continue;
            }
            const guest::RamExtent extent = block.region->extent(
                block.offset + at_, block.offset + std::min(block.range.size, at_ + kPiece));
            piece = {&block, at_, at_ + extent.length};
            at_ = piece.end;
            pages_ += extent.populated ? (extent.length + page_ - 1) / page_ : 1;
            if (extent.populated) return true;
        }
        return false;
    }

  private:
    std::span<const guest::GuestPhysBlock> blocks_;
    uint64_t page_;
    uint64_t at_ = 0;  ///< in the first block, bytes
    uint64_t pages_ = 0;
};

class Search {
  public:
    Search(const guest::GuestPhysBlockList& memory, const guest::ArchDumpInfo& arch,
           const std::vector<const guest::Cpu*>& cpus)
        : memory_(memory),
          arch_(arch),
          handlers_(idt_handlers(cpus, memory)),
          pieces_(memory.view(), arch.page_size) {}

    std::optional<FoundVmcoreinfo> run(unsigned threads) {
        const bool other_kernel =
            !handlers_.empty() &&
            std::none_of(handlers_.begin(), handlers_.end(), [this](const IdtHandler& handler) {
                return may_be_linux(handler, arch_);
            });
        if (other_kernel) return std::nullopt;
        slots_.resize(size_t{threads} * 2);
        const util::StagePlan plan{
            .begin_job = [this](size_t slot) -> Result<bool> {
                return !over_ && pieces_.next(slots_[slot].piece);
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
        Piece piece;
        std::vector<uint64_t> candidates;  ///< pages, from the block's start, bytes
    };

    Result<> find_candidates(Slot& slot) const {
        std::array<std::byte, kHead> head;
        const guest::GuestPhysBlock& block = *slot.piece.block;
        slot.candidates.clear();
        for (uint64_t at = slot.piece.first; at < slot.piece.end; at += arch_.page_size) {
            const auto part = std::span(head).first(std::min(kHead, block.range.size - at));
            // A page that cannot be read is not found; whoever dumps it tells so.
            if (!block.region->read(block.offset + at, part)) continue;
            if (text_in(as_text(part))) slot.candidates.push_back(at);
        }
        return {};
    }

    Result<> read_candidates(const Slot& slot) {
        for (const uint64_t at : slot.candidates) {
            if (found_ || over_) break;
            found_ = read_candidate(slot.piece.gpa(at));
            over_ = found_ || ++candidates_ == kMostCandidates;
        }
        return {};
    }

    /// VMCOREINFO in the page at @page, unless it is not that of the guest's kernel.
    std::optional<FoundVmcoreinfo> read_candidate(guest::Gpa page) const {
        std::vector<std::byte> bytes(arch_.page_size);
        if (!memory_.read_padded(page, bytes)) return std::nullopt;
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
        if (!is_text || vmcoreinfo.value("PAGESIZE") != std::to_string(arch_.page_size)) {
            return false;
        }
        guest::ArchDumpInfo arch = arch_;
        arch.phys_base = guest::Gpa{vmcoreinfo.number("phys_base").value_or(0)};
        // The version is read from memory, and only where the release there is the same.
        if (guest_utsname(vmcoreinfo, arch, memory_).version.empty()) return false;
        return handlers_.empty() ||
               std::any_of(handlers_.begin(), handlers_.end(), [&](const IdtHandler& handler) {
                   return is_of_kernel(handler, vmcoreinfo, arch);
               });
    }

    const guest::GuestPhysBlockList& memory_;
    const guest::ArchDumpInfo& arch_;
    const std::vector<IdtHandler> handlers_;
    Pieces pieces_;
    std::vector<Slot> slots_;
    std::optional<FoundVmcoreinfo> found_;
    size_t candidates_ = 0;
    std::atomic<bool> over_{false};  ///< found, or given up
};

}  // namespace

std::optional<FoundVmcoreinfo> find_vmcoreinfo(const guest::GuestPhysBlockList& memory,
                                               const guest::ArchDumpInfo& arch,
                                               const std::vector<const guest::Cpu*>& cpus,
                                               unsigned threads) {
    const bool no_kernel =
        !cpus.empty() && std::all_of(cpus.begin(), cpus.end(),
                                     [](const guest::Cpu* cpu) { return cpu->paging_is_off(); });
    if (no_kernel) return std::nullopt;
    return Search(memory, arch, cpus).run(threads);
}

}  // namespace guestdump::linux_guest
