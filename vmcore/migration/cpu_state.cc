// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration/cpu_state.h"

#include <algorithm>

namespace guestdump::vmcore {
namespace {

using target_i386::Registers;
using target_i386::SegmentRegister;
using target_i386::TableRegister;

/// General registers of i386 and x86-64. A QEMU for i386 alone has 8, of 4 bytes.
constexpr size_t kFewRegisters = 8, kAllRegisters = 16;
constexpr size_t kSegments = 6;

/// Reads the fields of one vCPU; the first Error is kept and ends the reading.
class CpuFields {
  public:
    CpuFields(const ByteSource& source, const DeviceState& device)
        : source_(source), device_(device) {}

    Result<Registers> read() {
        Registers out;
        TRY(read_general(out));
        TRY(read_segments(out));
        out.gdt = TRY(table("env.gdt"));
        out.idt = TRY(table("env.idt"));
        out.cr0 = TRY(number("env.cr[0]"));
        out.cr2 = TRY(number("env.cr[2]"));
        out.cr3 = TRY(number("env.cr[3]"));
        out.cr4 = TRY(number("env.cr[4]"));
        out.efer = TRY(number("env.efer"));
        out.kernel_gs_base = TRY(if_64_bit("env.kernelgsbase"));
        return out;
    }

  private:
    Error missing(const char* field) const {
        return Error::make("'%s': the stream has no %s of vCPU %u", source_.name().c_str(), field,
                           device_.instance);
    }

    Result<uint64_t> number(const char* field) const {
        const std::vector<uint64_t> values = TRY(read_numbers(source_, device_, field));
        if (values.empty()) return missing(field);
        return values.front();
    }

    /// 0 if a QEMU for i386 alone saved the machine.
    Result<uint64_t> if_64_bit(const char* field) const {
        if (!is_64_bit_) return uint64_t{0};
        return number(field);
    }

    /// In the order of the encoding: rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8... [SDM 2A 2.1.5]
    Result<> read_general(Registers& out) {
        const std::vector<uint64_t> regs = TRY(read_numbers(source_, device_, "env.regs"));
        if (regs.size() != kFewRegisters && regs.size() != kAllRegisters)
            return missing("env.regs");
        is_64_bit_ = regs.size() == kAllRegisters;
        out.rax = regs[0];
        out.rcx = regs[1];
        out.rdx = regs[2];
        out.rbx = regs[3];
        out.rsp = regs[4];
        out.rbp = regs[5];
        out.rsi = regs[6];
        out.rdi = regs[7];
        if (is_64_bit_)
            std::copy_n(regs.begin() + kFewRegisters, out.r8_to_r15.size(), out.r8_to_r15.begin());
        out.rip = TRY(number("env.eip"));
        out.rflags = TRY(number("env.eflags"));
        return {};
    }

    /// be32 selector, base of 8 or 4 bytes, be32 limit, be32 flags.
    SegmentRegister segment(std::span<const std::byte> bytes) const {
        const size_t base = is_64_bit_ ? 8 : 4;
        const auto at = [&](size_t offset, size_t size) {
            return big_endian(bytes.subspan(offset, size));
        };
        return {.selector = static_cast<uint16_t>(at(0, 4)),
                .base = at(4, base),
                .limit = static_cast<uint32_t>(at(4 + base, 4)),
                .flags = static_cast<uint32_t>(at(8 + base, 4))};
    }

    size_t segment_size() const { return is_64_bit_ ? 20 : 16; }

    Result<SegmentRegister> one_segment(const char* field) const {
        const std::vector<std::byte> bytes = TRY(read_field(source_, device_, field));
        if (bytes.size() != segment_size()) return missing(field);
        return segment(bytes);
    }

    Result<TableRegister> table(const char* field) const {
        const SegmentRegister found = TRY(one_segment(field));
        return TableRegister{.base = found.base, .limit = found.limit};
    }

    Result<> read_segments(Registers& out) const {
        const std::vector<std::byte> bytes = TRY(read_field(source_, device_, "env.segs"));
        const size_t size = segment_size();
        if (bytes.size() != kSegments * size) return missing("env.segs");
        SegmentRegister* const order[kSegments] = {&out.es, &out.cs, &out.ss,
                                                   &out.ds, &out.fs, &out.gs};
        for (size_t i = 0; i < kSegments; ++i)
            *order[i] = segment(std::span(bytes).subspan(i * size, size));
        out.ldt = TRY(one_segment("env.ldt"));
        out.tr = TRY(one_segment("env.tr"));
        return {};
    }

    const ByteSource& source_;
    const DeviceState& device_;
    bool is_64_bit_ = true;
};

}  // namespace

Result<std::vector<Registers>> read_cpus(const ByteSource& source, const MigrationStream& stream) {
    std::vector<const DeviceState*> devices;
    for (const DeviceState& device : stream.devices) {
        if (device.name == "cpu") devices.push_back(&device);
    }
    std::sort(devices.begin(), devices.end(),
              [](const DeviceState* a, const DeviceState* b) { return a->instance < b->instance; });
    std::vector<Registers> cpus;
    for (const DeviceState* device : devices) {
        const Registers registers = TRY(CpuFields(source, *device).read());
        cpus.push_back(registers);
    }
    return cpus;
}

}  // namespace guestdump::vmcore
