// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::vm {

Suite* address_space_suite();
Suite* core_contents_suite();
Suite* firmware_suite();
Suite* fw_cfg_suite();
Suite* kvm_registers_suite();
Suite* machine_builder_suite();
Suite* machine_end_suite();
Suite* machine_record_suite();
Suite* machine_suite();
Suite* options_suite();
Suite* pc_memory_suite();
Suite* post_mortem_suite();
Suite* ram_suite();
Suite* synthetic_accel_suite();
Suite* vcpu_thread_suite();

}  // namespace guestdump::vm

int main() {
    return guestdump::support::run_suites({
        guestdump::vm::address_space_suite(),
        guestdump::vm::core_contents_suite(),
        guestdump::vm::firmware_suite(),
        guestdump::vm::fw_cfg_suite(),
        guestdump::vm::kvm_registers_suite(),
        guestdump::vm::machine_builder_suite(),
        guestdump::vm::machine_end_suite(),
        guestdump::vm::machine_record_suite(),
        guestdump::vm::machine_suite(),
        guestdump::vm::options_suite(),
        guestdump::vm::pc_memory_suite(),
        guestdump::vm::post_mortem_suite(),
        guestdump::vm::ram_suite(),
        guestdump::vm::synthetic_accel_suite(),
        guestdump::vm::vcpu_thread_suite(),
    });
}
