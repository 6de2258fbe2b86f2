// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/golden.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/libcheck.h"

namespace guestdump::support {
namespace {

std::string path_of(const std::string& name) {
    return std::string(GOLDEN_DIR "/") + name;
}

}  // namespace

std::string read_golden(const std::string& name) {
    std::ifstream file(path_of(name));
    ck_assert_msg(file.is_open(), "cannot open %s", path_of(name).c_str());
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

void check_golden(const std::string& name, std::string_view text) {
    if (std::getenv("UPDATE_GOLDEN") != nullptr) {
        std::ofstream file(path_of(name));
        file << text;
        ck_assert_msg(file.good(), "cannot write %s", path_of(name).c_str());
        return;
    }
    const std::string expected = read_golden(name);
    ck_assert_msg(text == expected, "%s differs:\n--- expected\n%s--- got\n%.*s", name.c_str(),
                  expected.c_str(), static_cast<int>(text.size()), text.data());
}

}  // namespace guestdump::support
