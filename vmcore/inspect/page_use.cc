// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/page_use.h"

#include "linux/vmcoreinfo_search.h"
#include "util/as_text.h"

namespace guestdump::vmcore {
namespace {

/// VMCOREINFO of the file's note, if it is one.
std::optional<linux_guest::Vmcoreinfo> of_note(const Vmcore& vmcore) {
    const auto note = vmcore.guest_note();
    if (!note) return std::nullopt;
    const auto view = linux_guest::parse_note(*note);
    if (!view || view->name != "VMCOREINFO") return std::nullopt;
    return linux_guest::Vmcoreinfo(std::string(util::as_text(view->descriptor)));
}

linux_guest::PageFilterReport not_filtered(const char* reason) {
    linux_guest::PageFilterReport report;
    report.reason = reason;
    return report;
}

}  // namespace

Result<linux_guest::PageFilterReport> page_use(const Vmcore& vmcore,
                                               const linux_guest::Exclusion& exclusion,
                                               guest::PageSet& pages, unsigned threads) {
    if (!vmcore.contents().machine.is_x86())
        return not_filtered("only the kernels of x86 can be read");
    const util::Cancellation never;
    const auto memory = vmcore.page_source();
    const guest::ArchDumpInfo arch = TRY(vmcore.arch_info(memory->blocks()));
    const std::vector<guest::Cpu> cpus = vmcore.cpus();
    auto vmcoreinfo = of_note(vmcore);
    std::optional<guest::Gpa> at;
    if (!vmcoreinfo) {
        const auto found = linux_guest::find_vmcoreinfo({.memory = *memory,
                                                         .arch = arch,
                                                         .cpus = cpus,
                                                         .threads = threads,
                                                         .cancellation = never});
        if (!found) return not_filtered("there is no VMCOREINFO, neither in a note nor in memory");
        vmcoreinfo = found->vmcoreinfo;
        at = found->address;
    }
    return linux_guest::filter_pages({.memory = *memory,
                                      .arch = arch,
                                      .cpus = cpus,
                                      .vmcoreinfo = *vmcoreinfo,
                                      .left_out = vmcore.contents().left_out,
                                      .vmcoreinfo_at = at,
                                      .threads = threads,
                                      .cancellation = never,
                                      .progress = {}},
                                     exclusion, pages);
}

Result<linux_guest::PageFilterReport> count_page_use(const Vmcore& vmcore, unsigned threads) {
    constexpr linux_guest::Exclusion kAll{
        .cache = true, .cache_private = true, .user = true, .free = true};
    guest::PageSet none;
    return page_use(vmcore, kAll, none, threads);
}

}  // namespace guestdump::vmcore
