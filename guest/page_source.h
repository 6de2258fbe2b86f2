// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "guest/memory_map.h"

namespace guestdump::guest {

/// The one place where a dump asks for guest memory. The guest gives it (Guest::page_source()), so
/// that a copy-on-write view of a running guest, or another process's memory, can stand behind it.
///
/// Contract:
///  - All functions may be called from any thread, several at once, until the dump has ended.
///  - While a dump is prepared (headers, page tables, VMCOREINFO), any page may be read any number
///    of times. While its pages are written, each page is read once, and again only if
///    pages_stay() is true.
///  - The bytes of a page are those of the moment of the dump. A running guest's memory (for an
///    estimate) may change between two reads.
class PageSource {
  public:
    virtual ~PageSource() = default;

    /// Where there is memory. The contents behind it are read through this class only.
    virtual const GuestPhysBlockList& blocks() const = 0;

    /// Copies guest-physical bytes; they may cross blocks.
    /// Errors: some of them are in no block; the backend cannot give them.
    virtual Result<> read(Gpa from, std::span<std::byte> out) const = 0;

    /// As read(), with zeros for bytes that are in no block: a page that RAM fills only partly.
    virtual Result<> read_padded(Gpa from, std::span<std::byte> out) const = 0;

    /// What is known of [@from, @from + @limit) without reading it, and how many bytes from @from
    /// on are alike. Unpopulated bytes are zero and should not be read. @limit is at least 1.
    virtual RamExtent extent(Gpa from, uint64_t limit) const = 0;

    /// False if a page may be given away once it was read while pages are written: nothing may be
    /// compared with it or sampled from it later.
    virtual bool pages_stay() const { return true; }
};

/// The memory of a guest that stands still, or of one whose changes do not matter.
class RamSource final : public PageSource {
  public:
    /// Holds the blocks, and so their regions, for its lifetime.
    explicit RamSource(GuestPhysBlockList blocks) : blocks_(std::move(blocks)) {}

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
