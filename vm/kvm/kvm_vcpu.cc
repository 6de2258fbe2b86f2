// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/kvm/kvm_vcpu.h"

#include <linux/kvm.h>
#include <signal.h>
#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstring>
#include <utility>

#include "format/post_mortem.h"
#include "vm/kvm/kvm_ioctl.h"
#include "vm/kvm/kvm_registers.h"

namespace guestdump::vm {
namespace {

constexpr uint32_t kMsrKernelGsBase = 0xc0000102;  ///< [SDM 4 table 2-2]

constexpr unsigned long kGetMsrs = _IOWR(KVMIO, 0x88, KvmListHead);
constexpr unsigned long kSetMsrs = _IOW(KVMIO, 0x89, KvmListHead);

/// struct kvm_msrs.
template <uint32_t kCount>
using Msrs = KvmList<kvm_msr_entry, kCount>;

/// struct kvm_xsave. Its size in C++ differs from the kernel's too.
using ExtendedState = std::array<std::byte, 4096>;
constexpr unsigned long kGetExtendedState = _IOR(KVMIO, 0xa4, ExtendedState);
constexpr unsigned long kSetExtendedState = _IOW(KVMIO, 0xa5, ExtendedState);

constexpr kvm_msr_entry msr(uint32_t index, uint64_t value) {
    return {.index = index, .reserved = 0, .data = value};
}

/// Registers that a guest may have written and that RESET clears. [SDM 3A table 10-1, SDM 4 table
/// 2-2]
constexpr Msrs<8> msrs_at_reset(uint64_t kernel_gs_base) {
    return {.entries = {msr(0x174, 0), msr(0x175, 0), msr(0x176, 0),  // SYSENTER_CS, _ESP, _EIP
                        msr(0x277, 0x0007040600070406),               // PAT
                        msr(0xc0000081, 0), msr(0xc0000082, 0),       // STAR, LSTAR
                        msr(0xc0000084, 0),                           // FMASK
                        msr(kMsrKernelGsBase, kernel_gs_base)}};
}

/// The registers that KVM writes into the shared memory at every exit.
constexpr uint64_t kLive = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;

using format::LiveRegisters;
static_assert(offsetof(kvm_sync_regs, sregs) == offsetof(LiveRegisters, cs));
static_assert(sizeof(kvm_regs) + offsetof(kvm_sregs, gdt) == offsetof(LiveRegisters, gdt));
static_assert(sizeof(kvm_regs) + offsetof(kvm_sregs, cr0) == offsetof(LiveRegisters, cr0));

}  // namespace

struct KvmVcpu::Made {
    kvm_sregs special;
    kvm_xcrs extended_control;
    kvm_debugregs debug;
    kvm_vcpu_events events;
    ExtendedState extended;
};

int KvmVcpu::signal() {
    return SIGRTMIN;
}

KvmVcpu::KvmVcpu(util::UniqueFd fd, kvm_run* shared, size_t shared_size, unsigned index,
                 PortDevice* ports)
    : fd_(std::move(fd)),
      shared_(shared),
      shared_size_(shared_size),
      index_(index),
      ports_(ports) {}

KvmVcpu::~KvmVcpu() {
    munmap(shared_, shared_size_);
}

Result<std::unique_ptr<KvmVcpu>> KvmVcpu::create(int kvm, int vm, unsigned index,
                                                 const KvmCpuid& cpuid, PortDevice* ports) {
    const int size = TRY(kvm_ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0, "asking for a vCPU's size"));
    const int made = TRY(kvm_ioctl(vm, KVM_CREATE_VCPU, index, "making a vCPU"));
    util::UniqueFd fd(made);
    const auto shared_size = static_cast<size_t>(size);
    void* const shared =
        mmap(nullptr, shared_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (shared == MAP_FAILED) return Error::from_errno(errno, "kvm: mapping a vCPU's state");
    std::unique_ptr<KvmVcpu> vcpu(
        new KvmVcpu(std::move(fd), static_cast<kvm_run*>(shared), shared_size, index, ports));
    TRY(cpuid.apply(vcpu->fd_.get(), index));
    TRY(vcpu->remember_made());
    vcpu->keep_registers_live(kvm);
    return vcpu;
}

void KvmVcpu::keep_registers_live(int kvm) {
    const int can = ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS);
    if (can > 0 && (static_cast<uint64_t>(can) & kLive) == kLive) shared_->kvm_valid_regs = kLive;
}

const void* KvmVcpu::live_registers() const {
    return shared_->kvm_valid_regs == kLive ? &shared_->s.regs : nullptr;
}

Result<> KvmVcpu::remember_made() {
    made_ = std::make_unique<Made>();
    const int fd = fd_.get();
    TRY(kvm_ioctl(fd, KVM_GET_SREGS, &made_->special, "reading special registers"));
    TRY(kvm_ioctl(fd, kGetExtendedState, &made_->extended, "reading extended state"));
    TRY(kvm_ioctl(fd, KVM_GET_XCRS, &made_->extended_control, "reading XCR0"));
    TRY(kvm_ioctl(fd, KVM_GET_DEBUGREGS, &made_->debug, "reading debug registers"));
    TRY(kvm_ioctl(fd, KVM_GET_VCPU_EVENTS, &made_->events, "reading pending events"));
    return {};
}

