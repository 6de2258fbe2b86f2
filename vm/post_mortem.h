// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "guest/guest.h"
#include "target-i386/registers.h"
#include "util/result.h"
#include "vm/memory/address_space.h"

namespace guestdump::vm {

/// The record by which readers find the guest in a core of this process: the places of its memory,
/// its registers as of the last synchronisation, and its note. The record has a mapping of its own,
/// is complete at every moment at which the process may die, and refers to nothing outside itself
/// except guest memory and live registers. docs/post-mortem.md describes its fields;
/// vmcore/process/process_core.h reads it.
///
/// All functions: main loop.
class PostMortem {
  public:
    /// Makes the record of a machine whose guest sees @memory. @live_registers has, for each vCPU,
    /// the address of its format::LiveRegisters, or nullptr if the accelerator has none.
    ///
    /// Errors: there is no memory for it.
    static Result<std::unique_ptr<PostMortem>> create(
        const AddressSpace& memory, const std::vector<const void*>& live_registers);
    ~PostMortem();
    PostMortem(const PostMortem&) = delete;
    PostMortem& operator=(const PostMortem&) = delete;

    /// Records the registers of every vCPU and the guest's note. No vCPU may be running. A note
    /// larger than kMaxGuestNote is left out. Marks the vCPUs as stopped; set_running(true) must
    /// follow when they run again.
    void update(std::span<const target_i386::Registers> registers,
                const std::optional<guest::GuestNote>& note);

    /// Records that the guest has passed @note, or withdrawn it. The registers stay.
    void set_note(const std::optional<guest::GuestNote>& note);

    /// Records whether the vCPUs have run since update().
    void set_running(bool running);

    /// The record as readers find it.
    std::span<const std::byte> bytes() const { return {start_, length_}; }

  private:
    PostMortem(std::span<std::byte> mapping, uint64_t length,
               const std::vector<const void*>& live_registers);
    void write_static(const AddressSpace& memory, uint64_t blocks, uint64_t copies,
                      uint64_t copy_size);
    void write_copy();

    std::span<std::byte> mapping_;  ///< including the guard pages around it
    std::byte* start_;
    uint64_t length_;
    uint64_t copies_ = 0, copy_size_ = 0;
    uint64_t sequence_ = 0;
    std::vector<const void*> live_registers_;
    // Contents of the newest copy.
    uint64_t time_ = 0;
    std::vector<target_i386::Registers> registers_;
    guest::GuestNote note_;
};

}  // namespace guestdump::vm
