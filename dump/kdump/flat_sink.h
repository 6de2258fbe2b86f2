// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "dump/target/sink.h"
#include "util/mapped_array.h"

namespace guestdump::dump {

/// Turns a dump into makedumpfile's flattened format: what is written anywhere goes out as records
/// one behind the other, so that the target need not seek. [makedumpfile IMPLEMENTATION]
///
/// Readers sort the records when they open a file, crash by insertion: so there are few. Writes
/// that continue each other are gathered into records of kRecordBytes or more.
class FlatSink final : public Sink {
  public:
    static constexpr size_t kRecordBytes = size_t{1} << 20;

    /// @under must outlive this.
    explicit FlatSink(Sink& under) : under_(under) {}

    /// Any order; one thread.
    util::Result<> write_at(uint64_t offset, std::span<const std::byte> data) override;

    bool random_access() const override { return false; }

    /// Ends the stream, and finishes the sink under this one.
    util::Result<> finish(uint64_t size) override;

    util::Result<> commit() override { return under_.commit(); }
    void interrupt() override { under_.interrupt(); }

  private:
    util::Result<> flush();
    util::Result<> begin_stream();
    util::Result<> put_record(uint64_t offset, std::span<const std::byte> data);
    util::Result<> put(std::span<const std::byte> bytes);

    Sink& under_;
    uint64_t position_ = 0;  ///< in the stream
    uint64_t end_ = 0;       ///< of the dump, as far as it was written
    util::MappedArray<std::byte>
        pending_;          ///< has room for what is gathered, from the first write on
    size_t gathered_ = 0;  ///< bytes
    uint64_t pending_offset_ = 0;
};

}  // namespace guestdump::dump
