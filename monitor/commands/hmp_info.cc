// SPDX-License-Identifier: GPL-2.0-or-later
#include <cinttypes>
#include <string>

#include "monitor/commands.h"
#include "monitor/commands/guest_report.h"
#include "monitor/hmp/hmp_command.h"
#include "monitor/monitor.h"
#include "monitor/version.h"
#include "util/text.h"
#include "view/report_view.h"
#include "vm/machine.h"

namespace guestdump::monitor {
namespace {

Result<std::string> info_status(Monitor& monitor, const HmpArguments&) {
    const qapi::StatusInfo info = TRY(qmp_query_status(monitor));
    if (info.running) return std::string("VM status: running\n");
    if (info.status == qapi::RunState::paused) return std::string("VM status: paused\n");
    return "VM status: paused (" + std::string(to_string(info.status)) + ")\n";
}

Result<std::string> info_version(Monitor&, const HmpArguments&) {
    const qapi::VersionInfo info = version_info();
    return util::text("%" PRId64 ".%" PRId64 ".%" PRId64 " %s\n", info.qemu.major, info.qemu.minor,
                      info.qemu.micro, info.package.c_str());
}

Result<std::string> info_name(Monitor& monitor, const HmpArguments&) {
    const std::string& name = monitor.services.machine.name();
    return name.empty() ? std::string() : name + "\n";
}

Result<std::string> info_kvm(Monitor& monitor, const HmpArguments&) {
    const qapi::KvmInfo info = TRY(qmp_query_kvm(monitor));
    const char* support = info.enabled ? "enabled" : (info.present ? "disabled" : "not compiled");
    return util::text("kvm support: %s\n", support);
}

Result<std::string> info_cpus(Monitor& monitor, const HmpArguments&) {
    const std::vector<qapi::CpuInfoFast> cpus = TRY(qmp_query_cpus_fast(monitor));
    std::string text;
    for (const qapi::CpuInfoFast& cpu : cpus) {
        text += util::text("%c CPU #%" PRId64 ": thread_id=%" PRId64 "\n",
                           cpu.cpu_index == 0 ? '*' : ' ', cpu.cpu_index, cpu.thread_id);
    }
    return text;
}

Result<std::string> info_uuid(Monitor& monitor, const HmpArguments&) {
    const qapi::UuidInfo info = TRY(qmp_query_uuid(monitor));
    return info.UUID + "\n";
}

Result<std::string> info_memory_size_summary(Monitor& monitor, const HmpArguments&) {
    const qapi::MemoryInfo info = TRY(qmp_query_memory_size_summary(monitor));
    return util::text("base memory: %" PRIu64 "\nplugged memory: %" PRIu64 "\n", info.base_memory,
                      info.plugged_memory.value_or(0));
}

void info_guest(Monitor& monitor, const HmpArguments&, const Completion<std::string>& done) {
    Result<> begun = report_guest(monitor, [done](Result<qapi::GuestReport> report) {
        if (!report) return done(std::move(report).take_error());
        done(view::report_text(*report));
    });
    if (!begun) done(std::move(begun).take_error());
}

constexpr HmpCommand kCommands[] = {
    {"info cpus", {}, "", "show infos for each CPU", at_once<info_cpus>},
    {"info guest",
     {},
     "",
     "show what a Linux guest is doing, by its memory: kernel, CPUs, blocked tasks, log",
     info_guest},
    {"info kvm", {}, "", "show KVM information", at_once<info_kvm>},
    {"info memory_size_summary|info memory-size-summary",
     {},
     "",
     "show the amount of memory that the guest began with and that was plugged, in bytes",
     at_once<info_memory_size_summary>},
    {"info name", {}, "", "show the current VM name", at_once<info_name>},
    {"info status", {}, "", "show the current VM status (running|paused)", at_once<info_status>},
    {"info uuid", {}, "", "show the current VM UUID", at_once<info_uuid>},
    {"info version", {}, "", "show the version of the program", at_once<info_version>},
};

}  // namespace

std::span<const HmpCommand> hmp_info_commands() {
    return kCommands;
}

}  // namespace guestdump::monitor
