// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/guest_look.h"

#include "linux/vmcoreinfo_search.h"
#include "util/as_text.h"

namespace guestdump::view {
namespace {

using linux_guest::Vmcoreinfo;

std::optional<Vmcoreinfo> vmcoreinfo_in(const guest::GuestNote& note) {
    const auto view = linux_guest::parse_note(note);
    if (!view || view->name != "VMCOREINFO") return std::nullopt;
    return Vmcoreinfo(std::string(util::as_text(view->descriptor)));
}

Result<Vmcoreinfo> vmcoreinfo_of(const GuestMoment& moment, const LookOptions& options,
                                 const util::Cancellation& cancellation) {
    if (moment.vmcoreinfo) return *moment.vmcoreinfo;
    auto handed_over = moment.note ? vmcoreinfo_in(*moment.note) : std::nullopt;
    if (handed_over) return std::move(*handed_over);
    auto found = linux_guest::find_vmcoreinfo({.memory = *moment.memory,
                                               .arch = moment.arch,
                                               .cpus = moment.cpus,
                                               .threads = options.threads,
                                               .cancellation = cancellation});
    TRY(cancellation.check());
    if (found) return std::move(found->vmcoreinfo);
    return Error::make(
        "there is no VMCOREINFO, neither from the guest nor in its memory: it runs another system, "
        "or a Linux kernel without CONFIG_VMCORE_INFO");
}

}  // namespace

Result<std::unique_ptr<GuestLook>> GuestLook::open(GuestMoment moment, const LookOptions& options,
                                                   const util::Cancellation& cancellation) {
    std::unique_ptr<GuestLook> look(new GuestLook(std::move(moment)));
    const Vmcoreinfo vmcoreinfo = TRY(vmcoreinfo_of(look->moment_, options, cancellation));
    look->kernel_ = TRY(linux_guest::GuestKernel::open({.memory = *look->moment_.memory,
                                                        .arch = look->moment_.arch,
                                                        .cpus = look->moment_.cpus,
                                                        .vmcoreinfo = vmcoreinfo,
                                                        .cancellation = cancellation,
                                                        .limit = options.limit}));
    return look;
}

}  // namespace guestdump::view
