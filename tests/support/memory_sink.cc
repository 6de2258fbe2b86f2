// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/memory_sink.h"

#include <cinttypes>

namespace guestdump::support {

namespace {

/// A write beyond this has a wrong offset: no test writes this much.
constexpr uint64_t kLargestImage = uint64_t{4} << 30;

}  // namespace

Result<> MemorySink::write_at(uint64_t offset, View data) {
    const std::lock_guard lock(mutex_);
    if (image_->finished) return Error::make("written to at %" PRIu64 " after its end", offset);
    if (offset > kLargestImage || data.size() > kLargestImage - offset) {
        return Error::make("%zu bytes at %" PRIu64 " are too far out", data.size(), offset);
    }
    if (order_ == Order::growing && offset < image_->bytes.size()) {
        return Error::make("offset %" PRIu64 " is below %zu, which was reached", offset,
                           image_->bytes.size());
    }
    if (written(offset, data.size())) {
        return Error::make("%zu bytes at %" PRIu64 " are written twice", data.size(), offset);
    }
    if (!data.empty()) ends_[offset] = offset + data.size();
    put_bytes(image_->bytes, offset, data);
    image_->writes.push_back({offset, data.size()});
    return {};
}

Result<> MemorySink::finish(uint64_t size) {
    const std::lock_guard lock(mutex_);
    if (image_->finished) return Error::make("finished twice");
    if (size < image_->bytes.size()) {
        return Error::make("finished at %" PRIu64 ", before the last byte at %zu", size,
                           image_->bytes.size());
    }
    image_->bytes.resize(size);
    image_->finished = true;
    return {};
}

Result<> MemorySink::commit() {
    const std::lock_guard lock(mutex_);
    if (!image_->finished) return Error::make("committed before its end");
    if (image_->committed) return Error::make("committed twice");
    image_->committed = true;
    return {};
}

bool MemorySink::written(uint64_t offset, uint64_t size) const {
    auto next = ends_.upper_bound(offset);
    if (size > 0 && next != ends_.end() && next->first < offset + size) return true;
    return next != ends_.begin() && std::prev(next)->second > offset;
}

}  // namespace guestdump::support
