// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/vm/bare_machine.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/support/results.h"
#include "vm/firmware.h"
#include "vm/memory/ram.h"

namespace guestdump::vm {
namespace {

using support::must;

constexpr uint64_t kRamSize = 4 << 20;
constexpr uint32_t kGuest = 1 << 20;

std::vector<std::byte> read_guest(const std::string& name) {
    const char* const build = std::getenv("GUESTDUMP_BUILD");
    ck_assert_msg(build, "GUESTDUMP_BUILD does not say where the build is");
    const std::string path = std::string(build) + "/tests/guests/" + name + ".bin";
    std::FILE* const file = std::fopen(path.c_str(), "rb");
    ck_assert_msg(file, "%s cannot be read", path.c_str());
    std::vector<std::byte> bytes(kRamSize);
    bytes.resize(std::fread(bytes.data(), 1, bytes.size(), file));
    std::fclose(file);
    return bytes;
}

std::shared_ptr<Ram> make_ram(const char* id, uint64_t size) {
    RamSpec spec;
    spec.id = id;
    spec.size = size;
    return must(Ram::create(spec));
}

}  // namespace

BareMachine::BareMachine(std::unique_ptr<Accel> accel, unsigned cpus, const std::string& guest)
    : cpus_(cpus), accel_(std::move(accel)) {
    const auto ram = make_ram("ram", kRamSize);
    const auto firmware = firmware_image();
    const auto rom = make_ram("rom", firmware.size());
    std::memcpy(rom->host(), firmware.data(), firmware.size());
    if (!guest.empty()) {
        image_ = read_guest(guest);
        set_entry({rom->host(), firmware.size()}, kGuest);
    }
    ram_ = ram->host();
    must(memory_.add({.range = {Gpa{0}, kRamSize}, .region = ram, .host = ram->host()}));
    must(memory_.add({.range = {Gpa{0x100000000 - firmware.size()}, firmware.size()},
                      .region = rom,
                      .host = rom->host(),
                      .kind = MemoryKind::rom}));
    must(accel_->create_vcpus(cpus, memory_, [this](const VcpuFault& fault) {
        const std::lock_guard lock(mutex_);
        faults_.push_back(fault);
        faulted_.notify_all();
    }));
    reset();
}

void BareMachine::reset() {
    must(memory_.load(Gpa{kGuest}, image_));
    for (unsigned cpu = 0; cpu < cpus_; ++cpu) reset(cpu, target_i386::reset_registers());
}

void BareMachine::reset(unsigned cpu, const target_i386::Registers& registers) {
    must(accel_->reset(cpu, registers));
}

target_i386::Registers BareMachine::registers(unsigned cpu) {
    return must(accel_->registers(cpu));
}

uint64_t BareMachine::word(uint64_t gpa) const {
    return std::atomic_ref(*reinterpret_cast<uint64_t*>(ram_ + gpa))
        .load(std::memory_order_relaxed);
}

uint64_t BareMachine::run_until_hlt() {
    std::byte before{};
    uint64_t rip = 0;
    do {
        accel_->run();
        usleep(100);
        accel_->halt();
        // The guests here execute HLT only in memory that is mapped to its own physical address.
        rip = registers(0).rip;
        must(memory_.dumpable().read_padded(Gpa{rip - 1}, {&before, 1}));
    } while (before != std::byte{0xf4} && !any_fault());
    return rip;
}

bool BareMachine::any_fault() {
    const std::lock_guard lock(mutex_);
    return !faults_.empty();
}

VcpuFault BareMachine::wait_fault() {
    std::unique_lock lock(mutex_);
    faulted_.wait(lock, [this] { return !faults_.empty(); });
    const VcpuFault fault = faults_.front();
    faults_.erase(faults_.begin());
    return fault;
}

}  // namespace guestdump::vm
