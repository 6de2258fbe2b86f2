// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/qmp/qmp_session.h"

#include <string>
#include <utility>

#include "monitor/version.h"

namespace guestdump::monitor {
namespace {

constexpr std::string_view kGeneric = "GenericError";
constexpr std::string_view kNotFound = "CommandNotFound";

std::string_view class_of(const Error& error) {
    switch (error.kind()) {
        case Error::Kind::generic:
        case Error::Kind::cancelled:
        case Error::Kind::refused:
            return kGeneric;
        case Error::Kind::not_found:
            return "DeviceNotFound";
    }
    return kGeneric;
}

Json greeting() {
    Json inner = qapi::make_object();
    qapi::add(inner, "version", qapi::to_json(version_info()));
    qapi::add(inner, "capabilities", qapi::to_json(std::vector{qapi::QMPCapability::oob}));
    Json message = qapi::make_object();
    qapi::add(message, "QMP", std::move(inner));
    return message;
}

/// Returns why @command is not found. Empty if the command may run.
std::string why_not_found(const std::string& command, bool negotiated) {
    const bool negotiates = command == "qmp_capabilities";
    if (!negotiated && !negotiates) {
        return "Expecting capabilities negotiation with 'qmp_capabilities'";
    }
    if (negotiated && negotiates) {
        return "Capabilities negotiation is already complete, command ignored";
    }
    return find_command(command) ? "" : "The command " + command + " has not been found";
}

}  // namespace

QmpSession::QmpSession(Services& services, Wire& wire)
    : wire_(wire),
      monitor_(services),
      stream_([this](Result<Json> value) { accept(std::move(value)); }),
      weak_this_(this) {
    monitor_.services.events.add(*this);
    send(greeting().get());
}

QmpSession::~QmpSession() {
    monitor_.services.events.remove(*this);
}

void QmpSession::receive(std::string_view text, std::vector<util::UniqueFd> fds) {
    if (!fds.empty()) monitor_.passed_fds = std::move(fds);
    stream_.feed(text);
}

void QmpSession::accept(Result<Json> value) {
    QmpRequest request = QmpRequest::parse(std::move(value), monitor_.oob);
    if (request.call && request.call->oob) return run(std::move(request));
    waiting_.push_back(std::move(request));
    run_waiting();
}

void QmpSession::run_waiting() {
    if (std::exchange(draining_, true)) return;  // a command replied at once; the loop goes on
    while (!busy_ && !waiting_.empty() && !wire_.crowded()) {
        QmpRequest next = std::move(waiting_.front());
        waiting_.pop_front();
        run(std::move(next));
    }
    draining_ = false;
    wire_.set_reading(waiting_.size() < kMaxWaiting);
}

void QmpSession::run(QmpRequest request) {
    if (!request.call) return refuse(request, kGeneric, request.call.error());
    const QmpCall& call = *request.call;
    const std::string missing = why_not_found(call.command, monitor_.negotiated);
    if (!missing.empty()) return refuse(request, kNotFound, Error::make("%s", missing.c_str()));
    const Command& command = *find_command(call.command);
    if (call.oob && !command.allow_oob) {
        return refuse(request, kGeneric,
                      Error::make("The command %s does not support OOB", call.command.c_str()));
    }
    if (monitor_.services.preconfig && !command.allow_preconfig) {
        return refuse(request, kGeneric,
                      Error::make("The command '%s' is permitted only after machine "
                                  "initialization has completed",
                                  call.command.c_str()));
    }
    invoke(command, std::make_shared<QmpRequest>(std::move(request)));
}

void QmpSession::invoke(const Command& command, const std::shared_ptr<QmpRequest>& request) {
    const bool in_band = !request->call->oob;
    busy_ |= in_band;
    command.invoke(monitor_, request->call->arguments.get(),
                   weak_this_.guard([request, in_band](QmpSession& self, Result<Json> result) {
                       self.reply(*request, std::move(result));
                       if (in_band) self.in_band_done();
                   }));
}

void QmpSession::in_band_done() {
    busy_ = false;
    run_waiting();
}

void QmpSession::reply(const QmpRequest& request, Result<Json> result) {
    if (!result) return refuse(request, class_of(result.error()), result.error());
    const Json message = qapi::make_object();
    qapi::add(message, "return", std::move(*result));
    send_with_id(message, request);
}

void QmpSession::refuse(const QmpRequest& request, std::string_view error_class,
                        const Error& error) {
    Json inner = qapi::make_object();
    qapi::add(inner, "class", qapi::to_json(error_class));
    qapi::add(inner, "desc", qapi::to_json(error.message()));
    const Json message = qapi::make_object();
    qapi::add(message, "error", std::move(inner));
    send_with_id(message, request);
}

void QmpSession::send_with_id(const Json& message, const QmpRequest& request) {
    if (request.has_id) qapi::add(message, "id", qapi::share(request.id.get()));
    send(message.get());
}

void QmpSession::on_event(json_object* event) {
    if (monitor_.negotiated) send(event);
}

void QmpSession::send(json_object* message) {
    wire_.send(qapi::to_text(message) + "\r\n");
}

}  // namespace guestdump::monitor
