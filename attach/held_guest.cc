// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/held_guest.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cinttypes>
#include <string_view>

#include "attach/questions.h"

namespace guestdump::attach {
namespace {

using namespace std::chrono_literals;

/// QEMU reports the end of its dump within milliseconds, unless its main loop is busy.
constexpr auto kPatience = 10s;

constexpr uint64_t kPage = vmcore::kPageSize;

/// True if @process has a guest_memfd: private memory of a confidential guest (SEV-SNP, TDX),
/// which only the guest can read. [linux virt/kvm/guest_memfd.c]
bool has_guest_memfd(const Process& process) {
    const std::string folder = process.path("fd");
    const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(folder.c_str()), ::closedir);
    if (!list) return false;
    while (const dirent* entry = ::readdir(list.get())) {
        std::array<char, 256> target;
        const std::string path = folder + "/" + entry->d_name;
        const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
        if (size > 0 &&
            std::string_view(target.data(), static_cast<size_t>(size)).find("kvm-gmem") !=
                std::string_view::npos) {
            return true;
        }
    }
    return false;
}

Result<Process> readable_process(Emulator& emulator) {
    const std::string architecture = TRY(target_architecture(emulator));
    if (architecture != "x86_64" && architecture != "i386")
        return Error::make("a guest of %s cannot be read, only x86", architecture.c_str());
    Process process = TRY(emulator.process());
    TRY(process.check_readable());
    return process;
}

}  // namespace

Result<Prospect> examine(Emulator& emulator) {
    TRY(check_fit(emulator));
    Result<Process> process = readable_process(emulator);
    if (!process && process.error().os_error() == EINTR) return std::move(process).take_error();
    Prospect prospect;
    if (!process) {
        prospect.why_not = std::move(process).take_error();
        return prospect;
    }
    if (has_guest_memfd(*process)) {
        return Error::make(
            "the guest has private memory that its host cannot read (guest_memfd: "
            "SEV-SNP or TDX)");
    }
    prospect.process = std::move(process).take();
    return prospect;
}

Result<std::unique_ptr<HeldGuest>> HeldGuest::enter(Emulator& emulator, Process process,
                                                    int interrupt) {
    HoldPipe pipe = TRY(HoldPipe::create());
    std::unique_ptr<HeldGuest> held(new HeldGuest(emulator, std::move(process), std::move(pipe)));
    emulator.interrupt_by(interrupt);
    Result<> done = held->hold(interrupt);
    emulator.interrupt_by(-1);
    if (!done) return std::move(done).take_error();
    return held;
}

HeldGuest::~HeldGuest() {
    if (core_) core_->let_go();
}

Result<> HeldGuest::hold(int interrupt) {
    ran_ = TRY(guest_runs(emulator_));
    begin_ = Clock::now();
    TRY(emulator_.begin_dump(pipe_));
    CoreHead head = TRY(read_head(pipe_, interrupt));
    std::vector<uint64_t> addresses = TRY(addresses_of(head.loads));
    std::vector<HostRange> ranges;
    for (size_t i = 0; i < addresses.size(); ++i)
        ranges.push_back({.address = addresses[i], .size = head.loads[i].range.size});
    std::unique_ptr<HostMemory> memory = TRY(HostMemory::of(process_, ranges));
    core_ = std::make_shared<HeldCore>(emulator_.name(), std::move(head), std::move(addresses),
                                       std::move(memory));
    vmcore_ = TRY(vmcore::Vmcore::read(core_));
    return {};
}

/// Returns the address of each load in the QEMU process. QEMU joins memory into one PT_LOAD only
/// if it is contiguous in QEMU too. [qemu system/memory_mapping.c] The first and the last page of
/// each load are checked all the same, because a mistake would give a wrong dump.
Result<std::vector<uint64_t>> HeldGuest::addresses_of(const std::vector<CoreLoad>& loads) {
    std::vector<uint64_t> addresses;
    for (const CoreLoad& load : loads) {
        const uint64_t first = TRY(host_address(emulator_, load.range.start));
        const uint64_t last_page = (load.range.size - 1) / kPage * kPage;
        const guest::Gpa last{load.range.start.value + last_page};
        const uint64_t there = TRY(host_address(emulator_, last));
        if (there - first != last_page) {
            return Error::make("guest memory at 0x%" PRIx64 " and 0x%" PRIx64 " is at 0x%" PRIx64
                               " and 0x%" PRIx64 " in QEMU: not contiguous there",
                               load.range.start.value, last.value, first, there);
        }
        addresses.push_back(first);
    }
    return addresses;
}

Result<> HeldGuest::check() {
    TRY(process_.check_alive());
    const bool active = TRY(dump_is_active(emulator_));
    if (active && !pipe_.has_ended()) return {};
    return Error::make("QEMU gave up its dump, and let its guest run, while memory was read");
}

HeldGuest::Release HeldGuest::release() {
    core_->let_go();
    pipe_.close();
    const Result<bool> ended = emulator_.await_end(ran_, kPatience);
    return {.seconds = std::chrono::duration<double>(Clock::now() - begin_).count(),
            .seen_to_end = ended && *ended};
}

}  // namespace guestdump::attach
