// SPDX-License-Identifier: GPL-2.0-or-later
#include <filesystem>
#include <string>
#include <vector>

#include "target-i386/paging_mode.h"
#include "tests/fuzz/page_walk_input.h"
#include "tests/fuzz/seeds.h"

using namespace guestdump;

/// Writes the seeds of the page walk's fuzz target: page_walk_seeds FOLDER. One input for each
/// mode, with a small table of every kind. A program writes them so that there are no binary files
/// in git.

namespace {

constexpr uint64_t kPresent = 0x67, kLarge = 0xe7;

struct Seed {
    const char* name;
    uint8_t modes;
    std::vector<fuzz::WalkEntry> entries;
};

/// Tables in pages 1, 2, ...: the first and the last entry of each lead to the next table; the last
/// table maps pages.
std::vector<fuzz::WalkEntry> chain(unsigned tables) {
    std::vector<fuzz::WalkEntry> entries;
    for (unsigned level = 1; level < tables; ++level) {
        const auto page = static_cast<uint8_t>(level);
        const uint64_t next = (level + 1) << 12;
        entries.push_back({page, uint16_t{0}, next | kPresent});
        entries.push_back({page, uint16_t{511}, next | kPresent});
        entries.push_back({page, uint16_t{1}, uint64_t{0} | kLarge});
    }
    const auto last = static_cast<uint8_t>(tables);
    entries.push_back({last, uint16_t{0}, uint64_t{0x8000} | kPresent});
    entries.push_back({last, uint16_t{1}, uint64_t{0x9000} | kPresent});
    entries.push_back({last, uint16_t{511}, uint64_t{0x1ff000} | kPresent | uint64_t{1} << 63});
    return entries;
}

void write(const std::filesystem::path& folder, const Seed& seed) {
    const fuzz::WalkHeader header{.modes = seed.modes, .cr3 = uint64_t{0x1000}};
    const auto first = util::bytes_of(header), rest = std::as_bytes(std::span(seed.entries));
    std::vector<std::byte> bytes(first.begin(), first.end());
    bytes.insert(bytes.end(), rest.begin(), rest.end());
    fuzz::write_seed(folder / "page_walk" / seed.name, bytes);
}

}  // namespace

void fuzz::write_seeds(const std::filesystem::path& folder) {
    const fuzz::WalkEntry itself[] = {{1, uint16_t{0}, uint64_t{0x1000} | kPresent},
                                      {1, uint16_t{300}, uint64_t{0x1000} | kPresent}};
    const uint8_t four = fuzz::kPae | fuzz::kLong | fuzz::kNoExecute;
    const Seed seeds[] = {
        {"two-level", 0, chain(2)},
        {"pse", fuzz::kPse, chain(2)},
        {"pae", fuzz::kPae | fuzz::kNoExecute, chain(3)},
        {"four-level", four, chain(4)},
        {"five-level", static_cast<uint8_t>(four | fuzz::kFiveLevels), chain(5)},
        {"itself", four, {std::begin(itself), std::end(itself)}},
    };
    for (const Seed& seed : seeds) write(folder, seed);
}
