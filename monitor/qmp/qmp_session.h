// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <deque>
#include <memory>

#include "monitor/monitor.h"
#include "monitor/qmp/event_hub.h"
#include "monitor/qmp/qmp_request.h"
#include "monitor/transport/session.h"
#include "qapi/json_stream.h"
#include "util/weak_this.h"

namespace guestdump::monitor {

/// A client that speaks QMP. [qemu docs/interop/qmp-spec]
///
/// Commands run one after the other, in the order in which they came. While one of them has not
/// replied, later ones of the same client wait. Other clients do not wait, and neither does
/// exec-oob.
class QmpSession final : public Session, private EventListener {
  public:
    /// Most requests that may wait. While that many wait, the client is not read from. QEMU's
    /// number too. [qemu monitor/qmp.c]
    static constexpr size_t kMaxWaiting = 8;

    /// Sends the greeting.
    QmpSession(Services& services, Wire& wire);
    ~QmpSession() override;

    void receive(std::string_view text, std::vector<util::UniqueFd> fds) override;
    void go_on() override { run_waiting(); }

  private:
    void on_event(json_object* event) override;
    void accept(Result<Json> value);
    void run_waiting();
    void run(QmpRequest request);
    void invoke(const Command& command, const std::shared_ptr<QmpRequest>& request);
    void in_band_done();
    void reply(const QmpRequest& request, Result<Json> result);
    void refuse(const QmpRequest& request, std::string_view error_class, const Error& error);
    void send_with_id(const Json& message, const QmpRequest& request);
    void send(json_object* message);

    Wire& wire_;
    Monitor monitor_;
    qapi::JsonStream stream_;
    std::deque<QmpRequest> waiting_;
    bool busy_ = false;                     ///< an in-band command has not replied yet
    bool draining_ = false;                 ///< inside run_waiting()
    util::WeakThis<QmpSession> weak_this_;  ///< for late replies
};

}  // namespace guestdump::monitor
