// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/vmcoreinfo_search.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cinttypes>

#include "format/elf.h"
#include "linux/guest_utsname.h"
#include "linux/idt_handler.h"
#include "linux/kernel_address.h"
#include "util/as_text.h"
#include "util/ordered_stages.h"
#include "util/text.h"

namespace guestdump::linux_guest {
namespace {

using util::as_text;

constexpr uint64_t kMostPages = uint64_t{1} << 24;  ///< limit on pages searched
constexpr size_t kMostCandidates = 1024;            ///< limit on pages examined closely
constexpr size_t kMostKernels = 16;
/// Bytes that one job searches: few, so that the search ends soon after a match.
constexpr uint64_t kStretch = uint64_t{4} << 20;
/// Bytes after which a job checks whether the search is to end: pages of a file may have to be
/// decompressed. Also what it reads at once.
constexpr uint64_t kPiece = uint64_t{256} << 10;

constexpr std::string_view kFirstLine = "OSRELEASE=";
constexpr std::string_view kNoteName = "VMCOREINFO";
constexpr size_t kNameAt = sizeof(format::Nhdr);
constexpr size_t kTextInNote = kNameAt + 12;  ///< the name with its NUL, padded
constexpr size_t kHead = kTextInNote + kFirstLine.size();

/// Limit on the text, bytes. Linux has at most one page of text; in a note it continues on the next
/// page, because the header precedes it.
constexpr uint64_t kMostText = uint64_t{64} << 10;
/// The image of an old kernel is searched up to this many bytes after an interrupt handler.
constexpr uint64_t kMostImage = uint64_t{64} << 20;
constexpr uint64_t kImageStep = uint64_t{1} << 20;

/// Offset of the text in a page that begins with @head; empty if there is no text.
std::optional<size_t> text_in(std::string_view head) {
    const auto has = [head](size_t at, std::string_view what) {
        return head.size() >= at && head.substr(at).starts_with(what);
    };
    if (has(0, kFirstLine)) return 0;
    if (has(kNameAt, kNoteName) && has(kTextInNote, kFirstLine)) return kTextInNote;
    return std::nullopt;
}

/// Errors: the search is cancelled, or its time is over.
Result<> check(const SearchScope& scope) {
    TRY(scope.cancellation.check());
    if (scope.deadline && std::chrono::steady_clock::now() >= *scope.deadline)
        return Error::make("the search for VMCOREINFO took too long");
    return {};
}

/// Consecutive pages of one block that may have been written to.
struct PageStretch {
    uint64_t first = 0;   ///< guest-physical, bytes
    uint64_t size = 0;    ///< bytes; the last page may be cut off by the block's end
    bool mapped = false;  ///< in this process, so that reading a few bytes costs no more than that
};

/// Divides memory's pages into stretches, up to the bound.
class StretchCursor {
  public:
    StretchCursor(const SearchScope& scope, uint64_t most_pages)
        : scope_(scope),
          blocks_(scope.memory.blocks().view()),
          page_(scope.arch.page_size),
          most_pages_(most_pages) {}

    /// Returns false at the end. Errors: those of check().
    Result<bool> next(PageStretch& stretch) {
        while (!blocks_.empty() && pages_ < most_pages_) {
            TRY(check(scope_));  // there may be millions of holes
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
            stretch = {from, extent.length, block.region->mapped() != nullptr};
            if (extent.populated) return true;
        }
        return false;
    }

  private:
    const SearchScope& scope_;
    std::span<const guest::GuestPhysBlock> blocks_;
    uint64_t page_;
    uint64_t most_pages_;
    uint64_t at_ = 0;  ///< in the first block, bytes
    uint64_t pages_ = 0;
};

class Search {
  public:
    Search(const SearchScope& scope, uint64_t most_pages)
        : scope_(scope),
          handlers_(idt_handlers(scope.cpus, scope.memory)),
          stretches_(scope, most_pages) {}

