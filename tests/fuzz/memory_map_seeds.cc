// SPDX-License-Identifier: GPL-2.0-or-later
#include <filesystem>
#include <vector>

#include "tests/fuzz/seeds.h"
#include "tests/linux/map_edits.h"

using namespace guestdump;

/// Writes what the fuzz target of page filtering begins with: memory_map_seeds FOLDER. One input
/// for each kind of change, over a guest that has pages of each class.

namespace {

using linux_guest::MapEdit;

MapEdit edit(MapEdit::Kind kind, uint8_t small, uint16_t place, uint64_t value) {
    return {.kind = kind, .small = small, .place = place, .value = value};
}

struct Seed {
    const char* name;
    std::vector<MapEdit> edits;
};

}  // namespace

void fuzz::write_seeds(const std::filesystem::path& folder) {
    const Seed seeds[] = {
        {"field", {edit(MapEdit::field, 2, 16, 4), edit(MapEdit::field, 0, 17, 1 << 5)}},
        {"noise", {edit(MapEdit::noise_pages, 31, 1000, 1), edit(MapEdit::poisoned, 0, 900, 0)}},
        {"section", {edit(MapEdit::section, 1, 1, 0xfff), edit(MapEdit::section, 3, 2, 0x40)}},
        {"tables",
         {edit(MapEdit::table_entry, 2, 8 * 512 + 3, 1), edit(MapEdit::table_entry, 4, 0, 5)}},
        {"vmcoreinfo", {edit(MapEdit::vmcoreinfo, 17, 3, 80), edit(MapEdit::vmcoreinfo, 0, 1, 4)}},
        {"cpu", {edit(MapEdit::cpu, 0, 0x7001, 0x1001000), edit(MapEdit::cpu, 0, 0x9001, 0x100)}},
        {"uses", {}},
    };
    for (const Seed& seed : seeds) {
        std::vector<MapEdit> edits = {
            edit(MapEdit::free_block, 10, 1024, 0), edit(MapEdit::free_block, 0, 7, 0),
            edit(MapEdit::user_pages, 9, 2048, 0), edit(MapEdit::cache_pages, 4, 512, 0),
            edit(MapEdit::cache_pages, 0, 600, (1 << 14) | (1 << 21))};
        edits.insert(edits.end(), seed.edits.begin(), seed.edits.end());
        std::vector<std::byte> bytes{std::byte{31}};
        const auto rest = std::as_bytes(std::span(edits));
        bytes.insert(bytes.end(), rest.begin(), rest.end());
        write_seed(folder / "memory_map" / seed.name, bytes);
    }
}
