// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/accels.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>

#include <utility>
#include <vector>

#include "vm/kvm/kvm_cpuid.h"
#include "vm/kvm/kvm_ioctl.h"
#include "vm/kvm/kvm_vcpu.h"
#include "vm/vcpu_thread.h"

namespace guestdump::vm {
namespace {

constexpr char kDevice[] = "/dev/kvm";
constexpr uint64_t kPage = 4096;

/// Four pages below the firmware, which Intel's processors need for real mode. [linux
/// Documentation/virt/kvm/api.rst, KVM_SET_IDENTITY_MAP_ADDR, KVM_SET_TSS_ADDR]
constexpr uint64_t kIdentityMap = 0xfeffc000;
constexpr uint64_t kTaskState = kIdentityMap + kPage;

struct Capability {
    int number;
    const char* what;
};

constexpr Capability kNeeded[] = {
    {KVM_CAP_USER_MEMORY, "memory of this process as guest memory"},
    {KVM_CAP_SET_TSS_ADDR, "real mode"},
    {KVM_CAP_SET_IDENTITY_MAP_ADDR, "real mode"},
    {KVM_CAP_EXT_CPUID, "CPUID by vCPU"},
    {KVM_CAP_MP_STATE, "vCPUs that start by themselves"},
    {KVM_CAP_VCPU_EVENTS, "reset of pending events"},
    {KVM_CAP_DEBUGREGS, "reset of debug registers"},
    {KVM_CAP_XSAVE, "reset of extended state"},
    {KVM_CAP_XCRS, "reset of XCR0"},
    {KVM_CAP_IMMEDIATE_EXIT, "stopping without a race (Linux 4.12 has it)"},
};

int capability(int fd, int number) {
    return ioctl(fd, KVM_CHECK_EXTENSION, number);
}

Result<util::UniqueFd> open_device() {
    util::UniqueFd kvm(open(kDevice, O_RDWR | O_CLOEXEC));
    if (!kvm) return Error::from_errno(errno, "could not open '%s'", kDevice);
    const int version = TRY(kvm_ioctl(kvm.get(), KVM_GET_API_VERSION, 0, "asking for its version"));
    if (version != KVM_API_VERSION) {
        return Error::make("kvm: the API has version %d, not %d", version, KVM_API_VERSION);
    }
    for (const Capability& needed : kNeeded) {
        if (capability(kvm.get(), needed.number) <= 0) {
            return Error::make("kvm: the host's kernel lacks %s", needed.what);
        }
    }
    return kvm;
}

Result<util::UniqueFd> create_vm(int kvm) {
    int fd = -1;
    do {
        fd = ioctl(kvm, KVM_CREATE_VM, 0);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) return Error::from_errno(errno, "kvm: making a machine");
    util::UniqueFd vm(fd);
    uint64_t identity_map = kIdentityMap;
    TRY(kvm_ioctl(vm.get(), KVM_SET_IDENTITY_MAP_ADDR, &identity_map, "placing the identity map"));
    TRY(kvm_ioctl(vm.get(), KVM_SET_TSS_ADDR, kTaskState, "placing the task state"));
    return vm;
}

Result<> take_signal() {
    struct sigaction action = {};
    action.sa_handler = [](int) {};  // a handler that does nothing is enough to end KVM_RUN
    if (sigaction(KvmVcpu::signal(), &action, nullptr) < 0) {
        return Error::from_errno(errno, "kvm: taking signal %d", KvmVcpu::signal());
    }
    return {};
}

/// The whole pages of @piece: KVM takes no others. The size is 0 if there are none.
Result<kvm_userspace_memory_region> region_of(const MappedMemory& piece) {
    const auto host = reinterpret_cast<uint64_t>(piece.host);
    const uint64_t skipped = -piece.range.start.value % kPage;
    kvm_userspace_memory_region region{};
    if (!piece.host || piece.range.size < skipped) return region;
    region.guest_phys_addr = piece.range.start.value + skipped;
    region.userspace_addr = host + skipped;
    region.memory_size = (piece.range.size - skipped) / kPage * kPage;
    if (region.memory_size > 0 && region.userspace_addr % kPage != 0) {
        return Error::make("kvm: memory at 0x%" PRIx64
                           " does not begin at the same offset in a page of the host",
                           piece.range.start.value);
    }
    return region;
}

class KvmAccel final : public Accel {
  public:
    KvmAccel(util::UniqueFd kvm, util::UniqueFd vm) : kvm_(std::move(kvm)), vm_(std::move(vm)) {}
    ~KvmAccel() override { halt(); }

