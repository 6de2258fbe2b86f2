// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace vm {

Suite* address_space_suite();
Suite* core_contents_suite();
Suite* firmware_suite();
Suite* fw_cfg_suite();
Suite* kvm_registers_suite();
Suite* machine_end_suite();
Suite* machine_record_suite();
Suite* machine_suite();
Suite* options_suite();
Suite* pc_memory_suite();
Suite* post_mortem_suite();
Suite* ram_suite();
Suite* synthetic_accel_suite();
Suite* vcpu_thread_suite();

}  // namespace vm

int main() {
    return support::run_suites({
        vm::address_space_suite(),
        vm::core_contents_suite(),
        vm::firmware_suite(),
        vm::fw_cfg_suite(),
        vm::kvm_registers_suite(),
        vm::machine_end_suite(),
        vm::machine_record_suite(),
        vm::machine_suite(),
        vm::options_suite(),
        vm::pc_memory_suite(),
        vm::post_mortem_suite(),
        vm::ram_suite(),
        vm::synthetic_accel_suite(),
        vm::vcpu_thread_suite(),
    });
}
