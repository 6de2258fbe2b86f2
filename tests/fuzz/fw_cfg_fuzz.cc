// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/fw_cfg.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "tests/fuzz/fw_cfg_input.h"
#include "vm/memory/ram.h"

using namespace guestdump;

namespace {

/// The memory of a machine: a little RAM, which is also mapped as ROM.
class Bench {
  public:
    Bench() {
        vm::RamSpec spec;
        spec.id = "ram";
        spec.size = fuzz::kFwCfgRam;
        ram_ = std::move(*vm::Ram::create(spec));
        const auto add = [this](uint64_t gpa, vm::MemoryKind kind) {
            if (!memory_.add({.range = {vm::Gpa{gpa}, fuzz::kFwCfgRam},
                              .region = ram_,
                              .host = ram_->host(),
                              .kind = kind}))
                std::abort();
        };
        add(0, vm::MemoryKind::ram);
        add(fuzz::kFwCfgRom, vm::MemoryKind::rom);
    }

    /// Performs one step of a guest, from the front of @input. Returns the rest of @input.
    std::span<const std::byte> step(vm::FwCfg& device, std::span<const std::byte> input) {
        const auto what = std::to_integer<uint8_t>(input[0]);
        input = input.subspan(1);
        const auto take = [&input](size_t count) {
            const auto taken = input.first(std::min(count, input.size()));
            input = input.subspan(taken.size());
            return taken;
        };
        std::byte out[4];
        switch (what % fuzz::kFwCfgSteps) {
            case fuzz::kSelect:
                device.write_port(0x510, take(2));
                break;
            case fuzz::kRead:
                device.read_port(0x511, {out, 1});
                break;
            case fuzz::kDmaHigh:
                device.write_port(0x514, take(4));
                break;
            case fuzz::kDmaLow:
                device.write_port(0x518, take(4));
                break;
            case fuzz::kStore: {
                const auto at = take(3);
                store(at, take(what / fuzz::kFwCfgSteps));
                break;
            }
            case fuzz::kAnyPort: {
                const auto port = take(2);
                device.write_port(number(port), take(what / fuzz::kFwCfgSteps % 9));
                device.read_port(number(port), {out, what % 4u + 1});
                break;
            }
            default:
                device.reset();
        }
        return input;
    }

    const vm::AddressSpace& memory() const { return memory_; }
    void clear() { std::memset(ram_->host(), 0, fuzz::kFwCfgRam); }

  private:
    static uint16_t number(std::span<const std::byte> bytes) {
        uint16_t value = 0;
        std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof value));
        return value;
    }

    void store(std::span<const std::byte> at, std::span<const std::byte> data) {
        const size_t offset = number(at) % fuzz::kFwCfgRam;
        std::copy_n(data.begin(), std::min(data.size(), fuzz::kFwCfgRam - offset),
                    ram_->host() + offset);
    }

    std::shared_ptr<vm::Ram> ram_;
    vm::AddressSpace memory_;
};

}  // namespace

/// Interprets any bytes as a guest's accesses to its fw_cfg device and to its memory.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static Bench bench;
    bench.clear();
    unsigned told = 0;
    vm::FwCfg device(bench.memory(), [&told] { ++told; });
    auto input = std::as_bytes(std::span(data, size));
    while (!input.empty()) input = bench.step(device, input);
    // A note exists only if the file was written, and then the callback was called.
    if (const auto note = device.note(); note && (note->format == 0 || told == 0)) std::abort();
    return 0;
}
