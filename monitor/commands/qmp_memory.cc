// SPDX-License-Identifier: GPL-2.0-or-later
#include <glib.h>

#include <cinttypes>
#include <string>
#include <vector>

#include "dump/request.h"
#include "linux/vmcoreinfo.h"
#include "linux/vmcoreinfo_search.h"
#include "monitor/commands.h"
#include "monitor/commands/guest_memory.h"
#include "monitor/commands/inspect.h"
#include "monitor/monitor.h"
#include "vm/machine.h"

namespace guestdump::monitor {
namespace {

/// Of one reply. More is what dumps are for.
constexpr uint64_t kMaxRead = uint64_t{1} << 20;

std::string base64(std::span<const std::byte> bytes) {
    char* encoded = g_base64_encode(reinterpret_cast<const guchar*>(bytes.data()), bytes.size());
    std::string text(encoded);
    g_free(encoded);
    return text;
}

/// The text of the note that the guest handed over.
Result<qapi::VmcoreinfoText> text_of(const guest::GuestNote& note) {
    const linux_guest::NoteView view = TRY(linux_guest::parse_note(note));
    const auto* text = reinterpret_cast<const char*>(view.descriptor.data());
    return qapi::VmcoreinfoText{.text = std::string(text, view.descriptor.size())};
}

/// The text in the memory of a guest that handed over no note: what a dump would contain.
Result<qapi::VmcoreinfoText> vmcoreinfo_of(const dump::Capture& capture,
                                           const util::Cancellation& cancellation) {
    const auto found = linux_guest::find_vmcoreinfo({.memory = *capture.memory,
                                                     .arch = capture.arch,
                                                     .cpus = capture.cpus,
                                                     .threads = dump::thread_count(0),
                                                     .cancellation = cancellation});
    TRY(cancellation.check());
    if (!found) return qapi::VmcoreinfoText{};
    return qapi::VmcoreinfoText{.text = found->vmcoreinfo.text()};
}

}  // namespace

Result<qapi::GuestMemoryBytes> qmp_read_guest_memory(
    Monitor& monitor, const qapi::ReadGuestMemoryArguments& arguments) {
    if (arguments.length > kMaxRead) {
        return Error::make("Parameter 'length' expects at most %" PRIu64 ", not %" PRIu64, kMaxRead,
                           arguments.length);
    }
    std::vector<std::byte> bytes(arguments.length);
    TRY(physical_reader(monitor.services.machine)(arguments.begin, bytes));
    return qapi::GuestMemoryBytes{.data = base64(bytes)};
}

void qmp_query_vmcoreinfo(Monitor& monitor, Completion<qapi::VmcoreinfoText> done) {
    vm::Machine& machine = monitor.services.machine;
    if (const auto note = machine.guest_note()) return done(text_of(*note));
    // As with -machine none: there is nothing to look at.
    if (machine.cpu_count() == 0 || machine.blocks().empty()) return done(qapi::VmcoreinfoText{});
    Result<> begun = inspect<qapi::VmcoreinfoText>(monitor, vmcoreinfo_of, done);
    if (!begun) done(std::move(begun).take_error());
}

}  // namespace guestdump::monitor
