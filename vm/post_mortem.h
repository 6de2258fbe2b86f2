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

/// The record by which the guest is found in a core of this process: where its memory is, what its
/// registers were when they were last synchronised, its note. It lies in a mapping of its own, is
/// whole at every moment at which the process may die, and refers to nothing but itself.
/// docs/post-mortem.md has its fields; vmcore/process_core.h reads it.
///
/// All functions: main loop.
class PostMortem {
  public:
    /// Of a machine whose guest sees @memory. @live_registers are, for each vCPU, the address of
    /// its format::LiveRegisters, or nullptr where the accelerator keeps none.
    ///
    /// Errors: there is no memory for it.
    static Result<std::unique_ptr<PostMortem>> create(
        const AddressSpace& memory, const std::vector<const void*>& live_registers);
    ~PostMortem();
    PostMortem(const PostMortem&) = delete;
    PostMortem& operator=(const PostMortem&) = delete;

    /// The registers of every vCPU, as they are now that none runs, and the guest's note; one
    /// larger than kMaxGuestNote is left out. set_running(true) tells when they run on.
    void update(std::span<const target_i386::Registers> registers,
                const std::optional<guest::GuestNote>& note);

    /// The guest has handed over @note or taken it back; registers stay what they were.
    void set_note(const std::optional<guest::GuestNote>& note);

    /// Whether the vCPUs run on from what update() told last.
    void set_running(bool running);

    /// The record as a reader finds it.
    std::span<const std::byte> bytes() const { return {start_, length_}; }

  private:
    PostMortem(std::span<std::byte> mapping, uint64_t length,
               const std::vector<const void*>& live_registers);
    void write_static(const AddressSpace& memory, uint64_t blocks, uint64_t copies,
                      uint64_t copy_size);
    void write_copy();

    std::span<std::byte> mapping_;  ///< with the guards around it
    std::byte* start_;
    uint64_t length_;
    uint64_t copies_ = 0, copy_size_ = 0;
    uint64_t sequence_ = 0;
    std::vector<const void*> live_registers_;
    // What the newest copy says.
    uint64_t time_ = 0;
    std::vector<target_i386::Registers> registers_;
    guest::GuestNote note_;
};

}  // namespace guestdump::vm
