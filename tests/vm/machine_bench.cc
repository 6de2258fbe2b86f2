// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/vm/machine_bench.h"

#include <check.h>

#include <utility>

#include "tests/support/bytes.h"
#include "tests/support/results.h"

namespace guestdump::vm {
namespace {

using support::must;

std::shared_ptr<Ram> small_ram() {
    RamSpec spec;
    spec.id = "ram";
    spec.size = 4096;
    return must(Ram::create(spec));
}

}  // namespace

MachineBench::MachineBench() : ram(small_ram()) {}

MachineParts MachineBench::parts(unsigned cpus) {
    MachineParts parts;
    parts.ram_bytes = 4096;
    must(parts.memory.add({.range = {Gpa{0}, 4096}, .region = ram, .host = ram->host()}));
    parts.images.push_back({Gpa{16}, support::Bytes(2, std::byte{0x90})});
    parts.start_registers.assign(cpus, target_i386::reset_registers());
    parts.accel = std::make_unique<ScriptedAccel>(accel);
    return parts;
}

Machine::Post MachineBench::post() {
    return [this](std::function<void()> function) { posted.push_back(std::move(function)); };
}

void MachineBench::adopt(std::unique_ptr<Machine> made) {
    machine = std::move(made);
    machine->set_on_event([this](const MachineEvent& event) { tell(event); });
}

void MachineBench::tell(const MachineEvent& event) {
    static constexpr const char* kWords[] = {"STOP", "RESUME", "RESET", "SHUTDOWN"};
    if (!events.empty()) events += " ";
    events += kWords[static_cast<int>(event.kind)];
    if (event.cause) events += ":" + std::string(qapi::to_string(*event.cause));
}

void MachineBench::spin() {
    for (const auto& function : std::exchange(posted, {})) function();
}

void MachineBench::must_have_told(std::string_view expected, const char* file, int line) {
    const std::string told = std::exchange(events, {});
    if (told != expected) _ck_assert_failed(file, line, "wrong events", "'%s'", told.c_str());
}

std::unique_ptr<MachineBench> bench(unsigned cpus) {
    auto made = std::make_unique<MachineBench>();
    made->adopt(must(Machine::create(made->parts(cpus), made->post())));
    return made;
}

std::unique_ptr<MachineBench> running_bench() {
    auto made = bench();
    must(made->machine->cont());
    made->must_have_told("RESUME");
    return made;
}

}  // namespace guestdump::vm
