// SPDX-License-Identifier: GPL-2.0-or-later
#include <glib.h>

#include <cinttypes>
#include <string>
#include <vector>

#include "linux/vmcoreinfo.h"
#include "monitor/commands.h"
#include "monitor/commands/guest_memory.h"
#include "monitor/monitor.h"
#include "vm/machine.h"

namespace guestdump::monitor {
namespace {

/// Most bytes of one reply. For more there are dumps.
constexpr uint64_t kMaxRead = uint64_t{1} << 20;

std::string base64(std::span<const std::byte> bytes) {
    char* encoded = g_base64_encode(reinterpret_cast<const guchar*>(bytes.data()), bytes.size());
    std::string text(encoded);
    g_free(encoded);
    return text;
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

Result<qapi::VmcoreinfoText> qmp_query_vmcoreinfo(Monitor& monitor) {
    const std::optional<guest::GuestNote> note = monitor.services.machine.guest_note();
    if (!note) return qapi::VmcoreinfoText{};
    const linux_guest::NoteView view = TRY(linux_guest::parse_note(*note));
    const auto* text = reinterpret_cast<const char*>(view.descriptor.data());
    return qapi::VmcoreinfoText{.text = std::string(text, view.descriptor.size())};
}

}  // namespace guestdump::monitor
