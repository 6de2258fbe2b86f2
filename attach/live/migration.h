// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "attach/emulator.h"

/// QMP commands for migrations; a background snapshot is a kind of migration. Errors of all
/// functions: those of Emulator::ask(); the reply does not have the form of QEMU's.

namespace guestdump::attach {

/// What query-migrate returns.
struct MigrationState {
    std::string status;      ///< "none", "active", "completed", ...; empty if there is none yet
    std::string reason;      ///< why it failed; may be empty
    uint64_t total = 0;      ///< bytes of guest memory; 0 if QEMU has not begun
    uint64_t remaining = 0;  ///< bytes of guest memory that are still to be sent
    std::vector<std::string> blocked{};  ///< why the guest cannot be migrated

    /// False while QEMU migrates, or is about to begin.
    bool is_over() const;
};

Result<MigrationState> query_migration(Emulator& emulator);

/// Names of the migration capabilities that are on, sorted; with @known also those that are off.
struct Capabilities {
    std::vector<std::string> on;
    std::vector<std::string> known;

    bool has(std::string_view name) const;
    bool knows(std::string_view name) const;
};

Result<Capabilities> query_capabilities(Emulator& emulator);

/// Guest-physical addresses of the RAM blocks of DIMMs, by the block's name. [qemu
/// hw/mem/pc-dimm.c; backends/hostmem.c, host_memory_backend_get_name]
Result<std::map<std::string, uint64_t>> dimm_addresses(Emulator& emulator);

/// Switches the capability background-snapshot. Errors: QEMU cannot make one of this guest.
Result<> set_background_snapshot(Emulator& emulator, bool on);

/// The stream goes to the descriptor that QEMU knows as @descriptor. Errors: QEMU's refusal.
Result<> begin_migration(Emulator& emulator, const std::string& descriptor);

/// Takes back a descriptor that was passed and is not used.
Result<> close_descriptor(Emulator& emulator, const std::string& descriptor);

}  // namespace guestdump::attach
