// SPDX-License-Identifier: GPL-2.0-or-later
#include <glib-unix.h>
#include <glib.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <vector>

#include "dump/dump_state.h"
#include "dump/estimate/inspection_queue.h"
#include "monitor/commands/machine_events.h"
#include "monitor/hmp/hmp_session.h"
#include "monitor/monitor.h"
#include "monitor/qmp/event_hub.h"
#include "monitor/qmp/qmp_session.h"
#include "monitor/qmp/qtest_session.h"
#include "monitor/transport/endpoint.h"
#include "monitor/transport/fd_sets.h"
#include "monitor/transport/main_loop.h"
#include "tools/guestdump-vm/spare_heap.h"
#include "tools/guestdump-vm/terminal_mode.h"
#include "tools/guestdump-vm/terminal_monitor.h"
#include "tools/standard_output.h"
#include "util/daemon.h"
#include "util/sandbox.h"
#include "util/standard_descriptors.h"
#include "util/text.h"
#include "vm/machine_builder.h"
#include "vm/memory/ram_objects.h"
#include "vm/options/options.h"

using namespace guestdump;

/// The program guestdump-vm: a machine, its dumps and its monitors on one main loop.

namespace {

void warn(const std::string& message) {
    std::fprintf(stderr, "guestdump-vm: %s\n", util::printable(message).c_str());
}

monitor::Address address_of(const vm::MonitorDevice& device) {
    using Kind = vm::MonitorDevice::Kind;
    switch (device.kind) {
        case Kind::listen:
            return monitor::ListenAt{device.path};
        case Kind::connect:
            return monitor::ConnectTo{device.path};
        case Kind::inherited:
            return monitor::ListenOn{util::UniqueFd(device.fd)};
        case Kind::stdio:
        case Kind::none:
            break;
    }
    return monitor::Stdio{};
}

/// Everything that lives as long as the program runs. Members are destroyed from the last to the
/// first: the monitors go before the machine.
class Harness {
  public:
    static Result<std::unique_ptr<Harness>> create(const vm::Options& options) {
        vm::MachineParts parts = TRY(vm::build_machine(options));
        const std::vector<std::string> warnings = parts.warnings;
        std::unique_ptr<vm::Machine> machine =
            TRY(vm::Machine::create(std::move(parts), monitor::post_to_main_loop));
        vm::RamObjects objects = TRY(vm::make_ram_objects(options));
        std::unique_ptr<Harness> harness(
            new Harness(options, std::move(machine), std::move(objects)));
        for (const vm::MonitorOption& one : options.monitors) TRY(harness->add_monitor(one));
        // Warnings come last, so that a failed start prints only its error.
        for (const std::string& warning : warnings) warn(warning);
        return harness;
    }

    /// Runs the main loop until the machine is shut down.
    void run() {
        if (!services_.preconfig) {
            const Result<> started = start();
            if (!started) warn(started.error().message());
        }
        g_main_loop_run(loop_.get());
    }

  private:
    struct LoopDeleter {
        void operator()(GMainLoop* loop) const { g_main_loop_unref(loop); }
    };

    /// A monitor: one of the two members is set.
    struct OpenMonitor {
        vm::MonitorOption option;
        std::unique_ptr<monitor::Endpoint> endpoint{};
        std::unique_ptr<tools::TerminalMonitor> terminal{};
    };

    Harness(const vm::Options& options, std::unique_ptr<vm::Machine> machine,
            vm::RamObjects objects)
        : start_paused_(options.start_paused),
          loop_(g_main_loop_new(nullptr, FALSE)),
          objects_(std::move(objects)),
          machine_(std::move(machine)),
          dump_(*machine_, monitor::post_to_main_loop, tools::check_spare_heap),
          inspections_(monitor::post_to_main_loop),
          services_{.machine = *machine_,
                    .dump = dump_,
                    .inspections = inspections_,
                    .events = events_,
                    .fd_sets = fd_sets_,
                    .objects = objects_,
                    .chardevs = [this] { return chardevs(); },
                    .start = [this] { return start(); },
                    .preconfig = options.preconfig,
                    .warn = warn} {
        machine_->set_on_event([this](const vm::MachineEvent& event) { on_event(event); });
        for (const int number : {SIGTERM, SIGINT, SIGHUP})
            g_unix_signal_add(number, on_signal, this);
    }

    Result<> start() {
        if (start_paused_ || machine_->frozen()) return {};
        return machine_->cont();
    }

    void on_event(const vm::MachineEvent& event) {
        monitor::emit_machine_event(events_, event);
        // A guest that ended by itself stays, so that it can be dumped; a requested end is carried
        // out.
        const bool asked = event.cause != vm::ShutdownCause::guest_reset;
        if (event.kind == vm::MachineEvent::Kind::shutdown && asked) g_main_loop_quit(loop_.get());
    }

