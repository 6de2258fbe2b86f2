// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/guest_utsname.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "linux/kernel_address.h"

namespace guestdump::linux_guest {
namespace {

constexpr size_t kFieldSize = 65;  ///< including the NUL [linux include/uapi/linux/utsname.h]
constexpr size_t kFields = 6;

/// Kernels before 5.11 do not give the offset; in them the name follows a counter of 4 bytes.
/// [linux include/linux/utsname.h]
constexpr uint64_t kOldNameOffset = 4;

std::optional<uint64_t> name_offset(const Vmcoreinfo& vmcoreinfo) {
    const auto digits = vmcoreinfo.value("OFFSET(uts_namespace.name)");
    if (!digits) return kOldNameOffset;
    uint64_t offset = 0;
    if (std::from_chars(digits->data(), digits->data() + digits->size(), offset).ec !=
        std::errc{}) {
        return std::nullopt;
    }
    return offset;
}

using RawName = std::array<char, kFields * kFieldSize>;

std::optional<RawName> read_name(const Vmcoreinfo& vmcoreinfo, const guest::ArchDumpInfo& arch,
                                 const guest::PageSource& memory) {
    const auto symbol = vmcoreinfo.symbol("init_uts_ns");
    const auto offset = name_offset(vmcoreinfo);
    if (!symbol || !offset) return std::nullopt;
    const auto address = kernel_physical(guest::Gva{*symbol + *offset}, arch);
    RawName raw;
    if (!address || !memory.read(*address, std::as_writable_bytes(std::span(raw)))) {
        return std::nullopt;
    }
    return raw;
}

bool is_text(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

/// The text of field @index; empty unless it is printable and ends inside the field.
std::string field(const RawName& raw, size_t index) {
    const auto whole =
        std::string_view(raw.data(), raw.size()).substr(index * kFieldSize, kFieldSize);
    const size_t end = whole.find('\0');
    if (end == whole.npos || !is_text(whole.substr(0, end))) return {};
    return std::string(whole.substr(0, end));
}

}  // namespace

guest::Utsname guest_utsname(const Vmcoreinfo& vmcoreinfo, const guest::ArchDumpInfo& arch,
                             const guest::PageSource& memory) {
    guest::Utsname name;
    // Not the guest's own value: readers accept or refuse the file by this field, and the notes of
    // the file are those of @arch.
    name.machine = arch.uname_machine;
    const std::string_view release = vmcoreinfo.value("OSRELEASE").value_or("");
    if (is_text(release)) name.release = release.substr(0, kFieldSize - 1);
    if (!name.release.empty()) name.sysname = "Linux";

    const auto raw = read_name(vmcoreinfo, arch, memory);
    // The pointer may be stale or forged. The release shows whether this is the structure.
    if (!raw || name.release.empty() || field(*raw, 2) != name.release) return name;
    name.sysname = field(*raw, 0);
    name.nodename = field(*raw, 1);
    name.version = field(*raw, 3);
    name.domainname = field(*raw, 5);
    return name;
}

guest::Utsname completed(guest::Utsname found, const guest::Utsname& recorded) {
    const bool is_another = !found.release.empty() && found.release != recorded.release;
    if (is_another) return found;
    using Field = std::string guest::Utsname::*;
    for (const Field field :
         {&guest::Utsname::sysname, &guest::Utsname::nodename, &guest::Utsname::release,
          &guest::Utsname::version, &guest::Utsname::domainname}) {
        const std::string& other = recorded.*field;
        if ((found.*field).empty() && is_text(other))
            found.*field = other.substr(0, kFieldSize - 1);
    }
    return found;
}

}  // namespace guestdump::linux_guest
