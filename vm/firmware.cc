// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/firmware.h"

#include <algorithm>
#include <cassert>

#include "util/stored.h"

extern "C" const std::byte guestdump_firmware[];  // firmware/firmware.S

namespace guestdump::vm {
namespace {

constexpr size_t kSize = 0x40000;
constexpr size_t kEntrySlot = kSize - 8;

// Address and limit of the firmware's descriptor table, and the flags of its descriptors.
constexpr uint64_t kGdt = 0xffffff00;
constexpr uint32_t kGdtLimit = 3 * 8 - 1;
constexpr uint32_t kFlatCode = 0xc09b00;
constexpr uint32_t kFlatData = 0xc09300;

}  // namespace

std::span<const std::byte> firmware_image() {
    return {guestdump_firmware, kSize};
}

void set_entry(std::span<std::byte> image, uint32_t entry) {
    assert(image.size() == kSize);
    const util::le32 stored = entry;
    std::ranges::copy(util::bytes_of(stored), image.subspan(kEntrySlot).begin());
}

target_i386::Registers entry_registers(uint32_t entry) {
    const target_i386::SegmentRegister data{
        .selector = 0x10, .limit = UINT32_MAX, .flags = kFlatData};
    target_i386::Registers registers = target_i386::reset_registers();
    registers.rip = entry;
    registers.cs = {.selector = 0x08, .limit = UINT32_MAX, .flags = kFlatCode};
    registers.ds = registers.es = registers.fs = registers.gs = registers.ss = data;
    registers.gdt = {.base = kGdt, .limit = kGdtLimit};
    registers.cr0 = 0x11;  // PE, ET
    return registers;
}

}  // namespace guestdump::vm
