// SPDX-License-Identifier: GPL-2.0-or-later
#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <span>
#include <thread>

#include "attach/domains.h"
#include "attach/libvirt_events.h"
#include "attach/questions.h"
#include "qapi/json_stream.h"
#include "qapi/visit.h"
#include "qmp/reply.h"
#include "util/thread.h"
#include "util/wakeup.h"

namespace guestdump::attach {
namespace {

using namespace std::chrono_literals;
using qapi::Json;

struct Close {
    void operator()(virConnectPtr connection) const { virConnectClose(connection); }
    void operator()(virDomainPtr domain) const { virDomainFree(domain); }
};
using Connection = std::unique_ptr<virConnect, Close>;
using DomainHandle = std::unique_ptr<virDomain, Close>;

/// The error of this thread's last libvirt call, with libvirt's text.
Error libvirt_error() {
    return Error::make("libvirt: %s", virGetLastErrorMessage());
}

/// A domain, and the connection that it belongs to.
struct Domain {
    Connection connection;
    DomainHandle handle;

    static Result<Domain> open(const std::string& uri, const std::string& name) {
        Domain domain;
        domain.connection.reset(virConnectOpen(uri.c_str()));
        if (!domain.connection) return libvirt_error();
        domain.handle.reset(virDomainLookupByName(domain.connection.get(), name.c_str()));
        if (!domain.handle) return libvirt_error().while_("domain '%s'", name.c_str());
        return domain;
    }
};

/// True if the connection's URI has a host: text between "//" and the next "/". A libvirtd there
/// would take our PID in /proc/PID/fd for that of another process.
bool names_other_host(virConnectPtr connection) {
    const std::unique_ptr<char, void (*)(void*)> uri(virConnectGetURI(connection), std::free);
    const std::string text = uri ? uri.get() : "";
    const size_t authority = text.find("://");
    return authority == std::string::npos || text[authority + 3] != '/';
}

/// The PID of the process that a thread belongs to, from the line "Tgid:". [proc(5)]
std::optional<pid_t> process_of_thread(pid_t thread) {
    const Result<std::string> status = text_of("/proc/" + std::to_string(thread) + "/status");
    constexpr std::string_view kTgid = "\nTgid:\t";
    const size_t at = status ? status->find(kTgid) : std::string::npos;
    if (at == std::string::npos) return std::nullopt;
    pid_t pid = 0;
    const char* const begin = status->data() + at + kTgid.size();
    if (std::from_chars(begin, status->data() + status->size(), pid).ec != std::errc{})
        return std::nullopt;
    return pid;
}

/// A QEMU under libvirt. libvirt dumps the domain into our pipe, and closes the pipe when QEMU's
/// dump fails. The libvirt call returns only when the dump has ended, so it is made on a thread
/// and a connection of its own.
///
/// Sending dump-guest-memory through libvirt's monitor would be simpler, but libvirtd 9.0 crashes
/// when a dump ends that is not a job of libvirt's own. [libvirt src/qemu/qemu_process.c]
class LibvirtDomain final : public Emulator {
  public:
    LibvirtDomain(std::string uri, std::string name, Domain asked, Domain dumped,
                  util::Wakeup ended)
        : uri_(std::move(uri)),
          name_(std::move(name)),
          asked_(std::move(asked)),
          dumped_(std::move(dumped)),
          ended_(std::move(ended)) {}

    const std::string& name() const override { return name_; }
    Result<Json> ask(std::string_view command, Json arguments) override;
    Result<Process> process() override;
    Result<> begin_dump(HoldPipe& pipe) override;
    Result<bool> await_end(bool runs, std::chrono::milliseconds patience) override;
    Result<> pass(const std::string& name, int fd) override;
    Result<> watch_events() override;
    void keep_watching() override {
        if (events_) events_->serve();
    }
    Result<std::optional<int64_t>> take_event(std::string_view name,
                                              std::chrono::milliseconds patience) override;
    std::vector<int> descriptors() const override { return {}; }
    Result<> inherit() override;
    void interrupt_by(int fd) override { interrupt_ = fd; }

