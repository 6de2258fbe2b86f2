// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "linux/virtual_memory.h"
#include "util/mapped_array.h"
#include "util/mapped_vector.h"

namespace guestdump::linux_guest {

/// Position and size of a structure's member.
struct Member {
    uint64_t offset = 0;  ///< offset of the byte with the first bit, bytes
    uint64_t size = 0;    ///< bytes; for a bit-field the size of its type
    unsigned bit = 0;     ///< number of the first bit in that byte
    unsigned bits = 0;    ///< number of bits of a bit-field; 0 for other members
    uint32_t type = 0;    ///< number of its type
};

/// The types of a kernel, in BTF, which the kernel has in its memory. [linux
/// Documentation/bpf/btf.rst]
///
/// The guest wrote it, so it may be wrong. A lookup that meets a number out of range, or a type
/// that refers to itself, finds nothing. Immutable; any thread.
class Btf {
  public:
    /// Limit on the size of BTF, bytes. Debian's kernels have 4 to 6 MiB.
    static constexpr uint64_t kMostBytes = 64u << 20;
    static constexpr uint32_t kMostTypes = 1u << 21;

    /// Reads @size bytes of BTF at @from. Errors: those of reading; it is too large; its header or
    /// its types exceed @size; the host has no memory to give.
    static Result<Btf> read(const VirtualMemory& memory, guest::Gva from, uint64_t size);

    size_t type_count() const { return starts_.size(); }

    /// The type number of the struct or union @name. Empty if it is not defined.
    std::optional<uint32_t> find_struct(std::string_view name) const;

    /// The size of a type, bytes. Empty if the type has no size, or is invalid.
    std::optional<uint64_t> size_of(uint32_t type) const;

    /// Finds a member by its path: "thread.sp" is the member sp of the member thread. Members of
    /// unnamed structs and unions count as those of the outer one.
    std::optional<Member> member(uint32_t type, std::string_view path) const;
    /// As above, for the struct or union @struct_name.
    std::optional<Member> member(std::string_view struct_name, std::string_view path) const;

    /// The value of the constant @name of any enum.
    std::optional<int64_t> enumerator(std::string_view name) const;

    /// The element count of an array; empty for other types.
    std::optional<uint32_t> array_length(uint32_t type) const;

  private:
    struct Type;

    Result<> index(uint64_t begin, uint64_t end);
    std::optional<Type> type(uint32_t number) const;
    std::optional<Type> resolved(uint32_t number) const;
    bool text_is(uint32_t offset, std::string_view name) const;
    std::optional<Member> named_member(uint32_t type, std::string_view name, unsigned depth,
                                       unsigned& budget) const;
    std::optional<uint64_t> size_of(uint32_t type, unsigned depth) const;
    uint32_t word(uint64_t offset) const;

    util::MappedArray<std::byte> bytes_;
    util::MappedVector<uint32_t> starts_;  ///< of each type in bytes_; type 1 is the first
    uint64_t strings_ = 0, strings_size_ = 0;
};

}  // namespace guestdump::linux_guest
