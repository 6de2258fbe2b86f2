// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/vm/writing_accel.h"

#include <algorithm>

namespace guestdump::vm {
namespace {

constexpr uint64_t kPage = 4096, kWords = kPage / sizeof(uint64_t);
constexpr uint64_t kWordsInAStep = 64;

uint64_t pages_of(uint64_t number, uint64_t cpus, uint64_t pages) {
    return (pages - number + cpus - 1) / cpus;
}

}  // namespace

uint64_t expected_word(uint64_t page, uint64_t at, uint64_t cpus, uint64_t pages, uint64_t rbx,
                       uint64_t rcx) {
    const uint64_t own = pages_of(page % cpus, cpus, pages);
    const uint64_t current = rbx % own, index = page / cpus;
    const bool is_new = index < current || (index == current && at < kWords - rcx);
    const uint64_t generation = rbx / own + (is_new ? 1 : 0);
    return generation == 0 ? 0 : (page << 32) + generation;
}

Result<> WritingAccel::create_vcpus(unsigned count, const AddressSpace&, OnFault) {
    vcpus_.resize(count);
    for (unsigned cpu = 0; cpu < count; ++cpu) {
        Vcpu* const its = &vcpus_[cpu];
        its->number = cpu;
        threads_.push_back(std::make_unique<VcpuThread>(
            [this, its](VcpuThread& thread) { execute(*its, thread); }, [](pthread_t) {}));
    }
    return {};
}

void WritingAccel::step(Vcpu& vcpu) {
    const uint64_t pages = ram_->size() / kPage;
    const uint64_t own = pages_of(vcpu.number, vcpus_.size(), pages);
    const uint64_t page = vcpu.pages % own * vcpus_.size() + vcpu.number;
    auto* const words = reinterpret_cast<uint64_t*>(ram_->host() + page * kPage);
    std::fill_n(words + vcpu.words, kWordsInAStep, (page << 32) + vcpu.pages / own + 1);
    vcpu.words += kWordsInAStep;
    if (vcpu.words < kWords) return;
    vcpu.words = 0;
    ++vcpu.pages;
    ++control_->pages;
}

void WritingAccel::execute(Vcpu& vcpu, VcpuThread& thread) {
    using Clock = std::chrono::steady_clock;
    static thread_local Clock::time_point last = Clock::now();  // also before the latest stop
    while (!thread.stop_requested()) {
        if (control_->idle) {
            thread.pause(std::chrono::microseconds(200));
        } else {
            step(vcpu);
        }
        const Clock::time_point now = Clock::now();
        const auto gap = std::chrono::duration_cast<std::chrono::microseconds>(now - last).count();
        if (static_cast<uint64_t>(gap) > control_->longest_gap_us)
            control_->longest_gap_us = static_cast<uint64_t>(gap);
        last = now;
    }
}

void WritingAccel::run() {
    for (const auto& thread : threads_) thread->run();
}

void WritingAccel::halt() {
    for (const auto& thread : threads_) thread->request_stop();
    for (const auto& thread : threads_) thread->wait_stopped();
}

Result<target_i386::Registers> WritingAccel::registers(unsigned cpu) {
    target_i386::Registers registers = target_i386::reset_registers();
    // Long mode, so that notes have 64-bit registers.
    registers.cr0 |= target_i386::kCr0ProtectedMode | target_i386::kCr0Paging;
    registers.cr4 |= target_i386::kCr4Pae;
    registers.efer = target_i386::kEferLongModeEnable | target_i386::kEferLongModeActive;
    registers.cr3 = uint64_t{1} << 40;  // in no memory: the guest has no page tables
    registers.rbx = vcpus_[cpu].pages;
    registers.rcx = kWords - vcpus_[cpu].words;
    return registers;
}

}  // namespace guestdump::vm
