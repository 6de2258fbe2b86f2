// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guest/architecture.h"
#include "target-i386/paging_traits.h"
#include "target-i386/registers.h"

namespace guestdump::target_i386 {

/// The architecture table for x86.
extern const guest::Architecture kArchitecture;

/// What a dump contains about one x86 vCPU.
struct CpuState final : guest::RegisterValues {
    CpuState(const Registers& values, const PagingTraits& paging)
        : registers(values), traits(paging) {}

    Registers registers;
    PagingTraits traits;
};

/// A vCPU with these registers.
guest::Cpu make_cpu(const Registers& registers, const PagingTraits& traits = {});

/// The registers of @cpu, which must have been made by make_cpu().
const Registers& registers_of(const guest::Cpu& cpu);

}  // namespace guestdump::target_i386
