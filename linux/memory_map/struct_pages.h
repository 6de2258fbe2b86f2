// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>

#include "linux/memory_map/section_table.h"
#include "util/mapped_array.h"

namespace guestdump::linux_guest {

/// Reads struct pages in pieces. Used by one thread.
class StructPages {
  public:
    /// Largest number of pages of a piece. A piece does not cross a multiple of it, and so lies in
    /// one section.
    static constexpr uint64_t kPiece = 2048;

    /// @kernel and @sections must outlive the result. Errors: the host has no memory to give
    /// (kPiece
    /// * @struct_size bytes).
    static Result<StructPages> make(const KernelMemory& kernel, const SectionTable& sections,
                                    uint32_t struct_size);

    /// The result of read().
    struct Piece {
        uint64_t first = 0, end = 0;       ///< pages
        uint64_t virt = 0;                 ///< kernel address of the struct of page first
        const std::byte* bytes = nullptr;  ///< (end - first) structs
        uint64_t unmapped = 0;             ///< pages whose struct cannot be read; it is zeros
        bool is_covered = false;  ///< false: the section has no structs, and `bytes` is null
    };

    /// Reads the structs of the pages [@first, @end), which must lie in one piece. Extends the
    /// range to even page numbers, so that a pair of pages is never divided. The result is valid
    /// until the next call.
    ///
    /// Guest memory that was never written is not read; its structs are zeros. Structs that cannot
    /// be read completely are zeros too.
    Piece read(uint64_t first, uint64_t end);

  private:
    StructPages(const KernelMemory& kernel, const SectionTable& sections, uint32_t struct_size)
        : reader_(kernel), sections_(&sections), size_(struct_size) {}

    uint64_t read_mapped(uint64_t virt, std::span<std::byte> out);

    KernelReader reader_;
    const SectionTable* sections_;
    uint64_t size_;
    util::MappedArray<std::byte> buffer_;
    uint64_t section_ = UINT64_MAX;  ///< the section of the last read()
    std::optional<uint64_t> base_;   ///< base_for() that section
};

}  // namespace guestdump::linux_guest
