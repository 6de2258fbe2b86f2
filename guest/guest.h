// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "guest/architecture.h"
#include "guest/left_out.h"
#include "guest/memory_map.h"
#include "guest/page_source.h"
#include "guest/recorded_note.h"
#include "guest/utsname.h"
#include "util/error.h"

/// The interface between a dump and a machine. A virtual machine monitor implements Guest, and
/// RamRegion for its memory, and links `dump`. In this project, vm/ and vmcore/ implement it.

namespace guestdump::guest {

class LiveView;

/// A note that the guest passed to the machine (VMCOREINFO), including its header, not yet checked.
using GuestNote = std::vector<std::byte>;

/// Maximum size of a guest note that is read, bytes; the same as QEMU's. [qemu
/// include/sysemu/dump.h]
inline constexpr uint32_t kMaxGuestNote = 1u << 20;

/// A machine. All functions: main loop. The results of blocks(), page_source() and cpus() belong to
/// the caller, do not change, and may be used by any thread.
class Guest {
  public:
    virtual ~Guest() = default;

    /// True while vCPUs may run.
    virtual bool running() const = 0;

    /// Stops every vCPU and synchronises its registers. If the guest is stopped already, only
    /// synchronises them. After an error some vCPUs may be stopped, so the caller must call
    /// resume() then too.
    virtual Result<> pause() = 0;

    /// Ends a pause; called once for each pause(). vCPUs that were running continue, unless the
    /// guest has been stopped for another reason since.
    virtual void resume() = 0;

    /// RAM and ROM that belong in a dump, without device memory and non-volatile memory.
    virtual GuestPhysBlockList blocks() const = 0;

    /// Reads the contents of blocks().
    virtual std::shared_ptr<const PageSource> page_source() const {
        return std::make_shared<RamSource>(blocks());
    }

    /// Begins to hold back the guest's writes, for a dump while it runs. @pool_bytes bounds the
    /// copies of pages that it needs; 0: a default. nullptr if the guest cannot run, so that there
    /// is nothing to hold back.
    ///
    /// Errors: the host lacks what is needed; they name it. Nothing has changed then.
    virtual Result<std::shared_ptr<LiveView>> live_view(uint64_t pool_bytes) {
        (void)pool_bytes;
        return Error::make("this machine cannot be dumped while it runs");
    }

    /// The registers of every vCPU, as of the last pause(). None if the architecture
    /// has no functions here; then recorded_notes() has their notes.
    virtual std::vector<Cpu> cpus() const = 0;

    /// Properties of a dump of @blocks. Errors: the guest has no vCPU, or its architecture is
    /// unknown.
    virtual Result<ArchDumpInfo> arch_info(const GuestPhysBlockList& blocks) const = 0;

    /// Empty if the guest passed none. Its header is little-endian for any guest.
    virtual std::optional<GuestNote> guest_note() const = 0;

    /// The guest's uname(2), as recorded in the file that the guest is read from. Not checked.
    virtual std::optional<Utsname> recorded_utsname() const { return std::nullopt; }

    /// Notes of the file that the guest is read from that nothing else here describes.
    virtual RecordedNotes recorded_notes() const { return {}; }

    /// Memory of the guest that blocks() lacks, because the file that the guest is read from lacks
    /// it.
    virtual LeftOut left_out() const { return {}; }
};

}  // namespace guestdump::guest