    /// Returns all kernels, also those that do not run.
    std::vector<FoundVmcoreinfo> run_for_all() {
        all_ = true;
        (void)scan_pages();
        return std::move(kernels_);
    }

    std::optional<FoundVmcoreinfo> run() {
        const bool other_kernel =
            !handlers_.empty() &&
            std::none_of(handlers_.begin(), handlers_.end(), [this](const IdtHandler& handler) {
                return may_be_linux(handler, scope_.arch);
            });
        if (other_kernel) return std::nullopt;
        if (!scan_pages()) return std::nullopt;
        if (!found_) search_images();
        return std::move(found_);
    }

  private:
    struct Slot {
        PageStretch stretch;
        std::vector<guest::Gpa> candidates;  ///< pages
        std::vector<std::byte> bytes;        ///< of a piece of the stretch
    };

    Result<> scan_pages() {
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
        return util::run_stages(threads, slots_.size(), plan);
    }

    /// At most one thread per stretch.
    unsigned useful_threads() const {
        const uint64_t stretches =
            scope_.memory.blocks().total_bytes() / kStretch + scope_.memory.blocks().view().size();
        return static_cast<unsigned>(std::clamp<uint64_t>(stretches, 1, scope_.threads));
    }

    Result<> find_candidates(Slot& slot) const {
        const PageStretch& stretch = slot.stretch;
        slot.candidates.clear();
        for (uint64_t at = 0; at < stretch.size; at += kPiece) {
            TRY(check(scope_));
            const guest::GpaRange piece{guest::Gpa{stretch.first + at},
                                        std::min(kPiece, stretch.size - at)};
            if (stretch.mapped || !find_in_copy(piece, slot)) find_in_pages(piece, slot);
        }
        return {};
    }

    /// Reads all of @piece at once: for another process's memory a read is a system call or two,
    /// whatever its size. Errors: some byte cannot be read.
    Result<> find_in_copy(const guest::GpaRange& piece, Slot& slot) const {
        slot.bytes.resize(kPiece);
        const std::span<std::byte> bytes = std::span(slot.bytes).first(piece.size);
        TRY(scope_.memory.read_padded(piece.start, bytes));
        for (uint64_t at = 0; at < piece.size; at += scope_.arch.page_size) {
            if (text_in(as_text(bytes.subspan(at))))
                slot.candidates.push_back(guest::Gpa{piece.start.value + at});
        }
        return {};
    }

    /// Reads the head of each page. A page that cannot be read is skipped; the dump of it reports
    /// the error.
    void find_in_pages(const guest::GpaRange& piece, Slot& slot) const {
        std::array<std::byte, kHead> head;
        for (uint64_t at = 0; at < piece.size; at += scope_.arch.page_size) {
            const guest::Gpa page{piece.start.value + at};
            if (!scope_.memory.read_padded(page, head)) continue;
            if (text_in(as_text(head))) slot.candidates.push_back(page);
        }
    }

    Result<> read_candidates(const Slot& slot) {
        for (const guest::Gpa page : slot.candidates) {
            if (found_ || over_) break;
            std::optional<FoundVmcoreinfo> kernel = read_candidate(page);
            if (kernel) keep(*std::move(kernel));
            if (found_ || ++candidates_ == kMostCandidates) over_ = true;
        }
        return {};
    }

    /// Adds @kernel unless it was found before: each kernel's text is in memory twice, alone and in
    /// a note.
    void keep(FoundVmcoreinfo kernel) {
        if (!all_) {
            found_ = std::move(kernel);
            return;
        }
        const bool known =
            std::any_of(kernels_.begin(), kernels_.end(), [&](const FoundVmcoreinfo& earlier) {
                return is_same_kernel(earlier.vmcoreinfo, kernel.vmcoreinfo);
            });
        if (!known) kernels_.push_back(std::move(kernel));
        over_ = kernels_.size() == kMostKernels;
    }

