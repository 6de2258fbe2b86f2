// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/arch.h"
#include "target-i386/cpu.h"
#include "vm/machine.h"
#include "vm/memory/live_source.h"

namespace guestdump::vm {

Result<std::vector<target_i386::Registers>> Machine::all_registers() {
    if (frozen()) return parts_.start_registers;
    std::vector<target_i386::Registers> all;
    for (unsigned cpu = 0; cpu < cpu_count(); ++cpu) {
        const target_i386::Registers registers = TRY(parts_.accel->registers(cpu));
        all.push_back(registers);
    }
    return all;
}

Result<> Machine::synchronize() {
    const std::vector<target_i386::Registers> all = TRY(all_registers());
    post_mortem_->update(all, guest_note());
    const auto traits = frozen() ? target_i386::PagingTraits{} : parts_.accel->paging_traits();
    cpus_.clear();
    for (const target_i386::Registers& registers : all)
        cpus_.push_back(target_i386::make_cpu(registers, traits));
    return {};
}

void Machine::record_registers() {
    // Where the host does not tell them, the record keeps those that it has.
    const Result<std::vector<target_i386::Registers>> all = all_registers();
    if (all) post_mortem_->update(*all, guest_note());
}

Result<target_i386::Registers> Machine::registers(unsigned cpu) {
    const auto hurried = hurry();
    if (frozen()) return parts_.start_registers[cpu];
    const bool runs = running();
    if (runs) parts_.accel->halt();
    Result<target_i386::Registers> registers = parts_.accel->registers(cpu);
    if (runs) parts_.accel->run();
    return registers;
}

Result<> Machine::refresh_cpus() {
    const auto hurried = hurry();
    const bool runs = running() && !frozen();
    if (runs) parts_.accel->halt();
    Result<> done = synchronize();
    if (runs) run_vcpus();
    return done;
}

std::optional<guest::GuestNote> Machine::guest_note() const {
    if (!fw_cfg_) return parts_.guest_note;
    const auto hurried = hurry();  // a vCPU that waits for the pool may hold fw_cfg's lock
    constexpr uint16_t kElfNote = 1;
    const auto place = fw_cfg_->note();
    if (!place || place->format != kElfNote || place->size > guest::kMaxGuestNote)
        return std::nullopt;
    guest::GuestNote note(place->size);
    const Result<> read = blocks().read(place->address, note);
    if (!read) return std::nullopt;
    return note;
}

Result<std::shared_ptr<guest::LiveView>> Machine::live_view(uint64_t pool_bytes) {
    if (frozen()) return std::shared_ptr<guest::LiveView>();
    const std::shared_ptr<LiveSource> source = TRY(LiveSource::create(memory(), pool_bytes));
    live_ = source->memory();
    return std::shared_ptr<guest::LiveView>(source);
}

Result<guest::ArchDumpInfo> Machine::arch_info(const guest::GuestPhysBlockList& blocks) const {
    if (cpus_.empty() && parts_.recorded_arch) return *parts_.recorded_arch;
    if (cpus_.empty()) return Error::make("dumping guest memory is not supported on this target");
    return target_i386::dump_info(target_i386::registers_of(cpus_.front()), blocks);
}

}  // namespace guestdump::vm
