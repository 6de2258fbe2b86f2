// SPDX-License-Identifier: GPL-2.0-or-later
#include <string>

#include "tests/monitor/test_client.h"
#include "tests/support/run_suites.h"

namespace guestdump::monitor {

Suite* qmp_objects_suite();

namespace {

std::string add(const std::string& arguments) {
    return R"({"execute": "object-add", "arguments": {)" + arguments + "}}";
}

std::string add_ram(const std::string& id) {
    return add(R"("qom-type": "memory-backend-ram", "size": 4096, "id": ")" + id + "\"");
}

std::string remove(const std::string& id) {
    return R"({"execute": "object-del", "arguments": {"id": ")" + id + "\"}}";
}

std::string list(const std::string& path) {
    return R"({"execute": "qom-list", "arguments": {"path": ")" + path + "\"}}";
}

const std::string kType = R"({"name": "type", "type": "string"})";

START_TEST(backend_is_there_from_object_add_to_object_del) {
    TestMachine vm;
    Negotiated client(vm.services);
    check_text(client.ask(add_ram("m")), kOk);
    check_text(client.ask(list("/objects")),
               "{\"return\": [" + kType +
                   R"(, {"name": "m", "type": "child<memory-backend-ram>"}]})"
                   "\r\n");
    check_text(client.ask(list("/objects/m")), "{\"return\": [" + kType + "]}\r\n");
    check_text(client.ask(remove("m")), kOk);
    check_text(client.ask(list("/objects")), "{\"return\": [" + kType + "]}\r\n");
    check_text(client.ask(remove("m")), generic("object 'm' not found"));
}
END_TEST

START_TEST(id_is_an_identifier_and_taken_once) {
    TestMachine vm;
    Negotiated client(vm.services);
    for (const char* id : {"", "1m", "-m", "a b", "a/b", "\\u00e9"})
        check_text(client.ask(add_ram(id)), generic("Parameter 'id' expects an identifier"));
    check_text(client.ask(add_ram("a-1._Z")), kOk);
    check_text(client.ask(add_ram("a-1._Z")),
               generic("attempt to add duplicate property 'a-1._Z' to object (type 'container')"));
}
END_TEST

START_TEST(backend_of_the_machine_stays) {
    TestMachine vm;
    vm.objects.add_in_use("pc.ram", vm::RamSpec::Backend::memfd);
    Negotiated client(vm.services);
    check_text(client.ask(remove("pc.ram")),
               generic("object 'pc.ram' is in use, can not be deleted"));
    ck_assert(client.ask(list("/objects")).find("child<memory-backend-memfd>") !=
              std::string::npos);
    check_text(client.ask(add_ram("pc.ram")),
               generic("attempt to add duplicate property 'pc.ram' to object (type 'container')"));
}
END_TEST

START_TEST(arguments_that_make_no_backend_are_refused) {
    TestMachine vm;
    Negotiated client(vm.services);
    const std::string ram = R"("qom-type": "memory-backend-ram", "id": "m")";
    const std::string file = R"("qom-type": "memory-backend-file", "id": "m", "size": 4096)";
    const std::pair<std::string, std::string> wrong[] = {
        {R"("id": "m", "size": 1)", "Parameter 'qom-type' is missing"},
        {R"("qom-type": "rng-random", "id": "m")",
         "Parameter 'qom-type' does not accept value 'rng-random'"},
        {ram, "Parameter 'size' is missing"},
        {ram + R"(, "size": 0)", "property 'size' of memory-backend-ram doesn't take value '0'"},
        {ram + R"(, "size": -1)", "Parameter 'size' expects uint64"},
        {ram + R"(, "size": 4096, "mem-path": "/x")", "Parameter 'mem-path' is unexpected"},
        {ram + R"(, "size": 4096, "colour": "blue")", "Parameter 'colour' is unexpected"},
        {file, "Parameter 'mem-path' is missing"},
    };
    for (const auto& [arguments, why] : wrong) check_text(client.ask(add(arguments)), generic(why));
    for (const std::string& more :
         {ram + R"(, "size": 18446744073709551615)", file + R"(, "mem-path": "/no/such/f")"})
        ck_assert(client.ask(add(more)).starts_with(R"({"error": {"class": "GenericError")"));
    check_text(client.ask(list("/objects")), "{\"return\": [" + kType + "]}\r\n");
}
END_TEST

std::string set(const std::string& arguments) {
    return R"({"execute": "qom-set", "arguments": {)" + arguments + "}}";
}

START_TEST(qom_set_checks_its_arguments_and_changes_nothing) {
    TestMachine vm;
    Negotiated client(vm.services);
    check_text(client.ask(set(R"("path": "/machine", "property": "rtc-time")")),
               generic("Parameter 'value' is missing"));
    check_text(client.ask(set(R"("property": "rtc-time", "value": 1)")),
               generic("Parameter 'path' is missing"));
    for (const char* value : {"null", "1", "\"x\"", "{\"a\": [1]}"}) {
        check_text(client.ask(set(R"("path": "/machine", "property": "rtc-time", "value": )" +
                                  std::string(value))),
                   generic("Property 'pc-machine.rtc-time' not found"));
    }
    check_text(client.ask(set(R"("path": "/machine", "property": "type", "value": "q35")")),
               generic("Insufficient permission to perform this operation"));
    check_text(client.ask(set(R"("path": "/nowhere", "property": "type", "value": 1)")),
               refused("DeviceNotFound", "Device '/nowhere' not found"));
}
END_TEST

}  // namespace

Suite* qmp_objects_suite() {
    return support::make_suite(
        "qmp_objects",
        {backend_is_there_from_object_add_to_object_del, id_is_an_identifier_and_taken_once,
         backend_of_the_machine_stays, arguments_that_make_no_backend_are_refused,
         qom_set_checks_its_arguments_and_changes_nothing});
}

}  // namespace guestdump::monitor
