// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/elf/machine_name.h"

#include <algorithm>
#include <iterator>

namespace guestdump::vmcore {

std::string machine_name(uint16_t e_machine) {
    static constexpr struct {
        uint16_t number;
        const char* name;
    } kNames[] = {
        {2, "sparc"},     {3, "i386"},    {8, "mips"},        {20, "ppc"},  {21, "ppc64"},
        {22, "s390x"},    {40, "arm"},    {43, "sparc64"},    {50, "ia64"}, {62, "x86_64"},
        {183, "aarch64"}, {243, "riscv"}, {258, "loongarch"},
    };
    const auto* name = std::find_if(std::begin(kNames), std::end(kNames),
                                    [&](const auto& one) { return one.number == e_machine; });
    return name == std::end(kNames) ? "unknown" : name->name;
}

}  // namespace guestdump::vmcore
