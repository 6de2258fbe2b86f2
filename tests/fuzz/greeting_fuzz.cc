// SPDX-License-Identifier: GPL-2.0-or-later
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include "qmp/qmp_client.h"
#include "util/unix_socket.h"

using namespace guestdump;

namespace {

/// A folder of this process, for its sockets. It is removed at the end.
class Folder {
  public:
    Folder() {
        if (!::mkdtemp(path_.data())) std::abort();
    }
    ~Folder() { ::rmdir(path_.c_str()); }
    std::string socket() const { return path_ + "/q"; }

  private:
    std::string path_ = "/tmp/guestdump-greeting-XXXXXX";
};

/// Sends @text to the first client, hangs up, and reads until the client does.
void serve(int listener, std::string_view text) {
    const util::UniqueFd client = util::accept_client(listener);
    if (!client) return;
    ::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL);
    ::shutdown(client.get(), SHUT_WR);
    char request[4096];
    while (::recv(client.get(), request, sizeof request, 0) > 0) {
    }
}

}  // namespace

/// Any bytes are what a socket sends to the QMP client: greeting, answers and events, all at once.
/// Then it hangs up, because a client that waits would take its whole limit.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const Folder folder;
    const auto text = std::string_view(reinterpret_cast<const char*>(data), size);
    const std::string path = folder.socket();
    const Result<util::UniqueFd> listener = util::listen_at(path);
    if (!listener) std::abort();
    {
        const std::jthread monitor([&] { serve(listener->get(), text); });
        const auto client = qmp::QmpClient::connect(path, {.limit = std::chrono::seconds(5)});
        if (client) {
            (void)(*client)->execute("query-status");
            (void)(*client)->wait(std::chrono::milliseconds(0));
            (void)(*client)->take_event("STOP");
        }
    }
    ::unlink(path.c_str());
    return 0;
}
