// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/guest_look.h"

#include <cinttypes>

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
                                 const util::Cancellation& cancellation,
                                 std::chrono::steady_clock::time_point deadline) {
    if (moment.vmcoreinfo) return *moment.vmcoreinfo;
    auto handed_over = moment.note ? vmcoreinfo_in(*moment.note) : std::nullopt;
    if (handed_over) return std::move(*handed_over);
    auto found = linux_guest::find_vmcoreinfo({.memory = *moment.memory,
                                               .arch = moment.arch,
                                               .cpus = moment.cpus,
                                               .threads = options.threads,
                                               .cancellation = cancellation,
                                               .deadline = deadline});
    TRY(cancellation.check());
    if (found) return std::move(found->vmcoreinfo);
    if (std::chrono::steady_clock::now() >= deadline)
        return Error::make(
            "the guest has not passed its VMCOREINFO, and the search for it in "
            "memory took longer than %" PRId64 " ms",
            static_cast<int64_t>(options.limit.count()));
    return Error::make(
        "there is no VMCOREINFO, neither from the guest nor in its memory: it runs another system, "
        "or a Linux kernel without CONFIG_VMCORE_INFO");
}

}  // namespace

Result<std::unique_ptr<GuestLook>> GuestLook::open(GuestMoment moment, const LookOptions& options,
                                                   const util::Cancellation& cancellation) {
    using std::chrono::milliseconds;
    using std::chrono::steady_clock;
    const steady_clock::time_point deadline = steady_clock::now() + options.limit;
    std::unique_ptr<GuestLook> look(new GuestLook(std::move(moment)));
    const Vmcoreinfo vmcoreinfo =
        TRY(vmcoreinfo_of(look->moment_, options, cancellation, deadline));
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    look->kernel_ = TRY(linux_guest::GuestKernel::open({.memory = *look->moment_.memory,
                                                        .arch = look->moment_.arch,
                                                        .cpus = look->moment_.cpus,
                                                        .vmcoreinfo = vmcoreinfo,
                                                        .cancellation = cancellation,
                                                        .limit = left}));
    return look;
}

}  // namespace guestdump::view