    /// The VMCOREINFO in the page at @page, unless it belongs to another kernel.
    std::optional<FoundVmcoreinfo> read_candidate(guest::Gpa page) const {
        std::array<std::byte, kHead> head;
        if (!scope_.memory.read_padded(page, head)) return std::nullopt;
        const std::optional<size_t> start = text_in(as_text(head));
        if (!start) return std::nullopt;  // a device has written to the page since
        return read_text(guest::Gpa{page.value + *start});
    }

    /// The VMCOREINFO whose text begins at @address, unless it belongs to another kernel.
    std::optional<FoundVmcoreinfo> read_text(guest::Gpa address) const {
        std::string text = text_at(address);
        text.resize(text.rfind('\n') + 1);  // if the page is full, its last line is incomplete
        Vmcoreinfo vmcoreinfo{std::move(text)};
        if (!is_a_kernel(vmcoreinfo)) return std::nullopt;
        const bool runs = is_running(vmcoreinfo);
        if (!runs && !all_) return std::nullopt;
        return FoundVmcoreinfo{address, std::move(vmcoreinfo), runs};
    }

    /// Returns the text from @address to its NUL, or as far as it consists of lines "KEY=VALUE". If
    /// it fills its page, the next page may hold unrelated data.
    std::string text_at(guest::Gpa address) const {
        std::string text;
        while (text.size() < kMostText) {
            const uint64_t at = address.value + text.size();
            std::vector<std::byte> bytes(scope_.arch.page_size - at % scope_.arch.page_size);
            if (!scope_.memory.read_padded(guest::Gpa{at}, bytes)) break;
            const std::string_view page = as_text(bytes);
            const size_t end = page.find('\0');
            const bool belongs = text.empty() || continues(text, page.substr(0, end));
            if (!belongs) break;
            text += page.substr(0, end);
            if (end != page.npos) break;
        }
        return text;
    }

    /// True if @more continues the lines of @text.
    static bool continues(const std::string& text, std::string_view more) {
        std::string lines = text.substr(text.rfind('\n') + 1) + std::string(more);
        std::string_view rest = lines;
        while (!rest.empty()) {
            const std::string_view line = rest.substr(0, rest.find('\n'));
            const bool whole = line.size() < rest.size();
            if (whole && line.find('=') == line.npos) return false;
            rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        }
        return !more.empty();
    }

    /// Searches the image of each different handler; usually all vCPUs have the same one.
    void search_images() {
        for (size_t i = 0; i < handlers_.size() && !found_; ++i) {
            const IdtHandler& handler = handlers_[i];
            const bool seen = std::any_of(
                handlers_.begin(), handlers_.begin() + static_cast<ptrdiff_t>(i),
                [&](const IdtHandler& earlier) { return earlier.virt == handler.virt; });
            if (seen || !may_be_linux(handler, scope_.arch)) continue;
            if (!search_image(handler)) return;
        }
    }

    /// Searches the image of the kernel that @handler belongs to. Linux before 4.13 keeps the text
    /// in an array of the image, at any address. [linux kernel/crash_core.c] Returns false if the
    /// search is to end.
    bool search_image(const IdtHandler& handler) {
        std::vector<std::byte> bytes(kImageStep + kFirstLine.size());
        for (uint64_t done = 0; done < kMostImage; done += kImageStep) {
            if (!check(scope_)) return false;
            const uint64_t from = handler.phys.value + done;
            if (!scope_.memory.read_padded(guest::Gpa{from}, bytes)) continue;
            const std::string_view text = as_text(bytes);
            for (size_t at = text.find(kFirstLine); at < kImageStep;
                 at = text.find(kFirstLine, at + 1)) {
                found_ = read_text(guest::Gpa{from + at});
                if (found_) return true;
                if (++candidates_ >= kMostCandidates) return false;
            }
        }
        return true;
    }