Result<target_i386::Registers> KvmVcpu::registers() const {
    const int fd = fd_.get();
    kvm_regs general;
    kvm_sregs special;
    Msrs<1> msrs{.entries = {msr(kMsrKernelGsBase, 0)}};
    TRY(kvm_ioctl(fd, KVM_GET_REGS, &general, "reading general registers"));
    TRY(kvm_ioctl(fd, KVM_GET_SREGS, &special, "reading special registers"));
    const int read = TRY(kvm_ioctl(fd, kGetMsrs, &msrs, "reading KERNEL_GS_BASE"));
    if (read != 1) return Error::make("kvm: there is no KERNEL_GS_BASE");
    target_i386::Registers registers = from_kvm(general, special);
    registers.kernel_gs_base = msrs.entries[0].data;
    return registers;
}

Result<> KvmVcpu::reset(const target_i386::Registers& registers) {
    const int fd = fd_.get();
    kvm_sregs special = made_->special;
    kvm_regs general{};
    kvm_mp_state runnable{.mp_state = KVM_MP_STATE_RUNNABLE};
    auto msrs = msrs_at_reset(registers.kernel_gs_base);
    to_kvm(registers, special);
    to_kvm(registers, general);
    halted_ = false;
    TRY(kvm_ioctl(fd, KVM_SET_SREGS, &special, "setting special registers"));
    TRY(kvm_ioctl(fd, KVM_SET_REGS, &general, "setting general registers"));
    const int set = TRY(kvm_ioctl(fd, kSetMsrs, &msrs, "setting MSRs"));
    if (set != static_cast<int>(msrs.count)) {
        return Error::make("kvm: MSR 0x%x cannot be set",
                           msrs.entries[static_cast<size_t>(set)].index);
    }
    TRY(kvm_ioctl(fd, KVM_SET_XCRS, &made_->extended_control, "setting XCR0"));
    TRY(kvm_ioctl(fd, kSetExtendedState, &made_->extended, "setting extended state"));
    TRY(kvm_ioctl(fd, KVM_SET_DEBUGREGS, &made_->debug, "setting debug registers"));
    TRY(kvm_ioctl(fd, KVM_SET_VCPU_EVENTS, &made_->events, "setting pending events"));
    TRY(kvm_ioctl(fd, KVM_SET_MP_STATE, &runnable, "setting the vCPU runnable"));
    shared_->s.regs.regs = general;  // until KVM writes them
    shared_->s.regs.sregs = special;
    return {};
}

void KvmVcpu::unkick() {
    shared_->immediate_exit = 0;
}

void KvmVcpu::kick(pthread_t thread) {
    // The signal ends a KVM_RUN that is under way, the flag one that is about to begin.
    shared_->immediate_exit = 1;
    pthread_kill(thread, signal());
}

std::optional<VcpuFault> KvmVcpu::run(VcpuThread& thread) {
    for (;;) {
        if (halted_) thread.wait_for_stop_request();
        if (ioctl(fd_.get(), KVM_RUN, 0) < 0) {
            if (errno != EINTR && errno != EAGAIN) {
                return internal_error(Error::from_errno(errno, "KVM_RUN").message());
            }
            if (thread.stop_requested()) return std::nullopt;
        } else if (auto fault = handle_exit()) {
            return fault;
        }
    }
}

std::optional<VcpuFault> KvmVcpu::handle_exit() {
    kvm_run& exit = *shared_;
    switch (exit.exit_reason) {
        case KVM_EXIT_HLT:
            halted_ = true;
            return std::nullopt;
        case KVM_EXIT_IO:
            access_port();
            return std::nullopt;
        case KVM_EXIT_MMIO:
            if (!exit.mmio.is_write) std::memset(exit.mmio.data, 0xff, sizeof exit.mmio.data);
            return std::nullopt;
        case KVM_EXIT_SHUTDOWN:
            return VcpuFault{
                .kind = VcpuFault::Kind::triple_fault, .cpu = index_, .why = "triple fault"};
        case KVM_EXIT_INTERNAL_ERROR:
            return internal_error(
                Error::make("internal error %u", exit.internal.suberror).message());
        case KVM_EXIT_FAIL_ENTRY:
            return internal_error(Error::make("the processor refused to enter the guest: 0x%llx",
                                              exit.fail_entry.hardware_entry_failure_reason)
                                      .message());
        default:
            return internal_error(Error::make("exit reason %u", exit.exit_reason).message());
    }
}

void KvmVcpu::access_port() {
    const auto& io = shared_->io;
    std::byte* at = reinterpret_cast<std::byte*>(shared_) + io.data_offset;
    for (uint32_t i = 0; i < io.count; ++i, at += io.size) {
        const std::span<std::byte> data(at, io.size);
        if (io.direction == KVM_EXIT_IO_OUT) {
            if (ports_) ports_->write_port(io.port, data);
        } else if (!ports_ || !ports_->read_port(io.port, data)) {
            std::fill(data.begin(), data.end(), std::byte{0xff});
        }
    }
}

VcpuFault KvmVcpu::internal_error(std::string why) const {
    return {.kind = VcpuFault::Kind::internal_error,
            .cpu = index_,
            .why = "kvm: vCPU " + std::to_string(index_) + ": " + std::move(why)};
}

}  // namespace guestdump::vm
