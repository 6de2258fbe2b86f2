// SPDX-License-Identifier: GPL-2.0-or-later
#include <json-c/json.h>

#include <map>
#include <string>
#include <utility>

#include "monitor/commands.h"
#include "qapi/json_stream.h"
#include "tests/monitor/test_client.h"
#include "tests/support/results.h"
#include "tests/support/run_suites.h"
#include "util/sandbox.h"

namespace guestdump::monitor {
namespace {

/// The entries of query-qmp-schema by name.
class SchemaInfos {
  public:
    explicit SchemaInfos(Services& services)
        : monitor_(services), all_(support::must(qmp_query_qmp_schema(monitor_))) {
        for (size_t i = 0; i < json_object_array_length(all_.get()); ++i) {
            json_object* info = json_object_array_get_idx(all_.get(), i);
            const bool is_new = by_name_.emplace(text_of(info, "name"), info).second;
            ck_assert_msg(is_new, "%s is there twice", text_of(info, "name").c_str());
        }
    }

    static std::string text_of(json_object* info, const char* key) {
        json_object* value = qapi::find(info, key);
        return value ? json_object_get_string(value) : "";
    }
    json_object* find(const std::string& name) const {
        const auto found = by_name_.find(name);
        ck_assert_msg(found != by_name_.end(), "there is no '%s'", name.c_str());
        return found->second;
    }
    const std::map<std::string, json_object*>& all() const { return by_name_; }

  private:
    Monitor monitor_;
    Json all_;
    std::map<std::string, json_object*> by_name_;
};

START_TEST(schema_describes_every_command) {
    TestMachine vm;
    const SchemaInfos infos(vm.services);
    for (const Command& command : commands()) {
        json_object* info = infos.find(std::string(command.name));
        ck_assert(SchemaInfos::text_of(info, "meta-type") == "command");
        ck_assert(json_object_get_boolean(qapi::find(info, "allow-oob")) == command.allow_oob);
    }
}
END_TEST

START_TEST(every_type_that_is_named_is_described) {
    TestMachine vm;
    const SchemaInfos infos(vm.services);
    for (const auto& [name, info] : infos.all()) {
        for (const char* key : {"arg-type", "ret-type", "element-type"}) {
            if (qapi::find(info, key)) infos.find(SchemaInfos::text_of(info, key));
        }
        if (SchemaInfos::text_of(info, "meta-type") != "object") continue;
        json_object* members = qapi::find(info, "members");
        for (size_t i = 0; i < json_object_array_length(members); ++i) {
            infos.find(SchemaInfos::text_of(json_object_array_get_idx(members, i), "type"));
        }
    }
}
END_TEST

START_TEST(dump_command_is_described_with_its_formats) {
    TestMachine vm;
    const SchemaInfos infos(vm.services);
    json_object* arguments =
        infos.find(SchemaInfos::text_of(infos.find("dump-guest-memory"), "arg-type"));
    json_object* members = qapi::find(arguments, "members");
    std::map<std::string, json_object*> by_name;
    for (size_t i = 0; i < json_object_array_length(members); ++i) {
        json_object* member = json_object_array_get_idx(members, i);
        by_name[SchemaInfos::text_of(member, "name")] = member;
    }
    ck_assert(!json_object_object_get_ex(by_name["paging"], "default", nullptr));
    ck_assert(json_object_object_get_ex(by_name["detach"], "default", nullptr));
    json_object* format = infos.find(SchemaInfos::text_of(by_name["format"], "type"));
    json_object* values = qapi::find(format, "values");
    ck_assert_str_eq(json_object_get_string(json_object_array_get_idx(values, 1)), "kdump-zlib");
    ck_assert(SchemaInfos::text_of(infos.find("DUMP_COMPLETED"), "meta-type") == "event");
}
END_TEST

START_TEST(sandbox_is_told_of_where_there_is_one) {
    TestMachine vm;
    Negotiated client(vm.services);
    const std::string reply = client.ask(R"({"execute": "query-command-line-options"})");
    ck_assert(reply.starts_with(R"({"return": [)"));
    ck_assert(util::sandbox_available() ==
              (reply.find(R"("parameters": [{"name": "enable", "type": "boolean"})") !=
               std::string::npos));
    ck_assert(util::sandbox_available() == (reply.find("elevateprivileges") != std::string::npos));
}
END_TEST

START_TEST(libvirt_gets_an_answer_to_all_that_it_asks) {
    TestMachine vm;
    Negotiated client(vm.services);
    const std::pair<const char*, const char*> exchanges[] = {
        {"query-version", "{}"},
        {"query-target", "{}"},
        {"query-qmp-schema", "{}"},
        {"query-commands", "{}"},
        {"query-kvm", "{}"},
        {"qom-list-types", "{}"},
        {"device-list-properties", R"({"typename": "isa-serial"})"},
        {"qom-list-properties", R"({"typename": "pc-i440fx-7.2-machine"})"},
        {"query-machines", "{}"},
        {"query-tpm-models", "{}"},
        {"query-tpm-types", "{}"},
        {"query-command-line-options", "{}"},
        {"query-migrate-capabilities", "{}"},
        {"migrate-set-capabilities", R"({"capabilities": [{"capability": "x", "state": false}]})"},
        {"query-chardev", "{}"},
        {"query-cpus-fast", "{}"},
        {"qom-list", R"({"path": "/machine/unattached/device[0]"})"},
        {"qom-list", R"({"path": "/machine/peripheral"})"},
        {"query-named-block-nodes", "{}"},
        {"query-block", "{}"},
        {"query-status", "{}"},
        {"query-jobs", "{}"},
    };
    for (const auto& [command, arguments] : exchanges) {
        const std::string reply = client.ask(std::string(R"({"execute": ")") + command +
                                             R"(", "arguments": )" + arguments + "}");
        ck_assert_msg(reply.starts_with(R"({"return": )"), "%s: %s", command, reply.c_str());
    }
}
END_TEST

START_TEST(machine_tells_about_itself) {
    TestMachine vm;
    Negotiated client(vm.services);
    check_text(client.ask(R"({"execute": "query-name"})"),
               "{\"return\": {\"name\": \"guest\"}}\r\n");
    check_text(client.ask(R"({"execute": "query-uuid"})"),
               "{\"return\": {\"UUID\": \"00000000-0000-0000-0000-000000000000\"}}\r\n");
    check_text(client.ask(R"({"execute": "query-target"})"),
               "{\"return\": {\"arch\": \"x86_64\"}}\r\n");
    check_text(client.ask(R"({"execute": "query-memory-size-summary"})"),
               "{\"return\": {\"base-memory\": 65536, \"plugged-memory\": 0}}\r\n");
    check_text(client.ask(R"({"execute": "qom-list", "arguments": {"path": "/nope"}})"),
               refused("DeviceNotFound", "Device '/nope' not found"));
    check_text(client.ask(R"({"execute": "device-list-properties",
                              "arguments": {"typename": "flux-capacitor"}})"),
               refused("DeviceNotFound", "Device 'flux-capacitor' not found"));
    check_text(client.ask(R"({"execute": "device-list-properties",
                              "arguments": {"typename": "memory-backend-ram"}})"),
               generic("Parameter 'typename' expects a non-abstract device type"));
    check_text(client.ask(R"({"execute": "migrate-set-capabilities", "arguments":
                              {"capabilities": [{"capability": "xbzrle", "state": true}]}})"),
               generic("migration capability 'xbzrle' is always off"));
}
END_TEST

