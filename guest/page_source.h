// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "guest/memory_map.h"

namespace guestdump::guest {

/// The only interface through which a dump reads guest memory. The guest provides it
/// (Guest::page_source()), so it can be a copy-on-write view of a running guest, or another
/// process's memory.
///
/// Contract:
///  - All functions may be called from any thread, several at once, until the dump has ended.
///  - While a dump is prepared (headers, page tables, VMCOREINFO), any page may be read any number
///    of times. While its pages are written, each page is read once, and again only if
///    pages_stay() is true.
///  - A read returns the bytes that the page had when the guest was paused for the dump. For an
///    estimate, the guest runs, and its memory may change between two reads.
class PageSource {
  public:
    virtual ~PageSource() = default;

    /// The layout of memory. Its contents are read through this class only.
    virtual const GuestPhysBlockList& blocks() const = 0;

    /// Copies guest-physical bytes; they may cross blocks.
    /// Errors: some of them are in no block; the backend cannot provide them.
    virtual Result<> read(Gpa from, std::span<std::byte> out) const = 0;

    /// As read(), but bytes in no block read as zeros. For pages that are only partly RAM.
    virtual Result<> read_padded(Gpa from, std::span<std::byte> out) const = 0;

    /// The kind of the byte at @from, known without reading it, and the length of the run of that
    /// kind from there on, up to @limit, which is at least 1. Unpopulated bytes are zero and should
    /// not be read.
    virtual RamExtent extent(Gpa from, uint64_t limit) const = 0;

    /// False if, while pages are written, a page may be discarded after it has been read. The page
    /// must then not be read again, for comparison or as a sample.
    virtual bool pages_stay() const { return true; }
};

/// The memory of a stopped guest, or of a running one if changes do not matter.
class RamSource final : public PageSource {
  public:
    /// Owns the blocks, which keep their regions alive.
    explicit RamSource(GuestPhysBlockList blocks);
    ~RamSource() override;
    RamSource(const RamSource&) = delete;
    RamSource& operator=(const RamSource&) = delete;

    const GuestPhysBlockList& blocks() const override { return blocks_; }
    Result<> read(Gpa from, std::span<std::byte> out) const override {
        return blocks_.read(from, out);
    }
    Result<> read_padded(Gpa from, std::span<std::byte> out) const override {
        return blocks_.read_padded(from, out);
    }
    RamExtent extent(Gpa from, uint64_t limit) const override;

  private:
    GuestPhysBlockList blocks_;
};

}  // namespace guestdump::guest
