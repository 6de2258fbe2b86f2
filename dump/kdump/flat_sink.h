// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>

#include "dump/target/sink.h"
#include "util/mapped_array.h"

namespace guestdump::dump {

/// Converts a dump to makedumpfile's flattened format: writes at any offset become records that
/// follow each other, so that the target need not seek. [makedumpfile IMPLEMENTATION]
///
/// Readers sort the records when they open a file (crash with an insertion sort), so there should
/// be few. Consecutive writes are gathered into records of kRecordBytes or more.
class FlatSink final : public Sink {
  public:
    static constexpr size_t kRecordBytes = size_t{1} << 20;

    /// @under must outlive this.
    explicit FlatSink(Sink& under) : under_(under) {}

    /// In any order; one thread.
    util::Result<> write_at(uint64_t offset, std::span<const std::byte> data) override;

    bool random_access() const override { return false; }

    /// Bytes in no record are zero. [crash makedumpfile.c], [libkdumpfile diskdump.c]
    bool gaps_are_free() const override { return true; }

    /// Ends the stream and finishes the sink under it.
    util::Result<> finish(uint64_t size) override;

    util::Result<> commit() override { return under_.commit(); }
    void interrupt() override { under_.interrupt(); }

  private:
    util::Result<> flush();
    util::Result<> begin_stream();
    util::Result<> put_record(uint64_t offset, std::span<const std::byte> data);
    util::Result<> put(std::span<const std::byte> bytes);

    Sink& under_;
    uint64_t position_ = 0;                 ///< in the stream
    uint64_t end_ = 0;                      ///< end of the last write, in the dump
    util::MappedArray<std::byte> pending_;  ///< gathered data; allocated at the first write
    size_t gathered_ = 0;                   ///< bytes in pending_
    uint64_t pending_offset_ = 0;
};

}  // namespace guestdump::dump
