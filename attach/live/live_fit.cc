// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/live/live_fit.h"

#include <array>
#include <cinttypes>
#include <string>
#include <string_view>

#include "attach/live/migration.h"
#include "attach/questions.h"
#include "qapi/visit.h"

namespace guestdump::attach {
namespace {

using qapi::ObjectReader;

/// QEMU before this version does not end the write protection of a broken snapshot: its vCPUs wait
/// for ever. [qemu migration/migration.c, bg_migration_iteration_finish]
constexpr int64_t kMended = 9;

/// Capabilities that QEMU accepts together with background-snapshot, although no whole stream comes
/// of it. It refuses others itself.
struct Hindrance {
    const char* capability;
    const char* why;
};
constexpr std::array kHindrances = {
    // [qemu migration/ram.c, ram_save_complete is not called]
    Hindrance{"mapped-ram", "QEMU then sends no memory at all"},
    Hindrance{"x-ignore-shared", "QEMU then leaves shared memory out"},
    Hindrance{"block", "QEMU then sends the contents of disks too"},
};

/// A member of query-migrate-parameters that must have a certain value.
struct Parameter {
    const char* name;
    const char* wanted;
    const char* why;
};
constexpr std::array kParameters = {
    Parameter{"tls-creds", "", "the stream would be encrypted"},
    Parameter{"mode", "normal", "the guest would be stopped"},
};

Result<> check_capabilities(const Capabilities& capabilities, Version version) {
    if (!capabilities.knows("background-snapshot")) {
        return Error::make("QEMU %" PRId64 ".%" PRId64
                           " has no background snapshots; 6.0 and later on a Linux host have",
                           version.major, version.minor);
    }
    for (const Hindrance& hindrance : kHindrances) {
        if (!capabilities.has(hindrance.capability)) continue;
        return Error::make("the migration capability '%s' is on, and %s: switch it off",
                           hindrance.capability, hindrance.why);
    }
    return {};
}

Result<> check_parameters(Emulator& emulator) {
    const qapi::Json reply = TRY(emulator.ask("query-migrate-parameters"));
    for (const Parameter& parameter : kParameters) {
        json_object* const value = qapi::find(reply.get(), parameter.name);
        std::string text;
        if (!value || !qapi::from_json(value, parameter.name, text) || text == parameter.wanted)
            continue;
        return Error::make("the migration parameter '%s' is '%s', and %s", parameter.name,
                           text.c_str(), parameter.why);
    }
    return {};
}

/// The reader of streams knows where a PC has its memory.
Result<> check_machine(Emulator& emulator) {
    const std::string architecture = TRY(target_architecture(emulator));
    if (architecture != "x86_64" && architecture != "i386")
        return Error::make("a guest of %s cannot be read, only x86", architecture.c_str());
    qapi::Json question = qapi::make_object();
    qapi::add(question, "path", qapi::to_json(std::string_view("/machine")));
    qapi::add(question, "property", qapi::to_json(std::string_view("type")));
    const Result<qapi::Json> type = emulator.ask("qom-get", std::move(question));
    std::string name;  // "pc-q35-7.2-machine"
    if (!type || !qapi::from_json(type->get(), "type", name) || name.starts_with("pc-")) return {};
    return Error::make("the memory layout of machine '%s' is not known, only that of pc and q35",
                       name.c_str());
}

Result<> check_blockers(Emulator& emulator) {
    const MigrationState state = TRY(query_migration(emulator));
    if (state.blocked.empty()) return {};
    return Error::make("QEMU cannot migrate this guest: %s", state.blocked.front().c_str());
}

/// The largest possible size of the stream, bytes: guest memory with 9 bytes for each page, and
/// 1 GiB for the memory of devices, mostly video memory and ROMs.
Result<uint64_t> most_bytes(Emulator& emulator) {
    constexpr uint64_t kDevices = uint64_t{1} << 30;
    constexpr const char* kCommand = "query-memory-size-summary";
    const qapi::Json reply = TRY(emulator.ask(kCommand));
    uint64_t base = 0;
    std::optional<uint64_t> plugged;
    auto members = TRY(ObjectReader::open(reply.get(), kCommand));
    TRY(members.member("base-memory", base));
    TRY(members.member("plugged-memory", plugged));
    const uint64_t memory = base + plugged.value_or(0);
    return memory + memory / 64 + kDevices;
}

/// Where QEMU has put main memory above 4 GiB: on AMD hosts perhaps at 1 TiB, which the stream does
/// not record. Empty if the guest has no memory there, or QEMU does not answer.
std::optional<uint64_t> memory_above_4g(Emulator& emulator) {
    for (const uint64_t place : {uint64_t{1} << 32, uint64_t{1} << 40}) {
        const Result<uint64_t> found = host_address(emulator, guest::Gpa{place});
        if (found) return place;
    }
    return std::nullopt;
}

Result<LiveFit> fit_of(Emulator& emulator, Version version, bool force) {
    LiveFit fit;
    fit.mended = version.major >= kMended;
    if (!fit.mended && !force) {
        return Error::make("QEMU %" PRId64 ".%" PRId64
                           " can hang its guest if a live dump breaks off, 9.0 and later do not; "
                           "--live=force dumps with a second process that prevents it",
                           version.major, version.minor);
    }
    TRY(check_machine(emulator));
    const Capabilities capabilities = TRY(query_capabilities(emulator));
    TRY(check_capabilities(capabilities, version));
    TRY(check_parameters(emulator));
    TRY(check_blockers(emulator));
    fit.was_on = capabilities.has("background-snapshot");
    fit.addresses.dimms = TRY(dimm_addresses(emulator));
    fit.addresses.above_4g = memory_above_4g(emulator);
    fit.most_bytes = TRY(most_bytes(emulator));
    Result<Process> process = emulator.process();
    const Result<> readable = process ? process->check_readable() : Result<>();
    if (process && readable) fit.process = std::move(process).take();
    if (fit.process || fit.mended) return fit;
    const Error& why = process ? readable.error() : process.error();
    return Error::make("QEMU %" PRId64 ".%" PRId64 " may need help to let its guest go on, and %s",
                       version.major, version.minor, why.message().c_str());
}

}  // namespace

Result<LiveProspect> examine_live(Emulator& emulator, bool force) {
    TRY(check_fit(emulator));
    LiveProspect prospect;
    const bool runs = TRY(guest_runs(emulator));
    if (!runs) {
        prospect.stands_still = true;
        return prospect;
    }
    const Version version = TRY(version_of(emulator));
    Result<LiveFit> fit = fit_of(emulator, version, force);
    if (!fit && fit.error().os_error() == EINTR) return std::move(fit).take_error();
    if (fit) {
        prospect.fit = std::move(fit).take();
    } else {
        prospect.why_not = std::move(fit).take_error();
    }
    return prospect;
}

}  // namespace guestdump::attach
