// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/linux/guest_source.h"

#include <cstdio>

#include "dump/request.h"
#include "qapi/types.h"
#include "tools/guestdump/report.h"

namespace guestdump::tools {

Result<view::GuestMoment> moment_of(const guest::Guest& guest) {
    view::GuestMoment moment;
    moment.memory = guest.page_source();
    moment.cpus = guest.cpus();
    moment.arch = TRY(guest.arch_info(moment.memory->blocks()));
    moment.note = guest.guest_note();
    return moment;
}

std::vector<GOptionEntry> GuestOptions::entries() {
    std::vector<GOptionEntry> entries = from_.entries();
    entries.push_back({"time-limit", 0, 0, G_OPTION_ARG_DOUBLE, &limit_,
                       "print what was read of the guest's memory in this time (default: 2)",
                       "SECONDS"});
    entries.push_back({"json", 0, 0, G_OPTION_ARG_NONE, &json_, json_help_, nullptr});
    return entries;
}

Result<OpenGuest> GuestOptions::open(const std::vector<std::string>& files,
                                     const util::Cancellation& cancellation) const {
    constexpr double kLongest = 1e6;
    if (!(limit_ > 0 && limit_ <= kLongest))
        return Error::make("--time-limit expects up to %g seconds, not %g", kLongest, limit_);
    OpenGuest opened;
    // A truncated file is accepted, because the missing memory may not be the kernel's.
    opened.source = TRY(from_.open(files, {.command = command_, .open = {.partial = true}}));
    auto moment = TRY(moment_of(opened.source->vmcore()));
    const std::chrono::milliseconds limit(static_cast<int64_t>(limit_ * 1000));
    auto look = view::GuestLook::open(
        std::move(moment), {.threads = dump::thread_count(0), .limit = limit}, cancellation);
    if (!look) return std::move(look).take_error().while_("%s", opened.source->name().c_str());
    opened.look = std::move(look).take();
    return opened;
}

Result<int> GuestOptions::answer(Source& source, const qapi::Json& json, const std::string& text,
                                 const std::optional<std::string>& incomplete) const {
    TRY(source.release());
    if (json_) {
        print_json(json);
    } else {
        std::fputs(text.c_str(), stdout);
    }
    if (!incomplete) return 0;
    std::fprintf(stderr, "guestdump %s: the answer is incomplete: %s\n", command_,
                 incomplete->c_str());
    return 1;
}

}  // namespace guestdump::tools
