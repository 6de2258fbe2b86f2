// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <type_traits>

#include "guest/ram_region.h"
#include "util/result.h"

namespace guestdump::vmcore {

/// Random access to the bytes of a vmcore: a file, or the file inside a flattened file.
///
/// All functions may be called from any thread, several at once.
class ByteSource {
  public:
    virtual ~ByteSource() = default;

    /// The file's path, for messages.
    virtual const std::string& name() const = 0;

    virtual uint64_t size() const = 0;

    /// Fills @out with the bytes at @offset.
    ///
    /// Errors: the range does not lie inside the file; a failed read, with errno.
    virtual Result<> read_at(uint64_t offset, std::span<std::byte> out) const = 0;

    /// As guest::RamRegion::mapped().
    virtual const std::byte* mapped() const { return nullptr; }

    /// Returns whether the bytes at @offset are data or a hole, and how far that extends, up to
    /// @limit, which is greater than @offset. Holes read as zeros.
    virtual guest::RamExtent extent(uint64_t offset, uint64_t limit) const = 0;
};

/// Fails unless [@offset, @offset + @size) lies inside @source. The message contains @what and all
/// the numbers.
Result<> check_inside(const ByteSource& source, const char* what, uint64_t offset, uint64_t size);

/// Reads the on-disk structure at @offset. @what names it in errors.
template <class T>
Result<T> read_struct(const ByteSource& source, const char* what, uint64_t offset) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) == 1, "not a file structure");
    TRY(check_inside(source, what, offset, sizeof(T)));
    T object;
    TRY(source.read_at(offset, std::as_writable_bytes(std::span(&object, 1))));
    return object;
}

}  // namespace guestdump::vmcore
