// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "guest/ram_region.h"
#include "util/unique_fd.h"

namespace guestdump::vm {

/// A description of guest RAM, as in -object memory-backend-*.
struct RamSpec {
    enum class Backend : uint8_t { ram, file, memfd };
    Backend backend = Backend::ram;
    std::string id;        ///< "pc.ram", or the id of the -object
    uint64_t size = 0;     ///< bytes, at least 1
    std::string mem_path;  ///< for Backend::file: a file, which is created if it does not exist, or
                           ///< a directory
    bool share = false;    ///< false: other processes do not see what the guest writes
};

/// Guest RAM mapped into this process. The host allocates pages when they are first touched.
class Ram : public guest::RamRegion {
  public:
    /// Errors: the file cannot be opened, is smaller than the RAM, or cannot be mapped.
    static Result<std::shared_ptr<Ram>> create(const RamSpec& spec);
    ~Ram() override;
    Ram(const Ram&) = delete;
    Ram& operator=(const Ram&) = delete;

    std::string_view name() const override { return id_; }
    uint64_t size() const override { return size_; }
    Result<> read(uint64_t offset, std::span<std::byte> out) const override;

    const std::byte* mapped() const override { return host_; }

    /// Address of the first byte, for reading and writing. Valid as long as this object exists.
    std::byte* host() const { return host_; }

    /// Bytes of the host's pages in which it is mapped: 4096, or more for hugetlbfs.
    uint64_t host_page() const { return host_page_; }

    /// True if there is no file: unpopulated pages are then known to be zero.
    virtual bool anonymous() const { return false; }
    /// True if extent() knows which pages are populated; false if it says that all are.
    virtual bool knows_populated() const { return true; }

  protected:
    Ram(const RamSpec& spec, std::byte* host, uint64_t host_page)
        : id_(spec.id), size_(spec.size), host_(host), host_page_(host_page) {}

    /// Copies bytes. The caller has checked that they lie inside.
    virtual Result<> copy(uint64_t offset, std::span<std::byte> out) const = 0;

  private:
    std::string id_;
    uint64_t size_;
    std::byte* host_;
    uint64_t host_page_;
};

}  // namespace guestdump::vm
