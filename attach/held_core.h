// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "attach/core_head.h"
#include "attach/host_memory.h"
#include "vmcore/byte_source.h"

namespace guestdump::attach {

/// The ELF file that QEMU would write of the guest that is held, without the file being written:
/// the head is the one that QEMU sent, and guest memory is read from the QEMU process. This lets
/// the readers of vmcores read a running machine. Any thread.
class HeldCore final : public vmcore::ByteSource {
  public:
    /// @addresses: for each of @head's loads, its first address in the process of @memory.
    HeldCore(std::string name, CoreHead head, std::vector<uint64_t> addresses,
             std::unique_ptr<HostMemory> memory);

    const std::string& name() const override { return name_; }
    uint64_t size() const override { return size_; }

    /// Errors: those of HostMemory::read(); the range exceeds size(); let_go() was called.
    Result<> read_at(uint64_t offset, std::span<std::byte> out) const override;
    guest::RamExtent extent(uint64_t offset, uint64_t limit) const override;

    /// Call it before the guest runs again. From then on read_at() refuses to read guest memory,
    /// because the guest changes it.
    void let_go() { held_ = false; }

  private:
    Result<size_t> read_some(uint64_t offset, std::span<std::byte> out) const;

    /// The first load that ends after @offset, or the end of the list.
    size_t load_at(uint64_t offset) const;

    std::string name_;
    CoreHead head_;
    std::vector<uint64_t> addresses_;
    std::unique_ptr<HostMemory> memory_;
    uint64_t size_;
    std::atomic<bool> held_{true};
};

}  // namespace guestdump::attach
