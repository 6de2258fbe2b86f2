// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/guestdump.h"
#include "vmcore/vmcore.h"

/// A vmcore as a C caller has it. Immutable; any thread.
struct guestdump_vmcore {
    explicit guestdump_vmcore(std::unique_ptr<guestdump::vmcore::Vmcore> opened);

    const std::unique_ptr<guestdump::vmcore::Vmcore> file;
    const std::shared_ptr<const guestdump::guest::PageSource> memory;
    const std::string architecture;
    const guestdump::vmcore::NoteList notes;    ///< points into the contents of @file
    const std::vector<std::string> note_names;  ///< those of @notes end without a NUL
};