  private:
    Result<Json> ask_with(std::string_view command, Json arguments, std::span<int> files);
    void dump(int input);
    Result<> await_begin(const HoldPipe& pipe);
    Result<bool> runs() const;

    std::string uri_, name_;
    Domain asked_;      ///< for all calls except the dump
    Domain dumped_;     ///< for the dump; used by the thread
    Domain watched_{};  ///< for events
    std::unique_ptr<LibvirtEvents> events_{};
    int interrupt_ = -1;
    util::Wakeup ended_;            ///< raised when the call has returned
    std::optional<Error> failure_;  ///< error of the call; valid once ended_ is raised
    util::Thread thread_{};         ///< last, because it uses the other members
};

Result<Json> LibvirtDomain::ask(std::string_view command, Json arguments) {
    return ask_with(command, std::move(arguments), {});
}

Result<> LibvirtDomain::pass(const std::string& name, int fd) {
    Json arguments = qapi::make_object();
    qapi::add(arguments, "fdname", qapi::to_json(name));
    TRY(ask_with("getfd", std::move(arguments), std::span(&fd, 1)));
    return {};
}

/// @files: descriptors that go along, one at most. [libvirt src/libvirt-qemu.c]
Result<Json> LibvirtDomain::ask_with(std::string_view command, Json arguments,
                                     std::span<int> files) {
    const Json request = qapi::make_object();
    qapi::add(request, "execute", qapi::to_json(command));
    if (arguments) qapi::add(request, "arguments", std::move(arguments));
    char* text = nullptr;
    const std::string line = qapi::to_text(request.get());
    // Daemons before 8.2 have the first of these calls only.
    const int done =
        files.empty() ? virDomainQemuMonitorCommand(asked_.handle.get(), line.c_str(), &text, 0)
                      : virDomainQemuMonitorCommandWithFiles(
                            asked_.handle.get(), line.c_str(), static_cast<unsigned>(files.size()),
                            files.data(), nullptr, nullptr, &text, 0);
    if (done < 0) return libvirt_error();
    const std::unique_ptr<char, void (*)(void*)> owned(text, std::free);
    std::optional<Result<Json>> reply;
    qapi::JsonStream stream([&reply](Result<Json> value) { reply = std::move(value); });
    stream.feed(text);
    if (!reply) return Error::make("libvirt returned an incomplete reply of QEMU");
    if (!*reply) return std::move(*reply).take_error();
    return qmp::result_of((*reply)->get());
}

/// Finds the process by the IDs of its vCPU threads. Then checks that the process's command line
/// contains the domain's UUID, because the IDs may be those of another PID namespace.
Result<Process> LibvirtDomain::process() {
    const std::vector<pid_t> threads = TRY(vcpu_threads(*this));
    const std::optional<pid_t> pid =
        threads.empty() ? std::nullopt : process_of_thread(threads.front());
    std::array<char, VIR_UUID_STRING_BUFLEN> uuid{};
    if (virDomainGetUUIDString(asked_.handle.get(), uuid.data()) < 0) return libvirt_error();
    if (pid) {
        Process process = TRY(Process::open(*pid));
        const std::string words = TRY(process.text("cmdline"));
        if (words.find(uuid.data()) != std::string::npos) return process;
    }
    return Error::make("the process of domain '%s' is not seen from here: another PID namespace?",
                       name_.c_str());
}

Result<> LibvirtDomain::begin_dump(HoldPipe& pipe) {
    thread_ = TRY(util::Thread::start([this, input = pipe.input()] { dump(input); }));
    TRY(await_begin(pipe));
    pipe.close_input();
    return {};
}

/// The thread's function. libvirtd opens the path, which exists for as long as this process has
/// the descriptor.
void LibvirtDomain::dump(int input) {
    const std::string path = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(input);
    constexpr unsigned kFlags = VIR_DUMP_MEMORY_ONLY | VIR_DUMP_LIVE;
    const int done = virDomainCoreDumpWithFormat(dumped_.handle.get(), path.c_str(),
                                                 VIR_DOMAIN_CORE_DUMP_FORMAT_RAW, kFlags);
    if (done < 0) failure_ = libvirt_error();
    ended_.raise();
}

Result<> LibvirtDomain::await_begin(const HoldPipe& pipe) {
    while (true) {
        std::array<pollfd, 3> waits = {{
            {.fd = pipe.output(), .events = POLLIN, .revents = 0},
            {.fd = ended_.fd(), .events = POLLIN, .revents = 0},
            {.fd = interrupt_, .events = POLLIN, .revents = 0},
        }};
        if (::poll(waits.data(), waits.size(), -1) < 0) {
            if (errno == EINTR) continue;
            return Error::from_errno(errno, "waiting for libvirt's dump");
        }
        if (waits[2].revents) return Error::from_errno(EINTR, "waiting for libvirt's dump");
        if (waits[0].revents & POLLIN) return {};
        if (failure_) return *failure_;
        return Error::make("libvirt's dump of domain '%s' ended before it began", name_.c_str());
    }
}

Result<bool> LibvirtDomain::runs() const {
    int state = VIR_DOMAIN_NOSTATE;
    if (virDomainGetState(asked_.handle.get(), &state, nullptr, 0) < 0) return libvirt_error();
    return state == VIR_DOMAIN_RUNNING;
}

/// Ignores the error of the libvirt call: closing the pipe made the dump fail on purpose, and
/// libvirt's text for that is not stable.
Result<bool> LibvirtDomain::await_end(bool runs_then, std::chrono::milliseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!ended_.is_raised()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(5ms);
    }
    while (true) {
        const bool runs_now = TRY(runs());
        if (runs_now || !runs_then) return true;
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(5ms);
    }
}

/// Opens another connection for events. Call it after the drainer was forked: once libvirt has an
/// event loop, a forked child can no longer open a connection.
Result<> LibvirtDomain::watch_events() {
    TRY(LibvirtEvents::prepare());
    watched_ = TRY(Domain::open(uri_, name_));
    events_ = TRY(LibvirtEvents::of(watched_.connection.get(), watched_.handle.get()));
    return {};
}

Result<std::optional<int64_t>> LibvirtDomain::take_event(std::string_view name,
                                                         std::chrono::milliseconds patience) {
    if (!events_) return std::optional<int64_t>();
    return events_->take(name, patience);
}

/// Opens a new connection. The inherited ones share the parent's sockets, so they are abandoned and
/// not closed.
Result<> LibvirtDomain::inherit() {
    for (Domain* const domain : {&asked_, &dumped_}) {
        (void)domain->handle.release();
        (void)domain->connection.release();
    }
    asked_ = TRY(Domain::open(uri_, name_));
    return {};
}

}  // namespace

Result<std::unique_ptr<Emulator>> open_domain(const std::string& uri, const std::string& name) {
    // Keeps libvirt from printing errors: this program reports them itself.
    virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});
    Domain asked = TRY(Domain::open(uri, name));
    if (names_other_host(asked.connection.get()))
        return Error::make("'%s' is another host's libvirt: run guestdump there", uri.c_str());
    if (std::string_view(virConnectGetType(asked.connection.get())) != "QEMU")
        return Error::make("'%s' is no libvirt of QEMU guests", uri.c_str());
    if (virDomainIsActive(asked.handle.get()) != 1)
        return Error::make("domain '%s' is not running", name.c_str());
    Domain dumped = TRY(Domain::open(uri, name));
    util::Wakeup ended = TRY(util::Wakeup::create());
    std::unique_ptr<Emulator> domain = std::make_unique<LibvirtDomain>(
        uri, name, std::move(asked), std::move(dumped), std::move(ended));
    return domain;
}

}  // namespace guestdump::attach