    static gboolean on_signal(gpointer self) {
        static_cast<Harness*>(self)->machine_->request_shutdown(vm::ShutdownCause::host_signal);
        return G_SOURCE_CONTINUE;
    }

    Result<> add_monitor(const vm::MonitorOption& option) {
        const bool hmp = option.protocol == vm::MonitorOption::Protocol::hmp;
        if (option.device.kind == vm::MonitorDevice::Kind::stdio) {
            stdio_mode_.emplace();
            if (hmp && tools::TerminalMode::interactive()) return add_terminal(option);
        }
        monitor::SessionFactory begin = [this, protocol = option.protocol](monitor::Wire& wire) {
            return begin_session(protocol, wire);
        };
        auto endpoint = TRY(monitor::Endpoint::open(address_of(option.device), std::move(begin)));
        monitors_.push_back({.option = option, .endpoint = std::move(endpoint)});
        return {};
    }

    Result<> add_terminal(const vm::MonitorOption& option) {
        auto terminal = TRY(tools::TerminalMonitor::open(services_));
        monitors_.push_back({.option = option, .terminal = std::move(terminal)});
        return {};
    }

    std::unique_ptr<monitor::Session> begin_session(vm::MonitorOption::Protocol protocol,
                                                    monitor::Wire& wire) {
        using Protocol = vm::MonitorOption::Protocol;
        switch (protocol) {
            case Protocol::qmp:
                return std::make_unique<monitor::QmpSession>(services_, wire);
            case Protocol::hmp:
                return std::make_unique<monitor::HmpSession>(services_, wire, true);
            case Protocol::qtest:
                break;
        }
        return std::make_unique<monitor::QtestSession>(wire);
    }

    std::vector<qapi::ChardevInfo> chardevs() const {
        std::vector<qapi::ChardevInfo> all;
        for (const OpenMonitor& one : monitors_) {
            all.push_back({.label = one.option.label,
                           .filename = vm::describe(one.option.device),
                           .frontend_open = one.terminal || one.endpoint->has_client()});
        }
        return all;
    }

    const bool start_paused_;
    std::unique_ptr<GMainLoop, LoopDeleter> loop_;
    monitor::EventHub events_;
    monitor::FdSets fd_sets_;
    vm::RamObjects objects_;
    std::unique_ptr<vm::Machine> machine_;
    dump::DumpState dump_;
    dump::InspectionQueue inspections_;
    monitor::Services services_;
    std::optional<tools::TerminalMode> stdio_mode_;  ///< set if a monitor uses the terminal
    std::vector<OpenMonitor> monitors_;
};

void tell_ignored(const vm::Options& options) {
    if (options.ignored.empty()) return;
    std::string names;
    for (const std::string& name : options.ignored) names += " " + name;
    warn("options accepted but ignored:" + names);
}

Result<> run(const vm::Options& options) {
    // Without these signals, writing to a client that has gone gives EPIPE, and exceeding the limit
    // on file sizes gives EFBIG.
    ::signal(SIGPIPE, SIG_IGN);
    ::signal(SIGXFSZ, SIG_IGN);
    std::optional<util::Daemon> daemon;
    if (options.daemonize) daemon = TRY(util::Daemon::start());
    tell_ignored(options);
    std::optional<util::Pidfile> pidfile;  // destroyed last: the file exists as long as the machine
    const std::unique_ptr<Harness> harness = TRY(Harness::create(options));
    if (!options.pidfile.empty()) {
        util::Pidfile file = TRY(util::Pidfile::create(options.pidfile));
        pidfile.emplace(std::move(file));
    }
    if (daemon) TRY(daemon->detach());
    // Everything that needs the denied system calls is done; the guest and clients run after this.
    if (options.sandbox) TRY(util::enter_sandbox(*options.sandbox));
    harness->run();
    return {};
}

/// Returns the exit status after printing an answer such as the version.
int end_of_answer() {
    const bool complete = tools::finish_stdout("guestdump-vm") == tools::Output::complete;
    return complete ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
    if (!util::occupy_standard_descriptors()) return EXIT_FAILURE;  // stderr cannot be used either
    tools::keep_spare_heap();
    const std::vector<const char*> arguments(argv + 1, argv + argc);
    const Result<vm::Options> options = vm::parse_options(arguments);
    if (!options) {
        warn(options.error().message());
        return EXIT_FAILURE;
    }
    if (options->help) {
        std::fputs(vm::options_help().c_str(), stdout);
        return end_of_answer();
    }
    if (options->version) {
        std::printf("guestdump-vm version %s\n", GUESTDUMP_VERSION);
        return end_of_answer();
    }
    const Result<> done = run(*options);
    if (!done) {
        warn(done.error().message());
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}
