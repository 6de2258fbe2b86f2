// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "guest/architecture.h"
#include "guest/memory_map.h"
#include "guest/page_source.h"
#include "guest/utsname.h"
#include "util/result.h"

/// The port: all that a dump asks of a machine. A virtual machine monitor implements Guest and
/// RamRegion for its memory, and links; vm/ and vmcore/ do so here.

namespace guestdump::guest {

/// A note that the guest handed over (VMCOREINFO): whole, with its header, not yet checked.
using GuestNote = std::vector<std::byte>;

/// Largest guest note that is looked at, bytes; QEMU's bound as well. [qemu include/sysemu/dump.h]
inline constexpr uint32_t kMaxGuestNote = 1u << 20;

/// A machine. All functions: main loop. What blocks(), page_source() and cpus() return belongs to
/// the caller, stays as it is, and may be used by any thread.
class Guest {
  public:
    virtual ~Guest() = default;

    /// True while vCPUs may run.
    virtual bool running() const = 0;

    /// Stops every vCPU and synchronises its registers. A guest that does not run is only
    /// synchronised. On an error some vCPUs may stand still; resume() is called then too.
    virtual Result<> pause() = 0;

    /// Ends what pause() began, and is called once for each pause(). vCPUs that ran then run on,
    /// unless the guest has been stopped for another reason since.
    virtual void resume() = 0;

    /// RAM and ROM that belong in a dump; no device memory, nothing non-volatile.
    virtual GuestPhysBlockList blocks() const = 0;

    /// Where the contents of blocks() come from.
    virtual std::shared_ptr<const PageSource> page_source() const {
        return std::make_shared<RamSource>(blocks());
    }

    /// The registers of every vCPU, as of the last pause().
    virtual std::vector<Cpu> cpus() const = 0;

    /// Errors: there is no vCPU to ask, or the architecture is unknown.
    virtual Result<ArchDumpInfo> arch_info(const GuestPhysBlockList& blocks) const = 0;

    /// Empty if the guest gave none.
    virtual std::optional<GuestNote> guest_note() const = 0;

    /// What uname(2) said in the guest, by the file that it comes from. Not checked.
    virtual std::optional<Utsname> recorded_utsname() const { return std::nullopt; }
};

}  // namespace guestdump::guest
