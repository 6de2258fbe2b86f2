// SPDX-License-Identifier: GPL-2.0-or-later
#include <filesystem>
#include <string>

#include "monitor/command.h"
#include "monitor/hmp/hmp_command.h"
#include "tests/fuzz/seeds.h"

using namespace guestdump;

/// Writes what the monitor's fuzz targets begin with: monitor_seeds FOLDER. Every command once, and
/// conversations in which much happens.

namespace {

void write(const std::filesystem::path& path, const std::string& text) {
    fuzz::write_seed(path, std::as_bytes(std::span(text)));
}

const std::string kHandshake =
    R"({"execute": "qmp_capabilities", "arguments": {"enable": ["oob"]}})";

std::string every_qmp_command() {
    std::string text = kHandshake;
    for (const monitor::Command& command : monitor::commands()) {
        text += R"({"execute": ")" + std::string(command.name) + R"(", "id": [1, {"a": -0.5e1}]})";
        text += "\n{'exec-oob': '" + std::string(command.name) + "'}\r\n";
    }
    return text;
}

std::string every_hmp_command() {
    std::string text;
    for (const monitor::HmpCommand& command : monitor::hmp_commands()) {
        const std::string_view name = command.names.substr(0, command.names.find('|'));
        text += std::string(name) + "\nhelp " + std::string(name) + "\n";
    }
    return text;
}

}  // namespace

void fuzz::write_seeds(const std::filesystem::path& folder) {
    write(folder / "qmp" / "commands", every_qmp_command());
    write(folder / "qmp" / "arguments",
          kHandshake +
              R"({"execute": "dump-guest-memory", "arguments": {"paging": true, "protocol":
                 "fd:\u00e9", "format": "kdump-zlib", "begin": 18446744073709551615, "length": 1}}
                 {"execute": "human-monitor-command", "arguments":
                 {"command-line": "xp /3xg 0x10", "cpu-index": 1}}
                 {"execute": "remove-fd", "arguments": {"fdset-id": 1, "fd": 2}}
                 {"execute": "qom-list", "arguments": {"path": "/machine"}}{]%p 'x' null)");
    write(folder / "hmp" / "commands", every_hmp_command());
    write(folder / "hmp" / "arguments",
          "xp /10xb (0x10 + 2) * $rip\nx /2dg -1\np /c 'a'\ninfo registers -a\ncpu 1\n"
          "dump-guest-memory -p -d \"/x y\" 0 4096\ngpa2hva ~0\ninfo mtree -f\n\x7f\x15\x03\r\n");
}
