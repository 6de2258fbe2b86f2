// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>

#include "tests/support/results.h"
#include "tests/vmcore/memory_source.h"
#include "tests/vmcore/small_core.h"
#include "vmcore/vmcore.h"

/// The core of a guestdump-vm whose guest has one block of memory, and the reader's result for it.

namespace guestdump::vmcore {

constexpr uint64_t kRam = 0x10000;

inline SmallRecord one_block() {
    return {.blocks = {{.gpa = 0x1000, .size = 0x2000, .host = kRam}}};
}

/// A core with the memory of one_block() and a record of these bytes.
inline Bytes core_with(const Bytes& record, uint64_t address = SmallRecord{}.address) {
    return core_file({{.address = kRam, .contents = support::noise(3, 0x2000)},
                      {.address = address, .contents = record}});
}

inline std::unique_ptr<Vmcore> must_read(Bytes file) {
    return support::must(Vmcore::read(in_memory(std::move(file))));
}

/// Returns why the reader refuses it.
inline std::string refusal(Bytes file) {
    return support::error_of(Vmcore::read(in_memory(std::move(file))));
}

inline bool says(const std::string& text, const char* part) {
    return text.find(part) != std::string::npos;
}

}  // namespace guestdump::vmcore
