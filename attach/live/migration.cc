// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/live/migration.h"

#include <algorithm>
#include <array>
#include <optional>

#include "qapi/visit.h"

namespace guestdump::attach {
namespace {

using qapi::Json;
using qapi::ObjectReader;

Json object_of(const char* key, Json value) {
    Json object = qapi::make_object();
    qapi::add(object, key, std::move(value));
    return object;
}

Result<> read_progress(json_object* ram, MigrationState& state) {
    if (!ram) return {};
    auto members = TRY(ObjectReader::open(ram, "query-migrate"));
    TRY(members.member("total", state.total));
    TRY(members.member("remaining", state.remaining));
    return {};
}

}  // namespace

bool MigrationState::is_over() const {
    constexpr std::array kOver = {"", "none", "completed", "failed", "cancelled"};
    return std::ranges::find(kOver, status) != kOver.end();
}

Result<MigrationState> query_migration(Emulator& emulator) {
    const Json reply = TRY(emulator.ask("query-migrate"));
    MigrationState state;
    auto members = TRY(ObjectReader::open(reply.get(), "query-migrate"));
    std::optional<std::string> status, reason;
    std::optional<std::vector<std::string>> blocked;
    TRY(members.member("status", status));
    TRY(members.member("error-desc", reason));
    TRY(members.member("blocked-reasons", blocked));
    TRY(read_progress(qapi::find(reply.get(), "ram"), state));
    state.status = status.value_or("");
    state.reason = reason.value_or("");
    state.blocked = blocked.value_or(std::vector<std::string>());
    return state;
}

bool Capabilities::has(std::string_view name) const {
    return std::ranges::find(on, name) != on.end();
}

bool Capabilities::knows(std::string_view name) const {
    return std::ranges::find(known, name) != known.end();
}

Result<Capabilities> query_capabilities(Emulator& emulator) {
    constexpr const char* kCommand = "query-migrate-capabilities";
    const Json reply = TRY(emulator.ask(kCommand));
    const std::vector<json_object*> list = TRY(qapi::elements(reply.get(), kCommand));
    Capabilities capabilities;
    for (json_object* const one : list) {
        std::string name;
        bool on = false;
        auto members = TRY(ObjectReader::open(one, kCommand));
        TRY(members.member("capability", name));
        TRY(members.member("state", on));
        if (on) capabilities.on.push_back(name);
        capabilities.known.push_back(std::move(name));
    }
    return capabilities;
}

Result<std::map<std::string, uint64_t>> dimm_addresses(Emulator& emulator) {
    constexpr const char* kCommand = "query-memory-devices";
    const Json reply = TRY(emulator.ask(kCommand));
    const std::vector<json_object*> devices = TRY(qapi::elements(reply.get(), kCommand));
    std::map<std::string, uint64_t> addresses;
    for (json_object* const device : devices) {
        json_object* const data = qapi::find(device, "data");
        if (!qapi::find(data, "addr") || !qapi::find(data, "memdev")) continue;
        uint64_t address = 0;
        std::string backend;  // "/objects/ID"
        auto members = TRY(ObjectReader::open(data, kCommand));
        TRY(members.member("addr", address));
        TRY(members.member("memdev", backend));
        // Machine types up to 3.1 call the block by the whole path.
        addresses[backend.substr(backend.rfind('/') + 1)] = address;
        addresses[backend] = address;
    }
    return addresses;
}

Result<> set_background_snapshot(Emulator& emulator, bool on) {
    Json capability =
        object_of("capability", qapi::to_json(std::string_view("background-snapshot")));
    qapi::add(capability, "state", qapi::to_json(on));
    std::vector<Json> list;
    list.push_back(std::move(capability));
    TRY(emulator.ask("migrate-set-capabilities",
                     object_of("capabilities", qapi::make_array(std::move(list)))));
    return {};
}

Result<> begin_migration(Emulator& emulator, const std::string& descriptor) {
    TRY(emulator.ask("migrate", object_of("uri", qapi::to_json("fd:" + descriptor))));
    return {};
}

Result<> close_descriptor(Emulator& emulator, const std::string& descriptor) {
    TRY(emulator.ask("closefd", object_of("fdname", qapi::to_json(descriptor))));
    return {};
}

}  // namespace guestdump::attach
