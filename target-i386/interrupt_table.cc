// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/interrupt_table.h"

#include "util/stored.h"

namespace guestdump::target_i386 {
namespace {

/// A gate in long mode. Its first half is a gate in protected mode. [SDM 3A figures 6-2, 6-8]
struct Gate {
    util::le16 offset_low, selector, attributes, offset_middle;
    util::le32 offset_high, reserved;
};
static_assert(sizeof(Gate) == 16);

constexpr size_t kProtectedModeGate = 8;
constexpr uint16_t kPresent = 1u << 15;  ///< of the attributes
constexpr uint64_t kPage = 4096;

}  // namespace

std::optional<guest::Gva> first_gate(guest::Gpa table, bool long_mode,
                                     const guest::PageSource& memory) {
    Gate gate;
    const size_t size = long_mode ? sizeof(gate) : kProtectedModeGate;
    if (table.value % kPage + size > kPage) return std::nullopt;
    if (!memory.read(table, std::as_writable_bytes(std::span(&gate, 1)).first(size))) {
        return std::nullopt;
    }
    if (!(gate.attributes & kPresent)) return std::nullopt;
    return guest::Gva{uint64_t{gate.offset_low} | uint64_t{gate.offset_middle} << 16 |
                      uint64_t{gate.offset_high} << 32};
}

}  // namespace guestdump::target_i386
