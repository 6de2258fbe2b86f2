// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "guest/file_runs.h"
#include "util/unique_fd.h"
#include "vmcore/byte_source.h"

namespace guestdump::vmcore {

/// A file on disk. It is read with pread(), which copies straight into the caller's buffer and
/// returns an error if the file was truncated meanwhile; reading a mapping would cause SIGBUS.
/// mapped() is for other processes only.
class FileSource final : public ByteSource {
  public:
    /// Errors: the file cannot be opened, or is neither a regular file nor a block device.
    static Result<std::shared_ptr<const FileSource>> open(const std::string& path);

    /// As open(), with @fd, whose position is not used. @name is for messages.
    static Result<std::shared_ptr<const FileSource>> of(std::string name, util::UniqueFd fd);

    ~FileSource() override;
    FileSource(const FileSource&) = delete;
    FileSource& operator=(const FileSource&) = delete;

    const std::string& name() const override { return path_; }
    uint64_t size() const override { return size_; }
    Result<> read_at(uint64_t offset, std::span<std::byte> out) const override;
    const std::byte* mapped() const override { return mapped_; }
    guest::RamExtent extent(uint64_t offset, uint64_t limit) const override;

  private:
    FileSource(std::string path, util::UniqueFd fd, uint64_t size);

    std::string path_;
    util::UniqueFd fd_;
    uint64_t size_;  ///< bytes, when the file was opened
    guest::FileRuns runs_;
    const std::byte* mapped_ = nullptr;
};

}  // namespace guestdump::vmcore
