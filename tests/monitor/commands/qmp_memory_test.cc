// SPDX-License-Identifier: GPL-2.0-or-later
#include <string>

#include "tests/monitor/test_client.h"
#include "tests/support/run_suites.h"

namespace guestdump::monitor {
namespace {

std::string read_request(const std::string& begin, const std::string& length) {
    return R"({"execute": "read-guest-memory", "arguments": {"begin": )" + begin +
           R"(, "length": )" + length + "}}";
}

START_TEST(memory_comes_in_base64) {
    TestMachine vm;
    Negotiated client(vm.services);
    for (size_t i = 0; i < 4; ++i) vm.ram->bytes()[16 + i] = static_cast<std::byte>(0xfc + i);
    check_text(client.ask(read_request("16", "5")), "{\"return\": {\"data\": \"/P3+/wA=\"}}\r\n");
    check_text(client.ask(read_request("16", "0")), "{\"return\": {\"data\": \"\"}}\r\n");
}
END_TEST

START_TEST(memory_that_is_not_there_is_refused) {
    TestMachine vm;
    Negotiated client(vm.services);
    for (const char* begin : {"65535", "65536", "18446744073709551615"}) {
        ck_assert(client.ask(read_request(begin, "2")).starts_with(R"({"error": )"));
    }
    check_text(client.ask(read_request("0", "1048577")),
               generic("Parameter 'length' expects at most 1048576, not 1048577"));
    check_text(client.ask(read_request("-1", "1")), generic("Parameter 'begin' expects uint64"));
}
END_TEST

START_TEST(vmcoreinfo_is_the_text_of_the_guests_note) {
    TestMachine vm;
    Negotiated client(vm.services);
    check_text(client.ask(R"({"execute": "query-vmcoreinfo"})"),
               "{\"return\": {\"text\": \"OSRELEASE=6.1.0\\nPAGESIZE=4096\\n\"}}\r\n");
}
END_TEST

START_TEST(vmcoreinfo_has_no_text_if_the_guest_gave_no_note) {
    TestMachine vm(TestMachine::Contents::nothing);
    Negotiated client(vm.services);
    check_text(client.ask(R"({"execute": "query-vmcoreinfo"})"), "{\"return\": {}}\r\n");
}
END_TEST

}  // namespace

Suite* qmp_memory_suite() {
    return support::make_suite("qmp_memory", {
                                                 memory_comes_in_base64,
                                                 memory_that_is_not_there_is_refused,
                                                 vmcoreinfo_is_the_text_of_the_guests_note,
                                                 vmcoreinfo_has_no_text_if_the_guest_gave_no_note,
                                             });
}

}  // namespace guestdump::monitor
