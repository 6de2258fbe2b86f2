// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "util/mapped_array.h"

namespace guestdump::dump {

/// Where the bytes of a page lie in the file.
struct StoredPage {
    uint64_t offset = 0;  ///< bytes from the start of the dump
    uint32_t size = 0;    ///< bytes there; the page size means uncompressed

    bool operator==(const StoredPage&) const = default;
};

/// Remembers the latest different pages of a dump, so that one with the same contents can refer to
/// the copy that is stored already.
///
/// Two steps of a pipeline use it, each in page order, and several threads apart: the step that
/// decides calls find() and remember(), the step that gives out offsets, up to kLead pages behind
/// it, calls stored() and set_stored(). They touch different members, so they need no lock between
/// them.
///
/// It never says that two pages are equal: their hashes are, and the caller compares.
class SharingTable {
  public:
    /// How many pages the deciding step may be ahead.
    static constexpr size_t kLead = size_t{1} << 14;

    /// A table for a dump of @pages pages. It takes 36 bytes for each, and never more than 36 MiB:
    /// of a larger dump the latest 2^20 different pages are remembered.
    ///
    /// Errors: the host has no memory to give.
    static util::Result<SharingTable> make(uint64_t pages);

    struct Match {
        uint32_t position;  ///< for stored()
        uint64_t pfn;       ///< of the page that was remembered
    };
    std::optional<Match> find(uint64_t hash) const;

    /// Remembers page @pfn in place of the oldest one; its position is for set_stored().
    uint32_t remember(uint64_t hash, uint64_t pfn);

    void set_stored(uint32_t position, StoredPage page) {
        offsets_[position] = page.offset;
        sizes_[position] = page.size;
    }
    StoredPage stored(uint32_t position) const { return {offsets_[position], sizes_[position]}; }

  private:
    /// A cache line: the positions of the latest pages whose hashes lead here, latest first, each
    /// with bits of its hash so that others need not be looked at.
    struct alignas(64) Bucket {
        struct Way {
            uint32_t tag = 0;
            uint32_t position = 0;
        };
        std::array<Way, 8> ways;
    };

    SharingTable() = default;

    Bucket& bucket(uint64_t hash) { return buckets_[hash % buckets_.size()]; }
    const Bucket& bucket(uint64_t hash) const { return buckets_[hash % buckets_.size()]; }
    bool usable(uint32_t position) const;

    // Ring of pages; next_ counts all that were ever remembered.
    util::MappedArray<uint64_t> hashes_, pfns_;
    util::MappedArray<uint64_t> offsets_;
    util::MappedArray<uint32_t> sizes_;
    util::MappedArray<Bucket> buckets_;
    uint64_t next_ = 0;
};

}  // namespace guestdump::dump
