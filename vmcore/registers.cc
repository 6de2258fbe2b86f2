// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/registers.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace guestdump::vmcore {
namespace {

/// pr_reg of one machine: registers of equal width that follow each other. Text: names separated by
/// spaces; "x0-x30" stands for all from x0 to x30; "-" is a gap.
struct RegisterNote {
    uint16_t machine;
    size_t width;  ///< bytes of a register
    size_t size;   ///< bytes of the descriptor
    std::string_view names;
};

// [linux include/uapi/linux/elfcore.h, arch/*/include/uapi/asm/ptrace.h]
constexpr std::array kNotes = {
    RegisterNote{183, 8, 392, "x0-x30 sp pc pstate"},
    RegisterNote{40, 4, 148, "r0-r10 fp ip sp lr pc cpsr orig_r0"},
    RegisterNote{21, 8, 504, "r0-r31 nip msr orig_r3 ctr lr xer cr softe trap dar dsisr result"},
    RegisterNote{20, 4, 268, "r0-r31 nip msr orig_r3 ctr lr xer cr mq trap dar dsisr result"},
    RegisterNote{22, 8, 336, "pswm pswa r0-r15"},
    RegisterNote{243, 8, 376, "pc ra sp gp tp t0-t2 s0-s1 a0-a7 s2-s11 t3-t6"},
    RegisterNote{243, 4, 204, "pc ra sp gp tp t0-t2 s0-s1 a0-a7 s2-s11 t3-t6"},
    RegisterNote{258, 8, 480, "r0-r31 orig_a0 era badvaddr"},
};

const RegisterNote* find(const Machine& machine) {
    const size_t width = machine.elf_class == format::ElfClass::k64 ? 8 : 4;
    const auto* found = std::find_if(kNotes.begin(), kNotes.end(), [&](const RegisterNote& note) {
        return note.machine == machine.number && note.width == width;
    });
    return found == kNotes.end() ? nullptr : found;
}

/// "x0-x30" as 31 names; any other word is itself.
std::vector<std::string> expanded(std::string_view word) {
    const size_t dash = word.find('-');
    if (dash == word.npos) return {std::string(word)};
    const std::string prefix(word.substr(0, word.find_first_of("0123456789")));
    const auto number = [&](std::string_view name) {
        return std::stoi(std::string(name.substr(prefix.size())));
    };
    std::vector<std::string> names;
    for (int i = number(word.substr(0, dash)); i <= number(word.substr(dash + 1)); ++i)
        names.push_back(prefix + std::to_string(i));
    return names;
}

std::vector<std::string> names_of(std::string_view text) {
    std::vector<std::string> names;
    while (!text.empty()) {
        const std::string_view word = text.substr(0, text.find(' '));
        for (std::string& name : expanded(word)) names.push_back(std::move(name));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
    }
    return names;
}

uint64_t number_at(std::span<const std::byte> bytes, std::endian order) {
    uint64_t value = 0;
    for (size_t i = 0; i < bytes.size(); ++i) {
        const size_t at = order == std::endian::big ? i : bytes.size() - 1 - i;
        value = value << 8 | std::to_integer<uint64_t>(bytes[at]);
    }
    return value;
}

}  // namespace

size_t prstatus_size(const Machine& machine) {
    const RegisterNote* note = find(machine);
    return note ? note->size : 0;
}

NamedRegisters registers_of(const Machine& machine, std::span<const std::byte> descriptor) {
    /// Offset of pr_reg in struct elf_prstatus, by the width of a register.
    constexpr size_t kRegistersAt64 = 112, kRegistersAt32 = 72;
    const RegisterNote* note = find(machine);
    NamedRegisters registers;
    if (!note || descriptor.size() != note->size) return registers;
    size_t at = note->width == 8 ? kRegistersAt64 : kRegistersAt32;
    for (std::string& name : names_of(note->names)) {
        const uint64_t value = number_at(descriptor.subspan(at, note->width), machine.order);
        registers.emplace_back(std::move(name), value);
        at += note->width;
    }
    return registers;
}

}  // namespace guestdump::vmcore
