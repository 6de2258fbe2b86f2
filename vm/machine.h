// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guest/guest.h"
#include "target-i386/registers.h"
#include "util/weak_this.h"
#include "vm/accel.h"
#include "vm/fw_cfg.h"
#include "vm/memory/address_space.h"
#include "vm/memory/live_memory.h"
#include "vm/post_mortem.h"
#include "vm/run_state.h"

namespace guestdump::vm {

enum class MachineType : uint8_t { none, pc, q35 };

/// "none", "pc", "q35".
std::string_view to_string(MachineType type);

/// Bytes that the machine writes to guest memory at every reset.
struct LoadedImage {
    Gpa start;
    std::vector<std::byte> bytes;
};

/// The parts of which a machine is made.
struct MachineParts {
    std::string name;  ///< from -name; may be empty
    std::string uuid;  ///< from -uuid; may be empty
    MachineType type = MachineType::pc;
    uint64_t ram_bytes = 0;  ///< from -m
    AddressSpace memory;
    std::vector<LoadedImage> images;
    /// Registers of every vCPU after a reset.
    std::vector<target_i386::Registers> start_registers;
    /// nullptr: the machine is frozen, and its registers are always start_registers.
    std::unique_ptr<Accel> accel;
    std::optional<guest::GuestNote> guest_note;
    std::optional<guest::Utsname> recorded_utsname;  ///< from the restored vmcore
    /// From a restored vmcore without registers of vCPUs, which otherwise show it.
    std::optional<guest::ArchDumpInfo> recorded_arch;
    guest::RecordedNotes recorded_notes;  ///< from the restored vmcore
    bool vmcoreinfo_device = false;       ///< the guest can hand over its note through fw_cfg
    std::vector<std::string> warnings;    ///< for the user
};

/// An event of the machine that QMP clients receive.
struct MachineEvent {
    enum class Kind : uint8_t { stop, resume, reset, shutdown };
    Kind kind = Kind::stop;
    /// For reset and shutdown only.
    std::optional<ShutdownCause> cause;
};

/// A machine that can be run, stopped and dumped. It knows neither monitors nor a main loop.
///
/// All functions: main loop. vCPU threads post their messages there.
class Machine final : public guest::Guest {
  public:
    /// Runs a function on the main loop, soon. Called from any thread.
    using Post = std::function<void(std::function<void()>)>;
    using OnEvent = std::function<void(const MachineEvent&)>;

    /// The machine is in prelaunch, with vCPUs that are reset and do not run. A frozen machine is
    /// paused.
    ///
    /// Errors: those of the accelerator; an image does not fit into memory.
    static Result<std::unique_ptr<Machine>> create(MachineParts parts, Post post);
    /// Ends the vCPUs. Messages that they have posted are dropped.
    ~Machine() override;

    /// Sets the function that is called for every event from now on.
    void set_on_event(OnEvent on_event) { on_event_ = std::move(on_event); }

    RunState state() const { return state_; }
    const std::string& name() const { return parts_.name; }
    const std::string& uuid() const { return parts_.uuid; }
    MachineType type() const { return parts_.type; }
    uint64_t ram_bytes() const { return parts_.ram_bytes; }
    const AddressSpace& memory() const { return parts_.memory; }
    /// The record by which readers find the guest in a core of this process.
    const PostMortem& post_mortem() const { return *post_mortem_; }
    /// The name for -accel; empty for a frozen machine.
    std::string_view accel_name() const;
    bool frozen() const { return !parts_.accel; }

    unsigned cpu_count() const { return static_cast<unsigned>(parts_.start_registers.size()); }
    /// Host thread ID (TID) of vCPU @cpu; the process ID if the machine is frozen.
    pid_t cpu_thread_id(unsigned cpu) const;

    /// The current registers of vCPU @cpu. A running guest is halted for a moment, without an
    /// event. Errors: those of the accelerator.
    Result<target_i386::Registers> registers(unsigned cpu);

    /// Updates the registers that cpus() and arch_info() use. A running guest is halted for a
    /// moment, without an event. Errors: those of the accelerator.
    Result<> refresh_cpus();

    /// Stops the vCPUs. If they do not run, nothing happens, but a pause for a dump becomes a
    /// lasting stop.
    void stop();

    /// Lets the vCPUs run. If they run already, nothing happens.
    ///
    /// Errors: the guest is dead and must be reset first; a dump holds it; the machine is frozen.
    Result<> cont();

    /// Resets the machine, at once or, during a dump, when the dump releases the guest. Images are
    /// loaded again, other RAM keeps its contents. A machine that does not run is in prelaunch
    /// afterwards, so that cont() starts even a dead guest again.
    ///
    /// Errors: the machine is frozen.
    Result<> request_reset(ShutdownCause cause);

    /// Emits the shutdown event. The owner of the machine then ends it.
    void request_shutdown(ShutdownCause cause);

    bool running() const override { return state_ == RunState::running; }
    /// As stop(), but into save_vm and only until resume().
    Result<> pause() override;
    void resume() override;
    Result<std::shared_ptr<guest::LiveView>> live_view(uint64_t pool_bytes) override;
    guest::GuestPhysBlockList blocks() const override { return parts_.memory.dumpable(); }
    std::vector<guest::Cpu> cpus() const override { return cpus_; }
    Result<guest::ArchDumpInfo> arch_info(const guest::GuestPhysBlockList& blocks) const override;
    /// The note of the vmcore, or the one that the guest handed over, if it lies in RAM and has at
    /// most kMaxGuestNote bytes.
    std::optional<guest::GuestNote> guest_note() const override;
    guest::RecordedNotes recorded_notes() const override { return parts_.recorded_notes; }
    std::optional<guest::Utsname> recorded_utsname() const override {
        return parts_.recorded_utsname;
    }

  private:
    Machine(MachineParts parts, Post post);
    Result<> create_vcpus();
    Result<> create_post_mortem();
    Result<> reset_contents();
    Result<std::vector<target_i386::Registers>> all_registers();
    Result<> synchronize();
    void record_registers();
    /// Called on a vCPU's thread.
    void note_changed();
    /// Held wherever the main loop waits for vCPUs or writes to guest memory: docs/live.md,
    /// invariant 6.
    LiveMemory::Hurry hurry() const { return LiveMemory::Hurry(live_.lock()); }
    void run_vcpus();
    void halt_vcpus();
    void post_to_self(std::function<void(Machine&)> function);
    void run();
    void halt_into(RunState state);
    void reset(ShutdownCause cause);
    void died(const VcpuFault& fault);
    void emit(MachineEvent::Kind kind, std::optional<ShutdownCause> cause = {});

    std::unique_ptr<FwCfg> fw_cfg_;  ///< declared before parts_, whose vCPUs use it
    MachineParts parts_;
    Post post_;
    OnEvent on_event_;
    RunState state_ = RunState::prelaunch;
    bool held_ = false;  ///< between pause() and resume()
    std::optional<ShutdownCause> reset_after_hold_;
    uint64_t resets_ = 0;             ///< written while the vCPUs are halted, read by running vCPUs
    std::vector<guest::Cpu> cpus_;    ///< as of the last synchronize()
    std::weak_ptr<LiveMemory> live_;  ///< of the latest live dump
    std::unique_ptr<PostMortem> post_mortem_;
    std::atomic<bool> note_posted_{false};  ///< set by vCPUs; cleared when the record has the note
    util::WeakThis<Machine> weak_this_;     ///< for posted functions
};

}  // namespace guestdump::vm
