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

/// The place from which clients of a monitor come.
struct MonitorDevice {
    enum class Kind : uint8_t { none, stdio, listen, connect, inherited };
    Kind kind = Kind::none;
    std::string path;  ///< for listen and connect
    int fd = -1;       ///< for inherited: a socket that already listens

    bool operator==(const MonitorDevice&) const = default;
};

/// The device's name in query-chardev, for example "unix:/run/q,server=on".
std::string describe(const MonitorDevice& device);

struct MonitorOption {
    enum class Protocol : uint8_t { qmp, hmp, qtest };
    Protocol protocol = Protocol::qmp;
    MonitorDevice device;
    std::string label;  ///< the chardev's id, or a label in QEMU's style

    bool operator==(const MonitorOption&) const = default;
};

/// -device loader: the bytes of a file are written to guest memory at every reset.
struct LoaderOption {
    std::string file;
    uint64_t address = 0;         ///< guest-physical
    std::optional<uint64_t> cpu;  ///< the vCPU that starts there, if given
};

enum class Vga : uint8_t { none, std };

/// The command line's contents. Values are checked alone, not yet against each other.
struct Options {
    MachineType machine = MachineType::pc;
    std::string memory_backend;  ///< from -machine memory-backend=; empty if none is given
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
    bool dump_guest_core = true;  ///< cores of this process contain guest memory
    std::string restore;
    bool restore_load = false;  ///< copy its memory into this process

    std::string name, uuid;
    std::vector<MonitorOption> monitors;
    std::string pidfile;
    bool start_paused = false;
    bool preconfig = false;  ///< wait for x-exit-preconfig
    bool daemonize = false;
    std::optional<util::SandboxPolicy> sandbox;
    bool help = false;
    bool version = false;

    /// Options that are accepted because managers pass them to QEMU, and that have no effect here.
    std::vector<std::string> ignored;
};

/// Reads the command line, without the program's name.
///
/// Errors: "-option: <why>" for the first option that is not valid.
Result<Options> parse_options(std::span<const char* const> arguments);

/// The text that -h prints.
std::string options_help();

}  // namespace guestdump::vm
