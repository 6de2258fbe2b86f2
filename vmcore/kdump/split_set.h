// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <vector>

#include "vmcore/byte_source.h"
#include "vmcore/open_options.h"

/// Split sets: makedumpfile --split writes one dump into several kdump-compressed files. All have
/// the same headers, notes and bitmaps, but descriptors and pages of a part of the memory only.
/// [makedumpfile IMPLEMENTATION]

namespace guestdump::vmcore {

/// True if @source is one file of a split set.
bool is_split_part(const ByteSource& source);

/// True if both are files of one split set.
bool is_same_split_set(const ByteSource& one, const ByteSource& other);

/// Returns the kdump-compressed file that the files @parts, in any order, are when they are put
/// together. Nothing is copied: every read goes to the files. The name of the result is that of the
/// first part.
///
/// With options.partial, files may be missing; their pages have the descriptors of pages that were
/// never written.
///
/// Errors: @parts are not of one set; two have the same memory; memory is in none of them; those of
/// read_kdump_header().
Result<std::shared_ptr<const ByteSource>> join_split_set(
    std::vector<std::shared_ptr<const ByteSource>> parts, OpenOptions options = {});

}  // namespace guestdump::vmcore
