// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/commands/register_text.h"

#include <cinttypes>
#include <initializer_list>
#include <span>

#include "util/text.h"

namespace guestdump::monitor {
namespace {

using target_i386::Registers;
using target_i386::SegmentRegister;
using target_i386::TableRegister;

struct NamedRegister {
    const char* name;  ///< as shown; names of two letters are padded
    uint64_t value;
};

/// Up to four registers on a line.
std::string row_text(std::initializer_list<NamedRegister> row, bool wide) {
    std::string text;
    for (const NamedRegister& one : row) {
        if (!text.empty()) text += ' ';
        text += wide ? util::text("%-3s=%016" PRIx64, one.name, one.value)
                     : util::text("%-3s=%08" PRIx64, one.name, one.value & UINT32_MAX);
    }
    return text + "\n";
}

std::string general_text64(const Registers& r) {
    const auto& x = r.r8_to_r15;
    return row_text({{"RAX", r.rax}, {"RBX", r.rbx}, {"RCX", r.rcx}, {"RDX", r.rdx}}, true) +
           row_text({{"RSI", r.rsi}, {"RDI", r.rdi}, {"RBP", r.rbp}, {"RSP", r.rsp}}, true) +
           row_text({{"R8", x[0]}, {"R9", x[1]}, {"R10", x[2]}, {"R11", x[3]}}, true) +
           row_text({{"R12", x[4]}, {"R13", x[5]}, {"R14", x[6]}, {"R15", x[7]}}, true);
}

std::string general_text32(const Registers& r) {
    return row_text({{"EAX", r.rax}, {"EBX", r.rbx}, {"ECX", r.rcx}, {"EDX", r.rdx}}, false) +
           row_text({{"ESI", r.rsi}, {"EDI", r.rdi}, {"EBP", r.rbp}, {"ESP", r.rsp}}, false);
}

/// For example "[---Z-P-]".
std::string flags_text(uint64_t rflags) {
    static constexpr struct {
        unsigned bit;
        char letter;
    } kFlags[] = {{10, 'D'}, {11, 'O'}, {7, 'S'}, {6, 'Z'}, {4, 'A'}, {2, 'P'}, {0, 'C'}};
    std::string text;
    for (const auto& flag : kFlags) text += (rflags >> flag.bit & 1) ? flag.letter : '-';
    return "[" + text + "]";
}

std::string address_text(uint64_t address, bool wide) {
    return wide ? util::text("%016" PRIx64, address) : util::text("%08" PRIx64, address);
}

std::string segment_text(const char* name, const SegmentRegister& segment, bool wide) {
    return util::text("%-3s=%04x %s %08x %08x\n", name, segment.selector,
                      address_text(segment.base, wide).c_str(), segment.limit, segment.flags);
}

std::string table_text(const char* name, const TableRegister& table, bool wide) {
    return util::text("%s=     %s %08x\n", name, address_text(table.base, wide).c_str(),
                      table.limit);
}

}  // namespace

std::string register_text(const Registers& r) {
    const bool wide = (r.efer & target_i386::kEferLongModeActive) != 0;
    std::string text = wide ? general_text64(r) : general_text32(r);
    text += wide ? util::text("RIP=%016" PRIx64 " RFL=%08" PRIx64, r.rip, r.rflags)
                 : util::text("EIP=%08" PRIx64 " EFL=%08" PRIx64, r.rip & UINT32_MAX, r.rflags);
    text += util::text(" %s CPL=%u\n", flags_text(r.rflags).c_str(), r.cs.selector & 3u);
    text += segment_text("ES", r.es, wide) + segment_text("CS", r.cs, wide);
    text += segment_text("SS", r.ss, wide) + segment_text("DS", r.ds, wide);
    text += segment_text("FS", r.fs, wide) + segment_text("GS", r.gs, wide);
    text += segment_text("LDT", r.ldt, wide) + segment_text("TR", r.tr, wide);
    text += table_text("GDT", r.gdt, wide) + table_text("IDT", r.idt, wide);
    text += util::text("CR0=%08" PRIx64 " CR2=%s CR3=%s CR4=%08" PRIx64 "\n", r.cr0,
                       address_text(r.cr2, wide).c_str(), address_text(r.cr3, wide).c_str(), r.cr4);
    return text + util::text("EFER=%016" PRIx64 "\n", r.efer);
}

std::optional<uint64_t> register_value(const Registers& r, std::string_view name) {
    const auto& x = r.r8_to_r15;
    const struct {
        std::string_view name;
        uint64_t value;
    } all[] = {
        {"rax", r.rax},        {"rbx", r.rbx},         {"rcx", r.rcx},
        {"rdx", r.rdx},        {"rsi", r.rsi},         {"rdi", r.rdi},
        {"rsp", r.rsp},        {"rbp", r.rbp},         {"r8", x[0]},
        {"r9", x[1]},          {"r10", x[2]},          {"r11", x[3]},
        {"r12", x[4]},         {"r13", x[5]},          {"r14", x[6]},
        {"r15", x[7]},         {"rip", r.rip},         {"pc", r.rip},
        {"rflags", r.rflags},  {"eflags", r.rflags},   {"eax", r.rax},
        {"ebx", r.rbx},        {"ecx", r.rcx},         {"edx", r.rdx},
        {"esi", r.rsi},        {"edi", r.rdi},         {"esp", r.rsp},
        {"ebp", r.rbp},        {"eip", r.rip},         {"cs", r.cs.selector},
        {"ds", r.ds.selector}, {"es", r.es.selector},  {"fs", r.fs.selector},
        {"gs", r.gs.selector}, {"ss", r.ss.selector},  {"cs.base", r.cs.base},
        {"cr0", r.cr0},        {"cr2", r.cr2},         {"cr3", r.cr3},
        {"cr4", r.cr4},        {"fs.base", r.fs.base}, {"gs.base", r.gs.base},
    };
    for (const auto& one : all) {
        if (one.name != name) continue;
        const bool narrow = name.size() == 3 && name.front() == 'e';
        return narrow ? one.value & UINT32_MAX : one.value;
    }
    return std::nullopt;
}

}  // namespace guestdump::monitor
