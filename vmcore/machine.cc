// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/machine.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "util/text.h"
#include "vmcore/registers.h"

namespace guestdump::vmcore {
namespace {

using format::ElfClass;
constexpr auto kLittle = std::endian::little, kBig = std::endian::big;

struct NamedMachine {
    const char* uname;
    Machine machine;
};

// The first row of a machine is the name that is written. [gabi e_machine], [linux UTS_MACHINE]
constexpr std::array kMachines = {
    NamedMachine{"x86_64", {62, ElfClass::k64, kLittle}},
    NamedMachine{"i686", {3, ElfClass::k32, kLittle}},
    NamedMachine{"aarch64", {183, ElfClass::k64, kLittle}},
    NamedMachine{"aarch64_be", {183, ElfClass::k64, kBig}},
    NamedMachine{"armv7l", {40, ElfClass::k32, kLittle}},
    NamedMachine{"armv7b", {40, ElfClass::k32, kBig}},
    NamedMachine{"ppc64le", {21, ElfClass::k64, kLittle}},
    NamedMachine{"ppc64", {21, ElfClass::k64, kBig}},
    NamedMachine{"ppcle", {20, ElfClass::k32, kLittle}},
    NamedMachine{"ppc", {20, ElfClass::k32, kBig}},
    NamedMachine{"s390x", {22, ElfClass::k64, kBig}},
    NamedMachine{"s390", {22, ElfClass::k32, kBig}},
    NamedMachine{"riscv64", {243, ElfClass::k64, kLittle}},
    NamedMachine{"riscv32", {243, ElfClass::k32, kLittle}},
    NamedMachine{"loongarch64", {258, ElfClass::k64, kLittle}},
    NamedMachine{"mips64", {8, ElfClass::k64, kLittle}},
    NamedMachine{"mips64", {8, ElfClass::k64, kBig}},
    NamedMachine{"mips", {8, ElfClass::k32, kLittle}},
    NamedMachine{"mips", {8, ElfClass::k32, kBig}},
    NamedMachine{"sparc64", {43, ElfClass::k64, kBig}},
    NamedMachine{"ia64", {50, ElfClass::k64, kLittle}},
    NamedMachine{"alpha", {0x9026, ElfClass::k64, kLittle}},
};

/// "i386" to "i686".
bool is_i386_name(std::string_view name) {
    return name.size() == 4 && name[0] == 'i' && name.substr(2) == "86";
}

}  // namespace

std::string uname_of(const Machine& machine) {
    // i386 is also in ELF64, if its memory reaches beyond 4 GiB.
    const bool any_class = machine.is_x86();
    const auto* found = std::find_if(kMachines.begin(), kMachines.end(), [&](const auto& one) {
        return one.machine == machine ||
               (any_class && one.machine.number == machine.number && machine.order == kLittle);
    });
    if (found != kMachines.end()) return found->uname;
    // Nor do all systems of 32 bits keep to the class.
    found = std::find_if(kMachines.begin(), kMachines.end(), [&](const auto& one) {
        return one.machine.number == machine.number && one.machine.order == machine.order;
    });
    return found != kMachines.end() ? found->uname : "";
}

std::string name_of(const Machine& machine) {
    const std::string name = uname_of(machine);
    return name.empty() ? util::text("unknown (e_machine %u)", unsigned{machine.number}) : name;
}

uint16_t machine_number(const std::string& uname_machine, ElfClass elf_class) {
    std::string name = uname_machine;
    // QEMU writes S390X.
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (is_i386_name(name)) return format::kEm386;
    const auto* found = std::find_if(kMachines.begin(), kMachines.end(),
                                     [&](const auto& one) { return one.uname == name; });
    if (found != kMachines.end()) return found->machine.number;
    // armv6l, armv8l and their like; a 64-bit kernel may give that name to 32-bit programs.
    if (!name.starts_with("arm")) return 0;
    return elf_class == ElfClass::k64 ? 183 : 40;
}

uint16_t machine_with_prstatus(size_t size, ElfClass elf_class, std::endian order) {
    for (const NamedMachine& one : kMachines) {
        const Machine& machine = one.machine;
        if (machine.elf_class == elf_class && machine.order == order &&
            prstatus_size(machine) == size)
            return machine.number;
    }
    // QEMU's own form for 32-bit PowerPC. [qemu target/ppc/arch_dump.c]
    constexpr size_t kQemuPpc32 = 328;
    constexpr uint16_t kPpc = 20;
    const bool ppc = elf_class == ElfClass::k32 && order == kBig && size == kQemuPpc32;
    return ppc ? kPpc : 0;
}

uint32_t usual_page_size(const Machine& machine) {
    constexpr uint16_t kPpc64 = 21;
    return machine.number == kPpc64 ? 65536 : 4096;
}

}  // namespace guestdump::vmcore