START_TEST(hmp_line_runs_over_qmp) {
    TestMachine vm;
    Negotiated client(vm.services);
    const auto hmp = [](const std::string& line, const std::string& more = "") {
        return R"({"execute": "human-monitor-command", "arguments": {"command-line": ")" + line +
               "\"" + more + "}}";
    };
    check_text(client.ask(hmp("info status")),
               "{\"return\": \"VM status: paused (prelaunch)\\r\\n\"}\r\n");
    check_text(client.ask(hmp("info name", R"(, "cpu-index": 1)")),
               "{\"return\": \"guest\\r\\n\"}\r\n");
    check_text(client.ask(hmp("foo")), "{\"return\": \"unknown command: 'foo'\\r\\n\"}\r\n");
    check_text(client.ask(hmp("info name", R"(, "cpu-index": 2)")),
               generic("Parameter 'cpu-index' expects a CPU number"));
    check_text(client.ask(hmp("dump-guest-memory /dev/null")), "");
    vm.loop.run_until([&] { return !vm.dump.active(); });
    ck_assert(client.take().ends_with("{\"return\": \"\"}\r\n"));
}
END_TEST

}  // namespace

Suite* qmp_introspect_suite() {
    return support::make_suite("qmp_introspect", {
                                                     schema_describes_every_command,
                                                     every_type_that_is_named_is_described,
                                                     dump_command_is_described_with_its_formats,
                                                     sandbox_is_told_of_where_there_is_one,
                                                     libvirt_gets_an_answer_to_all_that_it_asks,
                                                     machine_tells_about_itself,
                                                     hmp_line_runs_over_qmp,
                                                 });
}

}  // namespace guestdump::monitor
