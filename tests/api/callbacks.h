// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <cstring>
#include <string>
#include <string_view>

#include "api/guestdump.h"
#include "tests/support/bytes.h"
#include "tests/support/libcheck.h"

/// A guest as a C program describes it, and checks of what the C functions return.

namespace guestdump::api {

/// The message of @error, which is freed.
inline std::string take(guestdump_error* error) {
    ck_assert_ptr_nonnull(error);
    std::string message = guestdump_error_message(error);
    guestdump_error_free(error);
    return message;
}

/// Fails the test unless @error says @part, and frees it.
inline void says(guestdump_error* error, std::string_view part) {
    const std::string message = take(error);
    ck_assert_msg(message.find(part) != std::string::npos, "'%s' does not say '%s'",
                  message.c_str(), std::string(part).c_str());
}

/// Two vCPUs in long mode and 4 MiB of noise at 0, which a function reads.
struct CallbackMachine {
    CallbackMachine() {
        guestdump_error* error = nullptr;
        guestdump_guest_set_pause(guest, pause, resume, this);
        ck_assert_int_eq(
            guestdump_guest_add_memory_reader(guest, 0, ram.size(), read, this, &error), 0);
        ck_assert_int_eq(guestdump_guest_set_vcpus(guest, 2, get_registers, this, &error), 0);
        ck_assert_ptr_null(error);
    }
    ~CallbackMachine() { guestdump_guest_free(guest); }

    static int pause(void* opaque) {
        auto* self = static_cast<CallbackMachine*>(opaque);
        ++self->pauses;
        return self->pause_status;
    }
    static void resume(void* opaque) { ++static_cast<CallbackMachine*>(opaque)->resumes; }
    static int get_registers(void* opaque, uint32_t index, guestdump_x86_registers* registers) {
        auto* self = static_cast<CallbackMachine*>(opaque);
        if (index == self->bad_vcpu) return self->register_status;
        registers->rbx = 0x1000 + index;
        registers->rip = 0xffffffff81000000 + index;
        registers->efer = 0x500;
        registers->cr0 = 0x11;
        registers->cs = {
            .base = 0, .limit = 0xffffffff, .flags = 0xa09b00, .selector = 16, .reserved = {}};
        return 0;
    }
    static int read(void* opaque, uint64_t offset, void* buffer, size_t size) {
        auto* self = static_cast<CallbackMachine*>(opaque);
        if (offset <= self->bad_offset && self->bad_offset < offset + size) return EIO;
        std::memcpy(buffer, self->ram.data() + offset, size);
        return 0;
    }

    support::Bytes ram = support::noise(7, 4 << 20);
    int pauses = 0, resumes = 0;
    int pause_status = 0, register_status = 0;
    uint32_t bad_vcpu = UINT32_MAX;
    uint64_t bad_offset = UINT64_MAX;
    guestdump_guest* guest = guestdump_guest_new();
};

}  // namespace guestdump::api
