// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/live/conclusion.h"

#include <chrono>
#include <thread>

#include "attach/live/write_protection.h"
#include "attach/questions.h"

namespace guestdump::attach {
namespace {

using namespace std::chrono_literals;

Result<MigrationState> await_end(Emulator& emulator) {
    while (true) {
        MigrationState state = TRY(query_migration(emulator));
        if (state.is_over()) return state;
        emulator.keep_watching();
        std::this_thread::sleep_for(20ms);
    }
}

/// QEMU 7.2 leaves the guest stopped if it fails in the stop. [qemu migration/migration.c,
/// bg_migration_thread]
Result<> resume_after_failure(Emulator& emulator) {
    const bool runs = TRY(guest_runs(emulator));
    if (runs) return {};
    TRY(emulator.ask("cont"));
    return {};
}

}  // namespace

Result<bool> free_guest(const LiveFit& fit) {
    if (fit.mended || !fit.process) return false;
    const size_t freed = TRY(lift_write_protection(*fit.process));
    return freed != 0;
}

Result<> await_stream_end(Emulator& emulator, const Spool& spool) {
    // A command of a client that has ended may still be on its way through libvirt.
    constexpr int kTries = 10;
    for (int tries = 0; !spool.has_ended(); ++tries) {
        emulator.keep_watching();
        const MigrationState state = TRY(query_migration(emulator));
        if (!state.is_over()) tries = 0;
        if (tries == kTries) (void)close_descriptor(emulator, kStreamName);
        std::this_thread::sleep_for(50ms);
    }
    return {};
}

Result<MigrationState> conclude_snapshot(Emulator& emulator, const LiveFit& fit) {
    // Must come first: a waiting vCPU may hold QEMU's main lock, and then QEMU does not answer.
    TRY(free_guest(fit));
    MigrationState state = TRY(await_end(emulator));
    if (!fit.was_on) TRY(set_background_snapshot(emulator, false));
    if (state.status == "failed") TRY(resume_after_failure(emulator));
    return state;
}

}  // namespace guestdump::attach
