// SPDX-License-Identifier: GPL-2.0-or-later
#include "util/sandbox.h"

#include <sched.h>
#include <seccomp.h>

#include <cerrno>
#include <memory>
#include <span>

namespace guestdump::util {
namespace {

/// Calls that change the host, inspect other processes, or use interfaces that a machine never
/// needs. Always denied: QEMU's list, and calls that Linux has added since.
constexpr int kNever[] = {
    // The host as a whole.
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(syslog),
    SCMP_SYS(acct),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(adjtimex),
    SCMP_SYS(quotactl),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(vhangup),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    // File systems and name spaces.
    SCMP_SYS(mount),
    SCMP_SYS(umount),
    SCMP_SYS(umount2),
    SCMP_SYS(move_mount),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsmount),
    SCMP_SYS(open_tree),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(unshare),
    SCMP_SYS(setns),
    SCMP_SYS(open_by_handle_at),
    // Other processes.
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(process_madvise),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(kcmp),
    // Kernel subsystems that are often attacked.
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(keyctl),
    SCMP_SYS(lookup_dcookie),
    // Never implemented, or removed; some kernels still have them.
    SCMP_SYS(afs_syscall),
    SCMP_SYS(break),
    SCMP_SYS(ftime),
    SCMP_SYS(getpmsg),
    SCMP_SYS(gtty),
    SCMP_SYS(lock),
    SCMP_SYS(mpx),
    SCMP_SYS(prof),
    SCMP_SYS(profil),
    SCMP_SYS(putpmsg),
    SCMP_SYS(security),
    SCMP_SYS(stty),
    SCMP_SYS(tuxcall),
    SCMP_SYS(ulimit),
    SCMP_SYS(vserver),
};

constexpr int kObsolete[] = {
    SCMP_SYS(readdir),         SCMP_SYS(_sysctl),      SCMP_SYS(bdflush),  SCMP_SYS(create_module),
    SCMP_SYS(get_kernel_syms), SCMP_SYS(query_module), SCMP_SYS(sgetmask), SCMP_SYS(ssetmask),
    SCMP_SYS(sysfs),           SCMP_SYS(uselib),       SCMP_SYS(ustat),
};

constexpr int kPrivileges[] = {
    SCMP_SYS(setuid),   SCMP_SYS(setgid),   SCMP_SYS(setpgid),   SCMP_SYS(setsid),
    SCMP_SYS(setreuid), SCMP_SYS(setregid), SCMP_SYS(setresuid), SCMP_SYS(setresgid),
    SCMP_SYS(setfsuid), SCMP_SYS(setfsgid), SCMP_SYS(setgroups), SCMP_SYS(capset),
};

constexpr int kSpawn[] = {SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(execve), SCMP_SYS(execveat)};

constexpr int kResourceControl[] = {
    SCMP_SYS(setpriority),   SCMP_SYS(ioprio_set),         SCMP_SYS(sched_setparam),
    SCMP_SYS(sched_setattr), SCMP_SYS(sched_setscheduler), SCMP_SYS(sched_setaffinity),
};

struct FilterRelease {
    void operator()(scmp_filter_ctx filter) const { seccomp_release(filter); }
};
using Filter = std::unique_ptr<void, FilterRelease>;

Error refused(int result) {
    // libseccomp returns the errno, negated.
    return Error::from_errno(-result, "failed to install seccomp syscall filter in the kernel");
}

Result<> deny(const Filter& filter, uint32_t action, std::span<const int> calls) {
    for (const int call : calls) {
        const int done = seccomp_rule_add_array(filter.get(), action, call, 0, nullptr);
        if (done < 0) return refused(done);
    }
    return {};
}

/// clone() makes threads and processes. The filter cannot distinguish them for clone3(), whose
/// flags are in memory. So it pretends that the kernel has no clone3(): then the C library uses
/// clone().
Result<> deny_processes(const Filter& filter) {
    TRY(deny(filter, SCMP_ACT_KILL_PROCESS, kSpawn));
    const scmp_arg_cmp no_thread{
        .arg = 0, .op = SCMP_CMP_MASKED_EQ, .datum_a = CLONE_THREAD, .datum_b = 0};
    int done =
        seccomp_rule_add_array(filter.get(), SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1, &no_thread);
    if (done >= 0) {
        done = seccomp_rule_add_array(filter.get(), SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0,
                                      nullptr);
    }
    return done < 0 ? refused(done) : Result<>();
}

Result<> add_rules(const Filter& filter, const SandboxPolicy& policy) {
    TRY(deny(filter, SCMP_ACT_KILL_PROCESS, kNever));
    if (policy.deny_obsolete) TRY(deny(filter, SCMP_ACT_KILL_PROCESS, kObsolete));
    if (policy.deny_privileges) TRY(deny(filter, SCMP_ACT_KILL_PROCESS, kPrivileges));
    if (policy.deny_spawn) TRY(deny_processes(filter));
    // Libraries try these calls, and continue without them if they fail. [qemu]
    if (policy.deny_resource_control) TRY(deny(filter, SCMP_ACT_ERRNO(EPERM), kResourceControl));
    return {};
}

}  // namespace

bool sandbox_available() {
    return true;
}

Result<> enter_sandbox(const SandboxPolicy& policy) {
    const Filter filter(seccomp_init(SCMP_ACT_ALLOW));
    if (!filter) return refused(-ENOMEM);
    TRY(add_rules(filter, policy));
    // Threads that already run are filtered too.
    int done = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_TSYNC, 1);
    // A binary search, not a linear one: vCPUs make many calls.
    if (done >= 0) done = seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (done >= 0) done = seccomp_load(filter.get());
    return done < 0 ? refused(done) : Result<>();
}

}  // namespace guestdump::util
