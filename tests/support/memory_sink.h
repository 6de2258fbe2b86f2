// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "dump/target/sink.h"
#include "tests/support/bytes.h"

namespace guestdump::support {

/// What a MemorySink received. Outlives the sink.
struct MemoryImage {
    struct Write {
        uint64_t offset;
        uint64_t size;
    };
    Bytes bytes;
    std::vector<Write> writes;  ///< in the order in which they came
    bool finished = false;
    bool committed = false;
};

/// A dump's target in memory. Checks that writers keep the contract of Sink: it returns an Error
/// for bytes written twice, for writes after finish(), for an end before the last byte, and, if
/// offsets may only grow, for one that does not.
class MemorySink final : public dump::Sink {
  public:
    enum class Order { any, growing };

    explicit MemorySink(Order order = Order::any) : order_(order) {}

    util::Result<> write_at(uint64_t offset, View data) override;
    bool random_access() const override { return order_ == Order::any; }
    util::Result<> finish(uint64_t size) override;
    util::Result<> commit() override;

    const std::shared_ptr<MemoryImage>& image() const { return image_; }
    const Bytes& bytes() const { return image_->bytes; }

  private:
    bool written(uint64_t offset, uint64_t size) const;

    const Order order_;
    std::mutex mutex_;  // random_access() promises that several threads may write
    std::shared_ptr<MemoryImage> image_ = std::make_shared<MemoryImage>();
    std::map<uint64_t, uint64_t> ends_;  ///< of what was written, by start
};

}  // namespace guestdump::support
