// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/vbox_note.h"

#include <algorithm>
#include <cstring>

#include "target-i386/vbox_format.h"

namespace guestdump::target_i386 {
namespace {

constexpr uint32_t kNtVboxCpu = 0xb01;  ///< n_type of "VBCPU"
constexpr uint32_t kOldestVersion = 0x00010004, kNewestVersion = 0x00010006;
constexpr unsigned kFlagsShift = 8;          ///< of attributes in SegmentRegister::flags
constexpr uint32_t kFlagPresent = 1u << 15;  ///< P in SegmentRegister::flags

VboxSelector stored(const SegmentRegister& segment) {
    const uint32_t unusable = segment.flags & kFlagPresent ? 0 : kVboxUnusable;
    return {.base = segment.base,
            .limit = segment.limit,
            .attributes = (segment.flags >> kFlagsShift & kVboxAttributes) | unusable,
            .selector = segment.selector};
}

VboxTable stored(const TableRegister& table) {
    return {.base = table.base, .limit = table.limit};
}

SegmentRegister segment_of(const VboxSelector& segment) {
    return {.selector = segment.selector,
            .base = segment.base,
            .limit = segment.limit,
            .flags = (segment.attributes & kVboxAttributes) << kFlagsShift};
}

TableRegister table_of(const VboxTable& table) {
    return {.base = table.base, .limit = table.limit};
}

void store_general(const Registers& registers, VboxCpuCommon& cpu) {
    cpu.rax = registers.rax;
    cpu.rbx = registers.rbx;
    cpu.rcx = registers.rcx;
    cpu.rdx = registers.rdx;
    cpu.rsi = registers.rsi;
    cpu.rdi = registers.rdi;
    std::copy(registers.r8_to_r15.begin(), registers.r8_to_r15.end(), cpu.r8_to_r15);
    cpu.rip = registers.rip;
    cpu.rsp = registers.rsp;
    cpu.rbp = registers.rbp;
    cpu.rflags = registers.rflags;
}

void load_general(const VboxCpuCommon& cpu, Registers& registers) {
    registers.rax = cpu.rax;
    registers.rbx = cpu.rbx;
    registers.rcx = cpu.rcx;
    registers.rdx = cpu.rdx;
    registers.rsi = cpu.rsi;
    registers.rdi = cpu.rdi;
    std::copy(std::begin(cpu.r8_to_r15), std::end(cpu.r8_to_r15), registers.r8_to_r15.begin());
    registers.rip = cpu.rip;
    registers.rsp = cpu.rsp;
    registers.rbp = cpu.rbp;
    registers.rflags = cpu.rflags;
}

void store_system(const Registers& registers, VboxCpuCommon& cpu) {
    cpu.cs = stored(registers.cs);
    cpu.ds = stored(registers.ds);
    cpu.es = stored(registers.es);
    cpu.fs = stored(registers.fs);
    cpu.gs = stored(registers.gs);
    cpu.ss = stored(registers.ss);
    cpu.cr0 = registers.cr0;
    cpu.cr2 = registers.cr2;
    cpu.cr3 = registers.cr3;
    cpu.cr4 = registers.cr4;
    cpu.gdt = stored(registers.gdt);
    cpu.idt = stored(registers.idt);
    cpu.ldt = stored(registers.ldt);
    cpu.tr = stored(registers.tr);
    cpu.efer = registers.efer;
    cpu.kernel_gs_base = registers.kernel_gs_base;
}

void load_system(const VboxCpuCommon& cpu, Registers& registers) {
    registers.cs = segment_of(cpu.cs);
    registers.ds = segment_of(cpu.ds);
    registers.es = segment_of(cpu.es);
    registers.fs = segment_of(cpu.fs);
    registers.gs = segment_of(cpu.gs);
    registers.ss = segment_of(cpu.ss);
    registers.cr0 = cpu.cr0;
    registers.cr2 = cpu.cr2;
    registers.cr3 = cpu.cr3;
    registers.cr4 = cpu.cr4;
    registers.gdt = table_of(cpu.gdt);
    registers.idt = table_of(cpu.idt);
    registers.ldt = segment_of(cpu.ldt);
    registers.tr = segment_of(cpu.tr);
    registers.efer = cpu.efer;
    registers.kernel_gs_base = cpu.kernel_gs_base;
}

Result<> check_size(std::span<const std::byte> descriptor, uint32_t version) {
    TRY(check_vbox_format(version));
    const bool newest = version == kNewestVersion;
    const size_t size = descriptor.size();
    if (newest ? size == sizeof(VboxCpu) || size == kVboxCpuAlignedSize : size == kVboxCpuOldSize) {
        return {};
    }
    return Error::make("the VBCPU note of format 0x%08x has %zu bytes, %zu are needed", version,
                       size, newest ? sizeof(VboxCpu) : kVboxCpuOldSize);
}

/// The size field has the same offset in all descriptors of the newest format, however the state
/// after it is aligned.
Result<> check_extended_state(std::span<const std::byte> descriptor) {
    util::le32 size;
    std::memcpy(&size, descriptor.data() + offsetof(VboxCpu, extended_size), sizeof size);
    if (size <= sizeof(VboxCpu::extended_state)) return {};
    return Error::make("the VBCPU note has %u bytes of extended state, there is room for %zu",
                       uint32_t{size}, sizeof(VboxCpu::extended_state));
}

}  // namespace

Result<> check_vbox_format(uint32_t version) {
    if (version >= kOldestVersion && version <= kNewestVersion) return {};
    return Error::make("VirtualBox core format 0x%08x is not known, 0x%08x to 0x%08x are", version,
                       kOldestVersion, kNewestVersion);
}

void append_vbox_note(const Registers& registers, guest::NoteBuilder& out) {
    VboxCpu cpu;
    store_general(registers, cpu.common);
    store_system(registers, cpu.common);
    out.append_vbox("VBCPU", kNtVboxCpu, util::bytes_of(cpu));
}

Result<Registers> parse_vbox_note(std::span<const std::byte> descriptor, uint32_t version) {
    TRY(check_size(descriptor, version));
    if (version == kNewestVersion) TRY(check_extended_state(descriptor));
    VboxCpuCommon cpu;
    std::memcpy(&cpu, descriptor.data(), sizeof cpu);
    Registers registers;
    load_general(cpu, registers);
    load_system(cpu, registers);
    return registers;
}

}  // namespace guestdump::target_i386
