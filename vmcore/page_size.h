// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>

#include "vmcore/elf/note_list.h"

namespace guestdump::vmcore {

/// PAGESIZE of the VMCOREINFO among @notes, bytes. Empty if there is none, or no page size can have
/// that value.
std::optional<uint32_t> page_size_of(const NoteList& notes);

}  // namespace guestdump::vmcore
