// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "util/mapped_array.h"

namespace guestdump::dump {

/// Place of a page's bytes in the file.
struct StoredPage {
    uint64_t offset = 0;  ///< bytes from the start of the dump
    uint32_t size = 0;    ///< stored bytes; the page size if uncompressed

    bool operator==(const StoredPage&) const = default;
};

/// Remembers the latest distinct pages of a dump, so that an equal page can refer to the copy that
/// is already stored.
///
/// Two steps of a pipeline use it, each in page order, on different threads. The deciding step
/// calls find() and remember(). The step that assigns offsets is up to kLead pages later, and calls
/// stored() and set_stored(). They touch different members, so they need no lock between them.
///
/// A match means only that the hashes are equal; the caller compares the contents.
class SharingTable {
  public:
    /// How many pages the deciding step may be ahead of the other.
    static constexpr size_t kLead = size_t{1} << 14;

    /// Makes a table for a dump of @pages pages. It takes 36 bytes for each page, at most 36 MiB:
    /// of a larger dump, only the latest 2^20 distinct pages are remembered.
    ///
    /// Errors: the host has no memory to give.
    static util::Result<SharingTable> make(uint64_t pages);

    struct Match {
        uint32_t position;  ///< argument of stored()
        uint64_t pfn;       ///< of the remembered page
    };
    std::optional<Match> find(uint64_t hash) const;

    /// Remembers page @pfn in place of the oldest one. Returns its position, for set_stored().
    uint32_t remember(uint64_t hash, uint64_t pfn);

    void set_stored(uint32_t position, StoredPage page) {
        offsets_[position] = page.offset;
        sizes_[position] = page.size;
    }
    StoredPage stored(uint32_t position) const { return {offsets_[position], sizes_[position]}; }

  private:
    /// One cache line: the positions of the latest pages whose hashes select this bucket, latest
    /// first, each with bits of its hash so that other pages need not be looked up.
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

    // Ring of pages; next_ counts all pages ever remembered.
    util::MappedArray<uint64_t> hashes_, pfns_;
    util::MappedArray<uint64_t> offsets_;
    util::MappedArray<uint32_t> sizes_;
    util::MappedArray<Bucket> buckets_;
    uint64_t next_ = 0;
};

}  // namespace guestdump::dump
