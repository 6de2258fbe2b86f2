// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/registers.h"

namespace guestdump::target_i386 {
namespace {

// High words of the descriptors in the hidden parts after RESET. [SDM 3A table 10-1]
constexpr uint32_t kAccessedData = 0x9300;
constexpr uint32_t kAccessedCode = 0x9b00;
constexpr uint32_t kLocalDescriptorTable = 0x8200;
constexpr uint32_t kBusyTaskState = 0x8b00;

/// EDX after RESET is the processor's signature. [SDM 3A 10.1.2] This is QEMU's default processor
/// (family 15, model 107, stepping 1); an accelerator that runs another sets that one's.
constexpr uint64_t kProcessorSignature = 0x60fb1;

constexpr uint64_t kCr0AtReset = 0x60000010;  ///< CD, NW, ET

}  // namespace

Registers reset_registers() {
    const SegmentRegister data{.limit = 0xffff, .flags = kAccessedData};
    Registers registers;
    registers.rdx = kProcessorSignature;
    registers.rip = 0xfff0;
    registers.rflags = 0x2;
    registers.cs = {
        .selector = 0xf000, .base = 0xffff0000, .limit = 0xffff, .flags = kAccessedCode};
    registers.ds = registers.es = registers.fs = registers.gs = registers.ss = data;
    registers.ldt = {.limit = 0xffff, .flags = kLocalDescriptorTable};
    registers.tr = {.limit = 0xffff, .flags = kBusyTaskState};
    registers.gdt = registers.idt = {.limit = 0xffff};
    registers.cr0 = kCr0AtReset;
    return registers;
}

}  // namespace guestdump::target_i386
