// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/questions.h"

#include <charconv>
#include <cinttypes>
#include <optional>

#include "attach/live/migration.h"
#include "qapi/visit.h"
#include "util/text.h"

namespace guestdump::attach {
namespace {

using qapi::Json;

template <class T>
Result<T> member_of(json_object* object, const std::string& name, const char* key) {
    T value{};
    auto members = TRY(qapi::ObjectReader::open(object, name));
    TRY(members.member(key, value));
    return value;
}

/// The member @key of the reply to @command.
template <class T>
Result<T> ask_for(Emulator& emulator, const char* command, const char* key) {
    const Json reply = TRY(emulator.ask(command));
    return member_of<T>(reply.get(), command, key);
}

/// As ask_for(), but empty if QEMU refuses the command or leaves the member out, because older
/// versions do not have all commands, and some builds leave commands out.
template <class T>
Result<std::optional<T>> ask_whether(Emulator& emulator, const char* command, const char* key) {
    const Result<Json> reply = emulator.ask(command);
    if (!reply && reply.error().kind() != Error::Kind::refused) return reply.error();
    if (!reply) return std::optional<T>();
    return member_of<std::optional<T>>(reply->get(), command, key);
}

Result<> check_version(Emulator& emulator) {
    const Version version = TRY(version_of(emulator));
    if (version.major > 2 || (version.major == 2 && version.minor >= 6)) return {};
    return Error::make("QEMU %" PRId64 ".%" PRId64
                       " cannot dump in the background, 2.6 and later can",
                       version.major, version.minor);
}

Result<> check_migration(Emulator& emulator) {
    const auto state = TRY(ask_for<std::string>(emulator, "query-status", "status"));
    if (state == "inmigrate")
        return Error::make("the guest is still being received (inmigrate): dump it at its source");
    const auto migration = TRY(ask_whether<std::string>(emulator, "query-migrate", "status"));
    MigrationState now;
    now.status = migration.value_or("");
    if (now.is_over()) return {};
    return Error::make("a migration of the guest is under way (%s): dump it afterwards",
                       util::printable(now.status).c_str());
}

Result<> check_encryption(Emulator& emulator) {
    const auto sev = TRY(ask_whether<bool>(emulator, "query-sev", "enabled"));
    if (!sev.value_or(false)) return {};
    return Error::make("the guest's memory is encrypted (SEV): a dump has nothing readable in it");
}

}  // namespace

Result<Version> version_of(Emulator& emulator) {
    const Json reply = TRY(emulator.ask("query-version"));
    json_object* numbers = qapi::find(reply.get(), "qemu");
    Version version;
    version.major = TRY(member_of<int64_t>(numbers, "query-version", "major"));
    version.minor = TRY(member_of<int64_t>(numbers, "query-version", "minor"));
    return version;
}

Result<bool> guest_runs(Emulator& emulator) {
    return ask_for<bool>(emulator, "query-status", "running");
}

Result<bool> dump_is_active(Emulator& emulator) {
    const auto status = TRY(ask_for<std::string>(emulator, "query-dump", "status"));
    return status == "active";
}

Result<std::vector<pid_t>> vcpu_threads(Emulator& emulator) {
    const Json reply = TRY(emulator.ask("query-cpus-fast"));
    std::vector<pid_t> threads;
    const auto cpus = TRY(qapi::elements(reply.get(), "query-cpus-fast"));
    for (json_object* cpu : cpus) {
        const auto thread = TRY(member_of<int64_t>(cpu, "query-cpus-fast", "thread-id"));
        threads.push_back(static_cast<pid_t>(thread));
    }
    return threads;
}

Result<uint64_t> host_address(Emulator& emulator, guest::Gpa address) {
    const Json arguments = qapi::make_object();
    const std::string line = util::text("gpa2hva 0x%" PRIx64, address.value);
    qapi::add(arguments, "command-line", qapi::to_json(line));
    const Json reply = TRY(emulator.ask("human-monitor-command", qapi::share(arguments.get())));
    std::string said;
    TRY(qapi::from_json(reply.get(), "gpa2hva", said));
    // "Host virtual address for 0x0 (pc.ram) is 0x7f41dffff000". The name may have any characters.
    constexpr std::string_view kIs = ") is 0x";
    const size_t is = said.rfind(kIs);
    uint64_t value = 0;
    const char* const end = said.data() + said.size();
    const bool parsed =
        is != std::string::npos &&
        std::from_chars(said.data() + is + kIs.size(), end, value, 16).ec == std::errc{};
    if (!parsed || value == 0)
        return Error::make("QEMU does not tell where guest memory is: %s", said.c_str());
    return value;
}

Result<std::string> target_architecture(Emulator& emulator) {
    return ask_for<std::string>(emulator, "query-target", "arch");
}

Result<> check_fit(Emulator& emulator) {
    TRY(check_version(emulator));
    TRY(check_migration(emulator));
    return check_encryption(emulator);
}

}  // namespace guestdump::attach
