// SPDX-License-Identifier: GPL-2.0-or-later
#include <unistd.h>

#include <vector>

#include "vm/accels.h"

namespace guestdump::vm {
namespace {

/// vCPUs whose registers never change after a reset.
class QtestAccel final : public Accel {
  public:
    std::string_view name() const override { return "qtest"; }

    Result<> create_vcpus(unsigned count, const AddressSpace&, OnFault) override {
        registers_.resize(count);
        return {};
    }
    void run() override {}
    void halt() override {}

    Result<target_i386::Registers> registers(unsigned cpu) override { return registers_[cpu]; }

    Result<> reset(unsigned cpu, const target_i386::Registers& registers) override {
        registers_[cpu] = registers;
        return {};
    }
    pid_t thread_id(unsigned) const override { return getpid(); }

  private:
    std::vector<target_i386::Registers> registers_;
};

}  // namespace

std::unique_ptr<Accel> make_qtest_accel() {
    return std::make_unique<QtestAccel>();
}

}  // namespace guestdump::vm
