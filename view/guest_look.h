// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <vector>

#include "guest/guest.h"
#include "linux/guest_kernel.h"
#include "util/cancellation.h"

namespace guestdump::view {

/// The state of a guest at one moment, from a file or captured from a running machine.
struct GuestMoment {
    std::shared_ptr<const guest::PageSource> memory;
    std::vector<guest::Cpu> cpus;
    guest::ArchDumpInfo arch;
    std::optional<guest::GuestNote> note;
    /// Set if it is known already; otherwise it is taken from @note or searched for in @memory.
    std::optional<linux_guest::Vmcoreinfo> vmcoreinfo;
};

/// How the guest's memory is read.
struct LookOptions {
    unsigned threads = 1;  ///< threads that search memory for VMCOREINFO
    /// For the search and for reading; answers have what was read by then.
    std::chrono::milliseconds limit{2000};
};

/// Reads the Linux kernel of a guest whose state was captured. Owns that state. One thread.
class GuestLook {
  public:
    /// Takes VMCOREINFO from @moment.vmcoreinfo, else from the guest's note, else searches memory
    /// for it. @cancellation must outlive the result. Errors: there is no VMCOREINFO; the search
    /// was cancelled, or took longer than the limit; those of GuestKernel::open().
    static Result<std::unique_ptr<GuestLook>> open(GuestMoment moment, const LookOptions& options,
                                                   const util::Cancellation& cancellation);

    linux_guest::GuestKernel& kernel() { return *kernel_; }
    const GuestMoment& moment() const { return moment_; }

  private:
    explicit GuestLook(GuestMoment moment) : moment_(std::move(moment)) {}

    GuestMoment moment_;
    std::unique_ptr<linux_guest::GuestKernel> kernel_;
};

}  // namespace guestdump::view
