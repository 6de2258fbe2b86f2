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

/// The bytes of a vmcore, read at random: a file, or the file that a flattened one carries.
///
/// All functions may be called from any thread, several at once.
class ByteSource {
  public:
    virtual ~ByteSource() = default;

    /// What messages call it: the file's path.
    virtual const std::string& name() const = 0;

    virtual uint64_t size() const = 0;

    /// Fills @out from @offset.
    ///
    /// Errors: not all of it lies inside; the system's, with errno.
    virtual Result<> read_at(uint64_t offset, std::span<std::byte> out) const = 0;

    /// As dump::RamRegion::mapped().
    virtual const std::byte* mapped() const { return nullptr; }

    /// What lies at @offset and how far it goes on so, up to @limit > @offset. Holes are zero.
    virtual guest::RamExtent extent(uint64_t offset, uint64_t limit) const = 0;
};

/// An Error that names @what and all the numbers, unless [@offset, @offset + @size) lies inside
/// @source.
Result<> check_inside(const ByteSource& source, const char* what, uint64_t offset, uint64_t size);

/// The file structure at @offset. @what names it in an Error.
template <class T>
Result<T> read_struct(const ByteSource& source, const char* what, uint64_t offset) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) == 1, "not a file structure");
    TRY(check_inside(source, what, offset, sizeof(T)));
    T object;
    TRY(source.read_at(offset, std::as_writable_bytes(std::span(&object, 1))));
    return object;
}

}  // namespace guestdump::vmcore
