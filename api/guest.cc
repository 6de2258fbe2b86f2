// SPDX-License-Identifier: GPL-2.0-or-later
#include "api/guest.h"

#include <cinttypes>
#include <string>
#include <utility>

#include "api/error.h"
#include "api/registers.h"
#include "guest/mapped_region.h"
#include "target-i386/arch.h"
#include "target-i386/cpu.h"
#include "util/text.h"

namespace guestdump::api {
namespace {

/// The most vCPUs that KVM has. [linux arch/x86/include/asm/kvm_host.h, KVM_MAX_VCPUS]
constexpr uint32_t kMostVcpus = 4096;

/// Guest-physical addresses are below this. [SDM 3A 4.1.4, MAXPHYADDR]
constexpr uint64_t kAddressLimit = uint64_t{1} << 52;

/// Memory that a callback reads.
class CallbackRegion final : public guest::RamRegion {
  public:
    CallbackRegion(guest::GpaRange range, guestdump_read_memory* copy, void* opaque)
        : name_(name_of(range)), size_(range.size), copy_(copy), opaque_(opaque) {}

    static std::string name_of(guest::GpaRange range) {
        return util::text("memory at 0x%" PRIx64, range.start.value);
    }

    std::string_view name() const override { return name_; }
    uint64_t size() const override { return size_; }
    Result<> read(uint64_t offset, std::span<std::byte> out) const override {
        if (offset > size_ || out.size() > size_ - offset) {
            return Error::make("0x%zx bytes at 0x%" PRIx64 " of '%s' end beyond its 0x%" PRIx64
                               " bytes",
                               out.size(), offset, name_.c_str(), size_);
        }
        const int status = copy_(opaque_, offset, out.data(), out.size());
        if (status == 0) return {};
        return Error::from_errno(errno_of(status), "reading 0x%zx bytes at 0x%" PRIx64 " of '%s'",
                                 out.size(), offset, name_.c_str());
    }

  private:
    std::string name_;
    uint64_t size_;
    guestdump_read_memory* copy_;
    void* opaque_;
};

}  // namespace

Result<> CallbackGuest::add(guest::GpaRange range, std::shared_ptr<const guest::RamRegion> region) {
    if (range.last() >= kAddressLimit) {
        return Error::make("0x%" PRIx64 " bytes at 0x%" PRIx64
                           " end beyond the 52 bits of an x86 guest's addresses",
                           range.size, range.start.value);
    }
    return blocks_.add({.range = range, .region = std::move(region)});
}

void CallbackGuest::set_pause(guestdump_pause* stop, guestdump_resume* go_on, void* opaque) {
    pause_ = stop;
    resume_ = go_on;
    pause_opaque_ = opaque;
}

Result<> CallbackGuest::set_vcpus(uint32_t count, guestdump_get_registers* get, void* opaque) {
    if (count == 0 || count > kMostVcpus) {
        return Error::make("a guest has 1 to %" PRIu32 " vCPUs, not %" PRIu32, kMostVcpus, count);
    }
    vcpus_ = count;
    get_registers_ = get;
    registers_opaque_ = opaque;
    return {};
}

Result<> CallbackGuest::set_note(std::span<const std::byte> note) {
    if (note.size() > guest::kMaxGuestNote) {
        return Error::make("the guest's note has %zu bytes, more than %" PRIu32, note.size(),
                           guest::kMaxGuestNote);
    }
    note_.emplace(note.begin(), note.end());
    return {};
}

Result<> CallbackGuest::pause() {
    paused_ = true;
    const int status = pause_ != nullptr ? pause_(pause_opaque_) : 0;
    if (status != 0) return Error::from_errno(errno_of(status), "stopping the guest");
    return read_registers();
}

void CallbackGuest::resume() {
    paused_ = false;
    if (resume_ != nullptr) resume_(pause_opaque_);
}

Result<> CallbackGuest::read_registers() {
    cpus_.clear();
    for (uint32_t index = 0; index < vcpus_; ++index) {
        guestdump_x86_registers registers{};
        const int status = get_registers_(registers_opaque_, index, &registers);
        if (status != 0) {
            return Error::from_errno(errno_of(status), "reading the registers of vCPU %" PRIu32,
                                     index);
        }
        cpus_.push_back(target_i386::make_cpu(from_c(registers)));
    }
    return {};
}

Result<guest::ArchDumpInfo> CallbackGuest::arch_info(
    const guest::GuestPhysBlockList& blocks) const {
    if (cpus_.empty()) return Error::make("the guest has no vCPU");
    return target_i386::dump_info(target_i386::registers_of(cpus_.front()), blocks);
}

namespace {

constexpr unsigned kKnownFlags = GUESTDUMP_MEMORY_ANONYMOUS;

Result<> add_memory(CallbackGuest& machine, uint64_t gpa, const void* host, uint64_t size,
                    unsigned flags) {
    using Region = guest::MappedRegion;
    if ((flags & ~kKnownFlags) != 0) {
        return Error::make("unknown flags of memory: 0x%x, known are 0x%x", flags, kKnownFlags);
    }
    const guest::GpaRange range = TRY(guest::GpaRange::make(guest::Gpa{gpa}, size));
    const bool is_anonymous = (flags & GUESTDUMP_MEMORY_ANONYMOUS) != 0;
    return machine.add(range, std::make_shared<const Region>(
                                  CallbackRegion::name_of(range), host, size,
                                  is_anonymous ? Region::Kind::anonymous : Region::Kind::any));
}

Result<> add_reader(CallbackGuest& machine, uint64_t gpa, uint64_t size,
                    guestdump_read_memory* read, void* opaque) {
    const guest::GpaRange range = TRY(guest::GpaRange::make(guest::Gpa{gpa}, size));
    return machine.add(range, std::make_shared<const CallbackRegion>(range, read, opaque));
}

}  // namespace
}  // namespace guestdump::api

namespace api = guestdump::api;

guestdump_guest* guestdump_guest_new(void) {
    return new guestdump_guest;
}

void guestdump_guest_free(guestdump_guest* guest) {
    delete guest;
}

int guestdump_guest_add_memory(guestdump_guest* guest, uint64_t gpa, const void* host,
                               uint64_t size, unsigned flags, guestdump_error** error) {
    return api::status_of(api::add_memory(guest->machine, gpa, host, size, flags), error);
}

int guestdump_guest_add_memory_reader(guestdump_guest* guest, uint64_t gpa, uint64_t size,
                                      guestdump_read_memory* read, void* opaque,
                                      guestdump_error** error) {
    return api::status_of(api::add_reader(guest->machine, gpa, size, read, opaque), error);
}

void guestdump_guest_set_pause(guestdump_guest* guest, guestdump_pause* pause,
                               guestdump_resume* resume, void* opaque) {
    guest->machine.set_pause(pause, resume, opaque);
}

int guestdump_guest_set_vcpus(guestdump_guest* guest, uint32_t count, guestdump_get_registers* get,
                              void* opaque, guestdump_error** error) {
    return api::status_of(guest->machine.set_vcpus(count, get, opaque), error);
}

int guestdump_guest_set_note(guestdump_guest* guest, const void* note, size_t size,
                             guestdump_error** error) {
    const std::span<const std::byte> bytes(static_cast<const std::byte*>(note), size);
    return api::status_of(guest->machine.set_note(bytes), error);
}