    std::string_view name() const override { return "kvm"; }
    void attach(PortDevice& device) override { ports_ = &device; }
    Result<> create_vcpus(unsigned count, const AddressSpace& memory, OnFault on_fault) override;
    void run() override;
    void halt() override;
    Result<target_i386::Registers> registers(unsigned cpu) override;
    const void* live_registers(unsigned cpu) const override {
        return vcpus_[cpu]->live_registers();
    }
    Result<> reset(unsigned cpu, const target_i386::Registers& registers) override;
    pid_t thread_id(unsigned cpu) const override { return threads_[cpu]->id(); }
    target_i386::PagingTraits paging_traits() const override { return paging_traits_; }

  private:
    Result<> map(const AddressSpace& memory);
    void execute(KvmVcpu& vcpu, VcpuThread& thread);

    util::UniqueFd kvm_;
    util::UniqueFd vm_;
    OnFault on_fault_;
    PortDevice* ports_ = nullptr;
    target_i386::PagingTraits paging_traits_;
    std::vector<std::unique_ptr<KvmVcpu>> vcpus_;
    std::vector<std::unique_ptr<VcpuThread>> threads_;  ///< destroyed before their vCPUs
};

Result<> KvmAccel::map(const AddressSpace& memory) {
    const int slots = capability(kvm_.get(), KVM_CAP_NR_MEMSLOTS);
    const bool can_protect = capability(vm_.get(), KVM_CAP_READONLY_MEM) > 0;
    int slot = 0;
    for (const MappedMemory& piece : memory.view()) {
        kvm_userspace_memory_region region = TRY(region_of(piece));
        if (region.memory_size == 0) continue;
        if (slot == slots) {
            return Error::make("kvm: guest memory has more than %d pieces", slots);
        }
        region.slot = static_cast<uint32_t>(slot++);
        if (piece.kind == MemoryKind::rom && can_protect) region.flags = KVM_MEM_READONLY;
        Result<int> set =
            kvm_ioctl(vm_.get(), KVM_SET_USER_MEMORY_REGION, &region, "mapping memory");
        if (!set) {
            return std::move(set).take_error().while_("0x%" PRIx64 " bytes at 0x%" PRIx64,
                                                      piece.range.size, piece.range.start.value);
        }
    }
    return {};
}

Result<> KvmAccel::create_vcpus(unsigned count, const AddressSpace& memory, OnFault on_fault) {
    const int limit = capability(vm_.get(), KVM_CAP_MAX_VCPUS);
    if (limit > 0 && count > static_cast<unsigned>(limit)) {
        return Error::make("kvm: %u vCPUs, where the host can have %d", count, limit);
    }
    TRY(map(memory));
    const KvmCpuid cpuid = TRY(KvmCpuid::supported(kvm_.get()));
    paging_traits_ = cpuid.paging_traits();
    for (unsigned cpu = 0; cpu < count; ++cpu) {
        std::unique_ptr<KvmVcpu> vcpu =
            TRY(KvmVcpu::create(kvm_.get(), vm_.get(), cpu, cpuid, ports_));
        vcpus_.push_back(std::move(vcpu));
    }
    on_fault_ = std::move(on_fault);
    for (const auto& vcpu : vcpus_) {
        KvmVcpu* const its = vcpu.get();
        threads_.push_back(
            std::make_unique<VcpuThread>([this, its](VcpuThread& thread) { execute(*its, thread); },
                                         [its](pthread_t thread) { its->kick(thread); }));
    }
    return {};
}

void KvmAccel::execute(KvmVcpu& vcpu, VcpuThread& thread) {
    sigset_t mask;  // the thread inherited its mask from the thread that made the machine
    sigemptyset(&mask);
    sigaddset(&mask, KvmVcpu::signal());
    pthread_sigmask(SIG_UNBLOCK, &mask, nullptr);
    const auto fault = vcpu.run(thread);
    if (fault) on_fault_(*fault);
}

void KvmAccel::run() {
    for (size_t cpu = 0; cpu < vcpus_.size(); ++cpu) {
        vcpus_[cpu]->unkick();
        threads_[cpu]->run();
    }
}

void KvmAccel::halt() {
    for (const auto& thread : threads_) thread->request_stop();
    for (const auto& thread : threads_) thread->wait_stopped();
}

Result<target_i386::Registers> KvmAccel::registers(unsigned cpu) {
    Result<target_i386::Registers> registers = vcpus_[cpu]->registers();
    if (!registers) return std::move(registers).take_error().while_("vCPU %u", cpu);
    return registers;
}

Result<> KvmAccel::reset(unsigned cpu, const target_i386::Registers& registers) {
    Result<> done = vcpus_[cpu]->reset(registers);
    if (!done) return std::move(done).take_error().while_("resetting vCPU %u", cpu);
    return done;
}

}  // namespace

Result<std::unique_ptr<Accel>> make_kvm_accel() {
    TRY(take_signal());
    util::UniqueFd kvm = TRY(open_device());
    util::UniqueFd vm = TRY(create_vm(kvm.get()));
    return std::unique_ptr<Accel>(std::make_unique<KvmAccel>(std::move(kvm), std::move(vm)));
}

}  // namespace guestdump::vm
