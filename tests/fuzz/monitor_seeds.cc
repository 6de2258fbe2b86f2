// SPDX-License-Identifier: GPL-2.0-or-later
#include <filesystem>
#include <string>

#include "monitor/command.h"
#include "monitor/hmp/hmp_command.h"
#include "tests/fuzz/seeds.h"

using namespace guestdump;

/// Writes the seeds of the monitor's fuzz targets: monitor_seeds FOLDER. They contain every command
/// once, and conversations in which much happens.

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
    // What a client finds at a socket.
    const std::string greeting =
        "{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, "
        "\"package\": "
        "\"Debian\"}, \"capabilities\": [\"oob\"]}}\r\n{\"return\": {}}\r\n";
    write(folder / "greeting" / "qemu",
          greeting +
              "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"STOP\"}\r\n"
              "{\"return\": {\"status\": \"paused\", \"singlestep\": false, \"running\": "
              "false}}\r\n");
    write(folder / "greeting" / "error",
          greeting + "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no\"}}");
    write(folder / "greeting" / "hmp",
          "QEMU 7.2.22 monitor - type 'help' for more information\r\n(qemu) ");
    write(folder / "greeting" / "http", "HTTP/1.1 400 Bad Request\r\n\r\n");
    write(folder / "greeting" / "ssh", "SSH-2.0-OpenSSH_9.2p1\r\n");
}
