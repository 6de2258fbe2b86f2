// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/accels.h"

#include <atomic>
#include <cassert>
#include <utility>
#include <vector>

#include "util/stored.h"
#include "vm/counting_guest.h"
#include "vm/vcpu_thread.h"

namespace guestdump::vm {
namespace {

using target_i386::Registers;
using target_i386::SegmentRegister;

/// Steps after which a vCPU rests. A halt mostly comes during a rest. The number is not a multiple
/// of the loop's three instructions, so that all of them occur at rests.
constexpr unsigned kStepsInARow = 4096;

/// A rest is this long for each vCPU, so that all vCPUs together do not keep a host processor busy.
constexpr std::chrono::microseconds kRestForEachVcpu{250};

constexpr uint64_t kTableEntry = 0x3;  ///< present, writable [SDM 3A 4.5]
constexpr uint64_t kLargePage = 0x83;  ///< likewise, 2 MiB
constexpr uint64_t kLargePageSize = 0x200000;

/// Registers of the first run: the counting guest at the beginning of its loop.
Registers counting_registers(unsigned cpu, Registers registers) {
    using namespace counting_guest;
    const SegmentRegister data{.selector = 0x10, .limit = UINT32_MAX, .flags = 0xc09300};
    registers.rbx = 0;
    registers.rdi = kVirtualBase + kCounters + kCounterStride * cpu;
    registers.rip = kIncrement;
    registers.cs = {.selector = 0x08, .limit = UINT32_MAX, .flags = 0xa09b00};
    registers.ds = registers.es = registers.fs = registers.gs = registers.ss = data;
    registers.gdt = {.base = kVirtualBase + kGdt, .limit = kGdtLimit};
    registers.cr0 = target_i386::kCr0ProtectedMode | target_i386::kCr0Paging | 0x10;  // and ET
    registers.cr3 = kPml4;
    registers.cr4 = target_i386::kCr4Pae;
    registers.efer = target_i386::kEferLongModeEnable | target_i386::kEferLongModeActive;
    return registers;
}

/// The 64-bit word at @gpa in this process. nullptr if there is no guest memory at @gpa.
uint64_t* word_at(const AddressSpace& memory, uint64_t gpa) {
    const GpaRange word{Gpa{gpa}, sizeof(uint64_t)};
    for (const MappedMemory& piece : memory.view()) {
        if (!piece.host || piece.range.overlap(word) != word) continue;
        std::byte* const host = piece.host + (gpa - piece.range.start.value);
        if (reinterpret_cast<uintptr_t>(host) % alignof(uint64_t) != 0) return nullptr;
        return reinterpret_cast<uint64_t*>(host);
    }
    return nullptr;
}

void write_page_tables(const AddressSpace& memory) {
    using namespace counting_guest;
    const std::pair<uint64_t, uint64_t> entries[] = {
        {kPml4, kPdpt + kTableEntry},
        {kPml4 + 8 * 256, kPdpt + kTableEntry},
        {kPdpt, kPageDirectory + kTableEntry},
        {kPageDirectory, kLargePage},
        {kPageDirectory + 8, kLargePageSize + kLargePage},
    };
    for (const auto& [gpa, entry] : entries) {
        const util::le64 stored = entry;
        const Result<> written = memory.load(Gpa{gpa}, util::bytes_of(stored));
        if (!written) return;
    }
}

/// A vCPU in the loop of the counting guest.
struct Vcpu {
    Registers registers;
    bool in_loop = false;         ///< it has run since its reset
    uint64_t* counter = nullptr;  ///< in guest memory; nullptr if there is no memory at its address

    void store() {
        if (!counter) return;
        // Readers of memory see whole values while the vCPU runs.
        std::atomic_ref(*counter).store(registers.rbx, std::memory_order_relaxed);
    }

    /// Executes the instruction at RIP.
    void step() {
        using namespace counting_guest;
        switch (registers.rip) {
            case kIncrement:
                ++registers.rbx;
                registers.rip = kStore;
                break;
            case kStore:
                store();
                registers.rip = kJump;
                break;
            default:
                registers.rip = kIncrement;
        }
    }

    void execute(VcpuThread& thread, std::chrono::microseconds rest) {
        while (!thread.stop_requested()) {
            for (unsigned i = 0; i < kStepsInARow && !thread.stop_requested(); ++i) step();
            thread.pause(rest);
        }
    }
};

class SyntheticAccel final : public Accel {
  public:
    ~SyntheticAccel() override { halt(); }

    std::string_view name() const override { return "synthetic"; }
    Result<> create_vcpus(unsigned count, const AddressSpace& memory, OnFault on_fault) override;
    void run() override;
    void halt() override;
    Result<Registers> registers(unsigned cpu) override { return vcpus_[cpu].registers; }
    Result<> reset(unsigned cpu, const Registers& registers) override;
    pid_t thread_id(unsigned cpu) const override { return threads_[cpu]->id(); }

  private:
    AddressSpace memory_;
    std::vector<Vcpu> vcpus_;
    std::vector<std::unique_ptr<VcpuThread>> threads_;  ///< destroyed before their vCPUs
};

Result<> SyntheticAccel::create_vcpus(unsigned count, const AddressSpace& memory, OnFault) {
    assert(vcpus_.empty());
    memory_ = memory;
    vcpus_.resize(count);
    const auto rest = kRestForEachVcpu * count;
    for (unsigned cpu = 0; cpu < count; ++cpu) {
        Vcpu* const its = &vcpus_[cpu];
        its->counter =
            word_at(memory, counting_guest::kCounters + counting_guest::kCounterStride * cpu);
        threads_.push_back(std::make_unique<VcpuThread>(
            [its, rest](VcpuThread& thread) { its->execute(thread, rest); }, [](pthread_t) {}));
    }
    return {};
}

void SyntheticAccel::run() {
    for (unsigned cpu = 0; cpu < vcpus_.size(); ++cpu) {
        Vcpu& vcpu = vcpus_[cpu];
        if (!vcpu.in_loop) {
            if (cpu == 0) write_page_tables(memory_);
            vcpu.registers = counting_registers(cpu, vcpu.registers);
            vcpu.in_loop = true;
            vcpu.store();
        }
    }
    for (const auto& thread : threads_) thread->run();
}

void SyntheticAccel::halt() {
    for (const auto& thread : threads_) thread->request_stop();
    for (const auto& thread : threads_) thread->wait_stopped();
}

Result<> SyntheticAccel::reset(unsigned cpu, const Registers& registers) {
    vcpus_[cpu].registers = registers;
    vcpus_[cpu].in_loop = false;
    return {};
}

}  // namespace

std::unique_ptr<Accel> make_synthetic_accel() {
    return std::make_unique<SyntheticAccel>();
}

}  // namespace guestdump::vm
