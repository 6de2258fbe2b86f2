// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attach/hold_pipe.h"
#include "attach/process.h"
#include "qapi/json.h"
#include "qmp/qmp_client.h"

namespace guestdump::attach {

/// A running QEMU and the connection to it: its QMP socket, or libvirt. One thread.
///
/// Errors of all functions: the connection is broken; a wait was interrupted (EINTR).
class Emulator {
  public:
    virtual ~Emulator() = default;

    /// Name for messages: the socket's path or the domain's name.
    virtual const std::string& name() const = 0;

    /// Sends the QMP command @command and returns its result. Errors: QEMU's own, with QEMU's text
    /// and of Kind::refused. After another error QEMU may execute the command.
    virtual Result<qapi::Json> ask(std::string_view command, qapi::Json arguments = nullptr) = 0;

    /// Gives QEMU a copy of the descriptor @fd, to which its commands then refer as @name. Errors:
    /// QEMU's.
    virtual Result<> pass(const std::string& name, int fd) = 0;

    /// The process that runs the guest. Errors: it is not on this host, or cannot be identified.
    virtual Result<Process> process() = 0;

    /// Asks for an ELF dump into @pipe and closes @pipe's input. Returns when QEMU has begun the
    /// dump. Errors: QEMU refuses.
    virtual Result<> begin_dump(HoldPipe& pipe) = 0;

    /// Call it after the pipe was closed. Waits until QEMU has ended its dump and, if @runs, until
    /// the guest runs again. Returns false if that takes longer than @patience.
    virtual Result<bool> await_end(bool runs, std::chrono::milliseconds patience) = 0;

    /// Keeps the events STOP and RESUME for take_event() from now on; drops earlier ones.
    virtual Result<> watch_events() = 0;

    /// Call it every second or so from watch_events() to the last take_event(): libvirtd closes the
    /// connection of a client that has not answered for 30 s, and later events are lost then. Does
    /// not wait.
    virtual void keep_watching() {}

    /// Removes the oldest event @name, STOP or RESUME, and returns when it happened, by QEMU's
    /// clock: microseconds since 1970. Empty if none came within @patience.
    virtual Result<std::optional<int64_t>> take_event(std::string_view name,
                                                      std::chrono::milliseconds patience) = 0;

    /// The descriptors that a forked child must keep open in order to inherit().
    virtual std::vector<int> descriptors() const = 0;

    /// Call it in a forked child after the process that opened this object has ended. Lets the
    /// child talk to QEMU. Drops what that process was sending or receiving.
    virtual Result<> inherit() = 0;

    /// The client of QEMU's QMP socket, owned by this object; nullptr if libvirt is connected to
    /// the socket.
    virtual qmp::QmpClient* client() { return nullptr; }

    /// Sets a descriptor that ends all waits with EINTR when it becomes readable (the user
    /// interrupts the program); -1 for none. The caller keeps it.
    virtual void interrupt_by(int fd) = 0;
};

}  // namespace guestdump::attach
