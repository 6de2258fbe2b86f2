// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>

#include <cerrno>
#include <cinttypes>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/error.h"
#include "api/guest.h"
#include "api/guestdump.h"
#include "dump/arguments.h"
#include "dump/dump_to.h"
#include "dump/target/targets.h"
#include "util/cancellation.h"
#include "util/text.h"

/// The options of a dump as a C caller sets them, and the results of the last one.
struct guestdump_dump {
    guestdump::qapi::DumpGuestMemoryArguments options;
    guestdump_progress* report = nullptr;
    void* report_opaque = nullptr;
    unsigned report_interval = 0;  ///< milliseconds
    guestdump::util::Cancellation cancellation;
    guestdump::dump::DumpReport last;
};

namespace guestdump::api {
namespace {

/// dump_to() has a phase that only dumps of running guests have. They are not made here.
int to_c(dump::DumpProgress::Phase phase) {
    using Phase = dump::DumpProgress::Phase;
    switch (phase) {
        case Phase::prepare:
        case Phase::protect:
            break;
        case Phase::filter:
            return GUESTDUMP_PHASE_FILTER;
        case Phase::memory:
            return GUESTDUMP_PHASE_MEMORY;
        case Phase::commit:
            return GUESTDUMP_PHASE_COMMIT;
    }
    return GUESTDUMP_PHASE_PREPARE;
}

dump::DumpControl control_of(const guestdump_dump& dump) {
    dump::DumpControl control{.on_progress = {},
                              .interval = std::chrono::milliseconds(dump.report_interval),
                              .cancellation = &dump.cancellation};
    if (dump.report == nullptr) return control;
    control.on_progress = [&dump](const dump::DumpProgress& now) {
        return dump.report(dump.report_opaque, to_c(now.phase), now.completed, now.total) == 0;
    };
    return control;
}

/// @open makes the target, after the options have been checked.
template <class Open>
Result<> run(guestdump_dump& dump, guestdump_guest& guest, Open open) {
    dump.last = {};
    const dump::Request request = TRY(dump::parse_request(dump.options));
    std::unique_ptr<dump::Sink> target = TRY(open());
    dump.last = TRY(dump::dump_to(guest.machine, request, std::move(target), control_of(dump)));
    return {};
}

Result<std::unique_ptr<dump::Sink>> open_fd(int fd) {
    util::UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
    if (!copy) return Error::from_errno(errno, "using descriptor %d", fd);
    return dump::make_fd_sink(std::move(copy), util::text("descriptor %d", fd));
}

Result<> set_format(guestdump_dump& dump, const char* format) {
    const auto known = qapi::parse_dump_guest_memory_format(format);
    if (!known) return Error::make("there is no format '%s'", util::ascii(format).c_str());
    dump.options.format = *known;
    return {};
}

Result<> set_exclude(guestdump_dump& dump, unsigned level) {
    constexpr unsigned kHighest = 31;
    if (level > kHighest) {
        return Error::make("a dump level is 0 to %u, not %u", kHighest, level);
    }
    dump.options.exclude = dump::kinds_of_level(level);
    return {};
}

}  // namespace
}  // namespace guestdump::api

namespace api = guestdump::api;

guestdump_dump* guestdump_dump_new(void) {
    return new guestdump_dump;
}

void guestdump_dump_free(guestdump_dump* dump) {
    delete dump;
}

const char* guestdump_format(size_t index) {
    const auto formats = guestdump::dump::supported_formats();
    // The names of the schema are literals, so that they end with a NUL.
    return index < formats.size() ? to_string(formats[index]).data() : nullptr;
}

int guestdump_dump_set_format(guestdump_dump* dump, const char* format, guestdump_error** error) {
    return api::status_of(api::set_format(*dump, format), error);
}

void guestdump_dump_set_paging(guestdump_dump* dump, int paging) {
    dump->options.paging = paging != 0;
}

void guestdump_dump_set_level(guestdump_dump* dump, int level) {
    dump->options.level = level;
}

void guestdump_dump_set_range(guestdump_dump* dump, uint64_t begin, uint64_t length) {
    dump->options.begin = begin;
    dump->options.length = length;
}

int guestdump_dump_set_exclude(guestdump_dump* dump, unsigned level, guestdump_error** error) {
    return api::status_of(api::set_exclude(*dump, level), error);
}

void guestdump_dump_set_threads(guestdump_dump* dump, unsigned threads) {
    dump->options.threads.reset();
    if (threads != 0) dump->options.threads = threads;
}

void guestdump_dump_set_find_vmcoreinfo(guestdump_dump* dump, int find) {
    dump->options.find_vmcoreinfo = find != 0;
}

void guestdump_dump_set_progress(guestdump_dump* dump, guestdump_progress* report, void* opaque,
                                 unsigned interval) {
    dump->report = report;
    dump->report_opaque = opaque;
    dump->report_interval = interval;
}

int guestdump_dump_to_path(guestdump_dump* dump, guestdump_guest* guest, const char* path,
                           guestdump_error** error) {
    const auto open = [path] { return guestdump::dump::open_file_sink(path); };
    return api::status_of(api::run(*dump, *guest, open), error);
}

int guestdump_dump_to_fd(guestdump_dump* dump, guestdump_guest* guest, int fd,
                         guestdump_error** error) {
    return api::status_of(api::run(*dump, *guest, [fd] { return api::open_fd(fd); }), error);
}

void guestdump_dump_cancel(guestdump_dump* dump) {
    dump->cancellation.cancel();
}

const char* guestdump_dump_warning(const guestdump_dump* dump, size_t index) {
    return index < dump->last.warnings.size() ? dump->last.warnings[index].c_str() : nullptr;
}

uint64_t guestdump_dump_memory(const guestdump_dump* dump) {
    return dump->last.memory;
}
