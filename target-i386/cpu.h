// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guest/architecture.h"
#include "target-i386/paging_mode.h"
#include "target-i386/registers.h"

namespace guestdump::target_i386 {

/// x86's row of the architecture table.
extern const guest::Architecture kArchitecture;

/// What a dump knows of one x86 vCPU.
struct CpuState final : guest::RegisterValues {
    CpuState(const Registers& values, const PagingTraits& paging)
        : registers(values), traits(paging) {}

    Registers registers;
    PagingTraits traits;
};

/// A vCPU with these registers.
guest::Cpu make_cpu(const Registers& registers, const PagingTraits& traits = {});

/// The registers of @cpu, which make_cpu() has made.
const Registers& registers_of(const guest::Cpu& cpu);

}  // namespace guestdump::target_i386
