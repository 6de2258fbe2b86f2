// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/kernels.h"

#include <algorithm>
#include <cinttypes>

#include "guest/note_builder.h"

namespace guestdump::vmcore {
namespace {

using linux_guest::FoundVmcoreinfo;
using linux_guest::Vmcoreinfo;

/// The VMCOREINFO that a dump would have: of the notes, or of the kernel that runs.
std::optional<Vmcoreinfo> usual_kernel(const Vmcore& vmcore, unsigned threads) {
    const auto note = vmcore.guest_note();
    Result<linux_guest::NoteView> view = Error::make("there is no note");
    if (note) view = linux_guest::parse_note(*note);
    if (view && view->name == "VMCOREINFO") {
        return Vmcoreinfo(std::string(reinterpret_cast<const char*>(view->descriptor.data()),
                                      view->descriptor.size()));
    }
    const auto arch = vmcore.arch_info(vmcore.contents().blocks);
    if (note || !arch) return std::nullopt;
    const std::vector<guest::Cpu> cpus = vmcore.cpus();
    const auto found = linux_guest::find_vmcoreinfo({.memory = *vmcore.page_source(),
                                                     .arch = *arch,
                                                     .cpus = cpus,
                                                     .threads = threads,
                                                     .cancellation = util::Cancellation()});
    return found ? std::optional(found->vmcoreinfo) : std::nullopt;
}

}  // namespace

std::vector<FoundVmcoreinfo> other_kernels(const Vmcore& vmcore,
                                           const std::optional<Vmcoreinfo>& shown, unsigned threads,
                                           uint64_t most_pages) {
    const auto arch = vmcore.arch_info(vmcore.contents().blocks);
    if (!arch) return {};
    const std::vector<guest::Cpu> cpus = vmcore.cpus();
    std::vector<FoundVmcoreinfo> kernels =
        linux_guest::find_kernels({.memory = *vmcore.page_source(),
                                   .arch = *arch,
                                   .cpus = cpus,
                                   .threads = threads,
                                   .cancellation = util::Cancellation()},
                                  most_pages);
    std::erase_if(kernels, [&](const FoundVmcoreinfo& kernel) {
        return shown && linux_guest::is_same_kernel(kernel.vmcoreinfo, *shown);
    });
    return kernels;
}

Result<> choose_kernel(Vmcore& vmcore, uint64_t number, unsigned threads) {
    const std::optional<Vmcoreinfo> usual = usual_kernel(vmcore, threads);
    const std::vector<FoundVmcoreinfo> others = other_kernels(vmcore, usual, threads, UINT64_MAX);
    const size_t first = usual ? 1 : 0;
    if (number == 0 || number > first + others.size()) {
        return Error::make("there is no kernel %" PRIu64 ": %zu found", number,
                           first + others.size());
    }
    const Vmcoreinfo& chosen = number <= first ? *usual : others[number - first - 1].vmcoreinfo;
    guest::NoteBuilder note;
    note.append("VMCOREINFO", 0, std::as_bytes(std::span(chosen.text())));
    vmcore.set_guest_note(std::move(note).take());
    return {};
}

}  // namespace guestdump::vmcore
