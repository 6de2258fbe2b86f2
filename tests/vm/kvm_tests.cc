// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>

#include <cstdio>

#include "tests/support/run_suites.h"
#include "util/unique_fd.h"

namespace guestdump::vm {

Suite* kvm_accel_suite();
Suite* paging_guests_suite();

}  // namespace guestdump::vm

/// Skipped (77) if the kernel does not let this user open /dev/kvm. Any other problem with it is a
/// failure.
int main() {
    if (!guestdump::util::UniqueFd(open("/dev/kvm", O_RDWR | O_CLOEXEC))) {
        std::perror("/dev/kvm");
        return 77;
    }
    return guestdump::support::run_suites(
        {guestdump::vm::kvm_accel_suite(), guestdump::vm::paging_guests_suite()});
}
