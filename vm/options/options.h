// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "util/sandbox.h"
#include "vm/machine.h"
#include "vm/memory/ram.h"

namespace guestdump::vm {

/// Where a monitor's clients come from.
struct MonitorDevice {
    enum class Kind : uint8_t { none, stdio, listen, connect, inherited };
    Kind kind = Kind::none;
    std::string path;  ///< of listen and connect
    int fd = -1;       ///< of inherited: a socket that already listens

    bool operator==(const MonitorDevice&) const = default;
};

/// What query-chardev calls a device: "unix:/run/q,server=on".
std::string describe(const MonitorDevice& device);

struct MonitorOption {
    enum class Protocol : uint8_t { qmp, hmp, qtest };
    Protocol protocol = Protocol::qmp;
    MonitorDevice device;
    std::string label;  ///< the chardev's id, or one of our own

    bool operator==(const MonitorOption&) const = default;
};

/// -device loader: a file's bytes into guest memory at every reset.
struct LoaderOption {
    std::string file;
    uint64_t address = 0;         ///< guest-physical
    std::optional<uint64_t> cpu;  ///< this vCPU starts there
};

enum class Vga : uint8_t { none, std };

/// What the command line asks for. Values are checked one by one, not yet against each other.
struct Options {
    MachineType machine = MachineType::pc;
    std::string memory_backend;  ///< -machine memory-backend=, empty where none is named
    std::optional<uint64_t> ram_bytes;
    unsigned cpus = 1;
    /// Names of accelerators, in the order of preference: kvm, synthetic, qtest, and tcg, which is
    /// QEMU's name for the one that needs no /dev/kvm. Empty: the default.
    std::vector<std::string> accels;
    std::vector<RamSpec> backends;
    std::vector<LoaderOption> loaders;
    std::string bios;
    Vga vga = Vga::none;
    bool vmcoreinfo_device = false;
    bool dump_guest_core = true;  ///< guest memory belongs into cores of the process
    std::string restore;
    bool restore_load = false;  ///< its memory is copied into this process

    std::string name, uuid;
    std::vector<MonitorOption> monitors;
    std::string pidfile;
    bool start_paused = false;
    bool preconfig = false;  ///< x-exit-preconfig goes on
    bool daemonize = false;
    std::optional<util::SandboxPolicy> sandbox;
    bool help = false;
    bool version = false;

    /// What was accepted for the sake of those who start QEMU this way, and means nothing here.
    std::vector<std::string> ignored;
};

/// Reads the command line, without the program's name.
///
/// Errors: "-option: <why>", for the first option that cannot be understood.
Result<Options> parse_options(std::span<const char* const> arguments);

/// What -h prints.
std::string options_help();

}  // namespace guestdump::vm
