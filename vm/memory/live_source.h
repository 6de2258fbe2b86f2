// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "guest/live_view.h"
#include "vm/memory/address_space.h"
#include "vm/memory/live_memory.h"

namespace guestdump::vm {

/// LiveMemory, addressed by guest-physical addresses. The regions of its blocks() are read through
/// LiveMemory too.
class LiveSource final : public guest::LiveView {
  public:
    /// Watches the memory of @space that belongs in dumps. @pool_bytes bounds the copies of pages,
    /// bytes; 0 stands for an eighth of memory, at least 16 MiB and at most 1 GiB. Errors: those of
    /// LiveMemory::create(); some of the memory is not a Ram.
    static Result<std::shared_ptr<LiveSource>> create(const AddressSpace& space,
                                                      uint64_t pool_bytes);

    const std::shared_ptr<LiveMemory>& memory() const { return memory_; }

    const guest::GuestPhysBlockList& blocks() const override { return inner_.blocks(); }
    Result<> read(guest::Gpa from, std::span<std::byte> out) const override {
        return inner_.read(from, out);
    }
    Result<> read_padded(guest::Gpa from, std::span<std::byte> out) const override {
        return inner_.read_padded(from, out);
    }
    guest::RamExtent extent(guest::Gpa from, uint64_t limit) const override {
        return inner_.extent(from, limit);
    }

    Result<> arm(const util::Cancellation& cancellation) override {
        return memory_->arm(cancellation);
    }
    Result<> freeze() override { return memory_->freeze(); }
    Result<> begin_pages(const guest::PageSet& pages, uint64_t page_size) override;
    void end() override { memory_->end(); }
    guest::LiveStatistics statistics() const override { return memory_->statistics(); }

  private:
    /// The regions of blocks(), in the order of LiveMemory's regions.
    using Regions = std::vector<std::shared_ptr<const guest::RamRegion>>;

    LiveSource(std::shared_ptr<LiveMemory> memory, Regions regions,
               guest::GuestPhysBlockList blocks)
        : memory_(std::move(memory)), regions_(std::move(regions)), inner_(std::move(blocks)) {}

    std::shared_ptr<LiveMemory> memory_;
    Regions regions_;
    guest::RamSource inner_;
};

}  // namespace guestdump::vm
