// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/monitor/test_client.h"

#include <check.h>

namespace guestdump::monitor {

Negotiated::Negotiated(Services& services, std::string_view enable) : TestClient(services) {
    const std::string request =
        R"({"execute": "qmp_capabilities", "arguments": {"enable": )" + std::string(enable) + "}}";
    check_text(ask(request), kOk);
}

std::string refused(const std::string& error_class, const std::string& desc) {
    return R"({"error": {"class": ")" + error_class + R"(", "desc": ")" + desc + "\"}}\r\n";
}

std::string generic(const std::string& desc) {
    return refused("GenericError", desc);
}

void check_text(const std::string& found, const std::string& expected, const char* file, int line) {
    if (found == expected) return;
    _ck_assert_failed(file, line, "other text", "found:\n%sexpected:\n%s", found.c_str(),
                      expected.c_str());
}

}  // namespace guestdump::monitor
