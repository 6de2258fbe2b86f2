// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>

namespace guestdump::vmcore {

/// Decompresses a whole file in steps. One thread.
class Unpacker {
  public:
    /// What a step did.
    struct Step {
        size_t taken = 0;    ///< bytes of the input
        size_t given = 0;    ///< bytes of the output
        bool ended = false;  ///< a compressed file is complete; another may follow it
    };

    virtual ~Unpacker() = default;

    /// Decompresses from the start of @in to the start of @out, which has room. A step that neither
    /// takes nor gives anything needs more input.
    ///
    /// Empty if the input is damaged, or needs more memory than a file of this kind should.
    virtual std::optional<Step> step(std::span<const std::byte> in, std::span<std::byte> out) = 0;

    /// Gets ready for the next compressed file of the input, after Step::ended. Returns false if
    /// there is no memory.
    virtual bool restart() = 0;
};

// One library per file, as in vmcore/expand/expander.h. nullptr if there is no memory.
std::unique_ptr<Unpacker> make_gzip_unpacker();
std::unique_ptr<Unpacker> make_bzip2_unpacker();
std::unique_ptr<Unpacker> make_xz_unpacker();
std::unique_ptr<Unpacker> make_lzop_unpacker();
std::unique_ptr<Unpacker> make_zstd_unpacker();

}  // namespace guestdump::vmcore
