// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "api/guestdump.h"
#include "guest/guest.h"

namespace guestdump::api {

/// A guest that consists of a C program's callbacks. Threads: as guest::Guest says.
class CallbackGuest final : public guest::Guest {
  public:
    /// Errors: the range lies above the addresses of x86, or overlaps a block.
    Result<> add(guest::GpaRange range, std::shared_ptr<const guest::RamRegion> region);

    void set_pause(guestdump_pause* stop, guestdump_resume* go_on, void* opaque);
    /// Errors: too many vCPUs, or none.
    Result<> set_vcpus(uint32_t count, guestdump_get_registers* get, void* opaque);
    /// Errors: it is too long.
    Result<> set_note(std::span<const std::byte> note);

    bool running() const override { return pause_ != nullptr && !paused_; }
    Result<> pause() override;
    void resume() override;
    guest::GuestPhysBlockList blocks() const override { return blocks_; }
    std::vector<guest::Cpu> cpus() const override { return cpus_; }
    Result<guest::ArchDumpInfo> arch_info(const guest::GuestPhysBlockList& blocks) const override;
    std::optional<guest::GuestNote> guest_note() const override { return note_; }

  private:
    Result<> read_registers();

    guest::GuestPhysBlockList blocks_;
    std::vector<guest::Cpu> cpus_;  ///< as of the last pause()
    std::optional<guest::GuestNote> note_;
    guestdump_pause* pause_ = nullptr;
    guestdump_resume* resume_ = nullptr;
    void* pause_opaque_ = nullptr;
    uint32_t vcpus_ = 0;
    guestdump_get_registers* get_registers_ = nullptr;
    void* registers_opaque_ = nullptr;
    bool paused_ = false;
};

}  // namespace guestdump::api

struct guestdump_guest {
    guestdump::api::CallbackGuest machine;
};
