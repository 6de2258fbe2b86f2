// SPDX-License-Identifier: GPL-2.0-or-later
// A virtual machine monitor that runs a guest and dumps it: vmm FILE [KVM_DEVICE]
//     c++ -std=c++20 vmm.cc $(pkg-config --cflags --libs guestdump) -pthread -o vmm
//
// The guest has one vCPU, in real mode, that counts at 0x2000 and in BX. Without /dev/kvm, a thread
// of this program counts in its place.
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <thread>

#include <guestdump/dump/dump_to.h>
#include <guestdump/dump/target/targets.h>
#include <guestdump/guest/mapped_region.h>
#include <guestdump/target-i386/arch.h>
#include <guestdump/target-i386/cpu.h>
#include <guestdump/target-i386/segment_flags.h>
#include <guestdump/util/unique_fd.h>

using namespace guestdump;
using Region = guest::MappedRegion;

constexpr size_t kRamSize = 16 << 20, kCodeAt = 0x1000, kCounterAt = 0x2000;
constexpr uint8_t kCode[] = {0xff, 6, 0, 0x20, 0x43, 0xeb, 0xf9};  // inc [0x2000]; inc bx; jmp

target_i386::SegmentRegister from_kvm(const kvm_segment& from) {
    const uint32_t flags = target_i386::segment_flags(
        {from.type, from.s, from.dpl, from.present, from.avl, from.l, from.db, from.g});
    return {from.selector, from.base, from.limit, flags};
}

class Machine final : public guest::Guest {
  public:
    explicit Machine(const char* device) {
        ram_ = static_cast<uint8_t*>(
            mmap(nullptr, kRamSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        std::memcpy(ram_ + kCodeAt, kCode, sizeof kCode);
        blocks_.append({{guest::Gpa{0}, kRamSize},
                        std::make_shared<Region>("ram", ram_, kRamSize, Region::Kind::anonymous)});
        kvm_ = util::UniqueFd(open(device, O_RDWR | O_CLOEXEC));
        if (kvm_ && !set_up_kvm()) kvm_.reset();
        run();
    }
    ~Machine() override { halt(); }
    bool counts() const { return std::atomic_ref(ram_[kCounterAt]) != 0; }

    // What a dump asks of a machine:
    bool running() const override { return vcpu_thread_.joinable(); }
    Result<> pause() override {
        was_running_ = running();
        halt();
        return kvm_ ? read_registers() : Result<>();
    }
    void resume() override {
        if (was_running_) run();
    }
    guest::GuestPhysBlockList blocks() const override { return blocks_; }
    std::vector<guest::Cpu> cpus() const override { return {target_i386::make_cpu(registers_)}; }
    Result<guest::ArchDumpInfo> arch_info(const guest::GuestPhysBlockList& blocks) const override {
        return target_i386::dump_info(registers_, blocks);
    }
    std::optional<guest::GuestNote> guest_note() const override { return std::nullopt; }

  private:
    bool set_up_kvm() {
        vm_ = util::UniqueFd(ioctl(kvm_.get(), KVM_CREATE_VM, 0));
        ioctl(vm_.get(), KVM_SET_TSS_ADDR, 0xfffbd000);
        const auto host = reinterpret_cast<uint64_t>(ram_);
        const kvm_userspace_memory_region memory = {0, 0, 0, kRamSize, host};
        if (ioctl(vm_.get(), KVM_SET_USER_MEMORY_REGION, &memory) < 0) return false;
        vcpu_ = util::UniqueFd(ioctl(vm_.get(), KVM_CREATE_VCPU, 0));
        const auto size = static_cast<size_t>(ioctl(kvm_.get(), KVM_GET_VCPU_MMAP_SIZE, 0));
        void* const shared =
            mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu_.get(), 0);
        if (shared == MAP_FAILED) return false;
        shared_ = static_cast<kvm_run*>(shared);
        kvm_sregs special{};
        ioctl(vcpu_.get(), KVM_GET_SREGS, &special);
        special.cs.base = special.cs.selector = 0;
        kvm_regs general{};
        general.rip = kCodeAt;
        general.rflags = 2;
        return ioctl(vcpu_.get(), KVM_SET_SREGS, &special) == 0 &&
               ioctl(vcpu_.get(), KVM_SET_REGS, &general) == 0;
    }
    void run() {
        stop_ = false;
        if (kvm_) shared_->immediate_exit = 0;
        vcpu_thread_ = std::thread([this] {
            while (!stop_) {
                if (kvm_) ioctl(vcpu_.get(), KVM_RUN, 0);
                if (!kvm_) ram_[kCounterAt] = static_cast<uint8_t>(++registers_.rbx);
            }
        });
    }
    void halt() {
        if (!running()) return;
        stop_ = true;
        if (kvm_) shared_->immediate_exit = 1;  // ends a KVM_RUN that is about to begin
        pthread_kill(vcpu_thread_.native_handle(), SIGUSR1);  // ends one that has begun
        vcpu_thread_.join();
    }
    Result<> read_registers() {
        kvm_regs general{};
        kvm_sregs special{};
        const int vcpu = vcpu_.get();
        if (ioctl(vcpu, KVM_GET_REGS, &general) < 0 || ioctl(vcpu, KVM_GET_SREGS, &special) < 0)
            return Error::from_errno(errno, "reading the registers of the vCPU");
        registers_.rbx = general.rbx;
        registers_.rip = general.rip;
        registers_.cs = from_kvm(special.cs);
        registers_.cr0 = special.cr0;
        return {};
    }

    uint8_t* ram_;
    guest::GuestPhysBlockList blocks_;
    util::UniqueFd kvm_, vm_, vcpu_;
    kvm_run* shared_ = nullptr;
    target_i386::Registers registers_ = target_i386::reset_registers();
    std::atomic<bool> stop_{false};
    bool was_running_ = false;
    std::thread vcpu_thread_;
};

int fail(const Error& error) {
    std::fprintf(stderr, "vmm: %s\n", error.message().c_str());
    return 1;
}

int main(int argc, char** argv) {
    if (argc < 2) return fail(Error::make("usage: vmm FILE [KVM_DEVICE]"));
    signal(SIGUSR1, [](int) {});
    Machine machine(argc > 2 ? argv[2] : "/dev/kvm");
    while (!machine.counts()) usleep(1000);
    Result<std::unique_ptr<dump::Sink>> target = dump::open_file_sink(argv[1]);
    if (!target) return fail(target.error());
    const auto report = dump::dump_to(machine, dump::ElfRequest{}, std::move(target).take());
    if (!report) return fail(report.error());
    std::printf("%s: %ju bytes of guest memory\n", argv[1], uintmax_t{report->memory});
    return machine.running() ? 0 : 1;
}