    guest::ArchDumpInfo arch_of(const Vmcoreinfo& vmcoreinfo) const {
        guest::ArchDumpInfo arch = scope_.arch;
        arch.phys_base = phys_base_of(vmcoreinfo, handlers_, arch).value_or(guest::Gpa{});
        return arch;
    }

    bool is_a_kernel(const Vmcoreinfo& vmcoreinfo) const {
        const std::string& text = vmcoreinfo.text();
        const bool is_text = std::all_of(
            text.begin(), text.end(), [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); });
        if (!is_text || vmcoreinfo.value("PAGESIZE") != std::to_string(scope_.arch.page_size)) {
            return false;
        }
        // guest_utsname() sets the version only if the release in memory is that of VMCOREINFO.
        return !guest_utsname(vmcoreinfo, arch_of(vmcoreinfo), scope_.memory).version.empty();
    }

    bool is_running(const Vmcoreinfo& vmcoreinfo) const {
        const guest::ArchDumpInfo arch = arch_of(vmcoreinfo);
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
    bool all_ = false;  ///< collect @kernels_ instead of the first one that runs
    std::vector<FoundVmcoreinfo> kernels_;
    size_t candidates_ = 0;
    std::atomic<bool> over_{false};  ///< the search ends: found, or limit reached
};

}  // namespace

std::optional<FoundVmcoreinfo> find_vmcoreinfo(const SearchScope& scope) {
    const bool no_kernel = !scope.cpus.empty() &&
                           std::all_of(scope.cpus.begin(), scope.cpus.end(),
                                       [](const guest::Cpu& cpu) { return cpu.paging_is_off(); });
    if (no_kernel || !scope.arch.is_x86()) return std::nullopt;
    return Search(scope, kMostPages).run();
}

std::vector<FoundVmcoreinfo> find_kernels(const SearchScope& scope, uint64_t most_pages) {
    if (!scope.arch.is_x86()) return {};
    return Search(scope, most_pages).run_for_all();
}

bool is_same_kernel(const Vmcoreinfo& one, const Vmcoreinfo& other) {
    return one.value("OSRELEASE") == other.value("OSRELEASE") &&
           one.symbol("init_uts_ns") == other.symbol("init_uts_ns") &&
           one.number("phys_base") == other.number("phys_base");
}

std::optional<std::string> contradiction(const Vmcoreinfo& vmcoreinfo, const SearchScope& scope) {
    if (!scope.arch.is_x86()) return std::nullopt;
    const auto phys_base = vmcoreinfo.number("phys_base");
    const auto names = vmcoreinfo.symbol("init_uts_ns");
    const auto release = vmcoreinfo.value("OSRELEASE");
    if (!names || !release || !vmcoreinfo.value("OFFSET(uts_namespace.name)")) return std::nullopt;
    guest::ArchDumpInfo arch = scope.arch;
    if (arch.machine == format::kEmX86_64 && !phys_base) return std::nullopt;
    arch.phys_base = guest::Gpa{phys_base.value_or(0)};
    const auto at = kernel_physical(guest::Gva{*names}, arch);
    // If the dump lacks this memory, nothing can be concluded from it.
    const bool is_known = !at || scope.memory.blocks().find(*at) != nullptr;
    if (is_known && guest_utsname(vmcoreinfo, arch, scope.memory).version.empty()) {
        return util::text("the names at init_uts_ns, 0x%" PRIx64
                          " in memory, are not of release %s",
                          at ? at->value : *names, util::ascii(*release).c_str());
    }
    const std::vector<IdtHandler> handlers = idt_handlers(scope.cpus, scope.memory);
    const bool confirmed =
        handlers.empty() || std::any_of(handlers.begin(), handlers.end(), [&](const auto& handler) {
            return is_of_kernel(handler, vmcoreinfo, arch);
        });
    if (confirmed) return std::nullopt;
    return std::string("the interrupt handlers and page tables of the vCPUs are another kernel's");
}

}  // namespace guestdump::linux_guest
