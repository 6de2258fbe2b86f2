// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstring>
#include <span>

#include "tests/fuzz/split_set_input.h"
#include "tests/fuzz/vmcore_input.h"
#include "util/stored.h"

using namespace guestdump;

namespace {

using Parts = std::vector<std::shared_ptr<const vmcore::ByteSource>>;

Parts parts_of(std::span<const uint8_t> input) {
    Parts parts;
    util::le32 size;
    while (input.size() > sizeof size && parts.size() < fuzz::kMostParts) {
        std::memcpy(&size, input.data(), sizeof size);
        input = input.subspan(sizeof size);
        const size_t taken = std::min<size_t>(size, input.size());
        parts.push_back(fuzz::source_of(input.data(), taken));
        input = input.subspan(taken);
    }
    return parts;
}

}  // namespace

/// Reads the files of a split set, see split_set_input.h, as one vmcore.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const Parts parts = parts_of({data, size});
    if (parts.empty()) return 0;
    for (const bool partial : {false, true}) {
        const auto vmcore = vmcore::Vmcore::read(parts, {.partial = partial});
        if (vmcore) fuzz::look_at(**vmcore);
    }
    return 0;
}
