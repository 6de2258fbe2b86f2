// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>

#include "attach/emulator.h"
#include "qmp/qmp_client.h"

namespace guestdump::attach {

/// A QEMU that is reached over its QMP socket. One thread.
class QmpEmulator final : public Emulator {
  public:
    /// Connects to the socket at @path. Errors: those of QmpClient::connect().
    static Result<std::unique_ptr<QmpEmulator>> connect(const std::string& path,
                                                        qmp::Patience patience = {});

    const std::string& name() const override { return path_; }
    Result<qapi::Json> ask(std::string_view command, qapi::Json arguments = nullptr) override;
    Result<> pass(const std::string& name, int fd) override;
    /// The process that listens at the socket. Errors: it is in another PID namespace, or does not
    /// run the guest, because it is a proxy for QEMU's socket.
    Result<Process> process() override;
    Result<> begin_dump(HoldPipe& pipe) override;
    Result<bool> await_end(bool runs, std::chrono::milliseconds patience) override;
    Result<> watch_events() override;
    Result<std::optional<int64_t>> take_event(std::string_view name,
                                              std::chrono::milliseconds patience) override;
    std::vector<int> descriptors() const override { return {client_->fd()}; }
    Result<> inherit() override { return client_->inherit(); }
    qmp::QmpClient* client() override { return client_.get(); }
    void interrupt_by(int fd) override { client_->interrupt_by(fd); }

  private:
    QmpEmulator(std::unique_ptr<qmp::QmpClient> client, std::string path)
        : client_(std::move(client)), path_(std::move(path)) {}

    Result<std::optional<qmp::QmpClient::Event>> await_event(
        std::string_view name, std::chrono::steady_clock::time_point end);

    std::unique_ptr<qmp::QmpClient> client_;
    std::string path_;
};

}  // namespace guestdump::attach
