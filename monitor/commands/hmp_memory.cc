// SPDX-License-Identifier: GPL-2.0-or-later
#include <cinttypes>
#include <string>

#include "monitor/commands/guest_memory.h"
#include "monitor/commands/memory_text.h"
#include "monitor/hmp/hmp_command.h"
#include "monitor/monitor.h"
#include "util/text.h"
#include "vm/machine.h"

namespace guestdump::monitor {
namespace {

uint64_t address_of(const HmpArguments& arguments) {
    return static_cast<uint64_t>(arguments.number("addr").value_or(0));
}

Result<std::string> show_virtual(Monitor& monitor, const HmpArguments& arguments) {
    const MemoryReader read = TRY(virtual_reader(monitor.services.machine, monitor.cpu));
    return memory_text(address_of(arguments), arguments.format(), read);
}

Result<std::string> show_physical(Monitor& monitor, const HmpArguments& arguments) {
    const MemoryReader read = physical_reader(monitor.services.machine);
    return memory_text(address_of(arguments), arguments.format(), read);
}

Result<std::string> print_value(Monitor&, const HmpArguments& arguments) {
    const auto value = static_cast<uint64_t>(arguments.number("expr").value_or(0));
    return value_text(value, arguments.format()) + "\n";
}

const vm::MappedMemory* find_piece(const vm::Machine& machine, guest::Gpa address) {
    for (const vm::MappedMemory& piece : machine.memory().view()) {
        if (piece.range.contains(address)) return &piece;
    }
    return nullptr;
}

/// Name of the region. Scripts expect exactly one pair of parentheses around it, but the path of a
/// file may contain some.
std::string name_of(const vm::MappedMemory& piece) {
    std::string name(piece.region->name());
    for (char& c : name) {
        if (c == '(' || c == ')' || static_cast<unsigned char>(c) < ' ') c = '_';
    }
    return name;
}

Result<std::string> host_address(Monitor& monitor, const HmpArguments& arguments) {
    const guest::Gpa address{address_of(arguments)};
    const vm::MappedMemory* piece = find_piece(monitor.services.machine, address);
    if (!piece) {
        return util::text("No memory is mapped at address 0x%" PRIx64 "\n", address.value);
    }
    const std::byte* host = piece->region->mapped();
    if (!host) {
        return util::text("Memory at address 0x%" PRIx64 " is not RAM\n", address.value);
    }
    host += piece->offset + (address.value - piece->range.start.value);
    return util::text("Host virtual address for 0x%" PRIx64 " (%s) is %p\n", address.value,
                      name_of(*piece).c_str(), static_cast<const void*>(host));
}

/// QEMU's name for the kind of a range in its flat view.
const char* kind_text(vm::MemoryKind kind) {
    switch (kind) {
        case vm::MemoryKind::ram:
            return "ram";
        case vm::MemoryKind::rom:
            return "rom";
        case vm::MemoryKind::device:
            return "ramd";
        case vm::MemoryKind::non_volatile:
            return "nv-ram";
    }
    return "";
}

std::string range_text(const vm::MappedMemory& piece) {
    std::string text =
        util::text("%016" PRIx64 "-%016" PRIx64 " (prio 0, %s): %s", piece.range.start.value,
                   piece.range.last(), kind_text(piece.kind), name_of(piece).c_str());
    if (piece.offset != 0) text += util::text(" @%016" PRIx64, piece.offset);
    return text + "\n";
}

Result<std::string> info_mtree(Monitor& monitor, const HmpArguments& arguments) {
    const bool flat = arguments.flag('f');
    std::string text = flat ? "FlatView #0\n AS \"memory\", root: system\n"
                              " Root memory region: system\n"
                            : "address-space: memory\n"
                              "  0000000000000000-ffffffffffffffff (prio 0, i/o): system\n";
    for (const vm::MappedMemory& piece : monitor.services.machine.memory().view()) {
        text += flat ? "  " : "    ";
        text += range_text(piece);
    }
    return text + "\n";
}

using Kind = HmpParameter::Kind;
constexpr HmpParameter kFormatAndAddress[] = {{Kind::format, "fmt"}, {Kind::number, "addr"}};
constexpr HmpParameter kFormatAndExpression[] = {{Kind::format, "fmt"}, {Kind::number, "expr"}};
constexpr HmpParameter kAddress[] = {{Kind::number, "addr"}};
constexpr HmpParameter kMtree[] = {
    {Kind::flag, "f"}, {Kind::flag, "d"}, {Kind::flag, "o"}, {Kind::flag, "D"}};

constexpr HmpCommand kCommands[] = {
    {"x", kFormatAndAddress, "/fmt addr", "virtual memory dump starting at 'addr'",
     at_once<show_virtual>},
    {"xp", kFormatAndAddress, "/fmt addr", "physical memory dump starting at 'addr'",
     at_once<show_physical>},
    {"gpa2hva", kAddress, "addr", "print the host virtual address of a guest-physical one",
     at_once<host_address>},
    {"print|p", kFormatAndExpression, "/fmt expr",
     "print expression value (use $reg for CPU register access)", at_once<print_value>},
    {"info mtree", kMtree, "[-f]", "show memory (-f: the ranges as the vCPUs see them)",
     at_once<info_mtree>},
};

}  // namespace

std::span<const HmpCommand> hmp_memory_commands() {
    return kCommands;
}

}  // namespace guestdump::monitor
