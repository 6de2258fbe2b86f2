// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/flattened_writer.h"

#include <optional>

#include "dump/kdump/flat_sink.h"

namespace guestdump::dump {
namespace {

class FlattenedWriter final : public VmcoreWriter {
  public:
    explicit FlattenedWriter(std::unique_ptr<VmcoreWriter> inner) : inner_(std::move(inner)) {}

    Result<> begin(Sink& sink, const Progress& progress) override {
        return inner_->begin(flat_.emplace(sink), progress);
    }

    Result<> iterate(const guest::PageSource& pages, Sink&, Progress& progress) override {
        return inner_->iterate(pages, *flat_, progress);
    }

    Result<> completed(Sink&) override { return inner_->completed(*flat_); }

  private:
    std::unique_ptr<VmcoreWriter> inner_;
    std::optional<FlatSink> flat_;
};

}  // namespace

std::unique_ptr<VmcoreWriter> make_flattened_writer(std::unique_ptr<VmcoreWriter> inner) {
    return std::make_unique<FlattenedWriter>(std::move(inner));
}

}  // namespace guestdump::dump
