// SPDX-License-Identifier: GPL-2.0-or-later
#include <array>
#include <cstdlib>
#include <cstring>

#include "target-i386/page_walk.h"
#include "target-i386/translate.h"
#include "tests/fuzz/page_walk_input.h"
#include "tests/support/scripted_guest.h"

using namespace guestdump;

namespace {

using guest::Gpa;

constexpr size_t kCap = 4096;
constexpr size_t kPage = 4096;

/// The memory that contains the tables and that they map: with borders inside pages, gaps, and the
/// end of all addresses.
struct RamRange {
    uint64_t gpa, size;
};
constexpr RamRange kRamRanges[] = {{0, 0x8000},
                                   {0x8000, 0x3c00},
                                   {0x1ff400, 0x2c00},
                                   {0x100000000, 0x2000},
                                   {0xffffffffff000, 0x1000}};

void check(bool truth) {
    if (!truth) std::abort();
}

/// The memory described by the input. Its pages are numbered consecutively.
guest::GuestPhysBlockList memory_of(std::span<const fuzz::WalkEntry> entries) {
    guest::GuestPhysBlockList memory;
    size_t first_page = 0;
    for (const RamRange& range : kRamRanges) {
        support::Bytes bytes(range.size);
        const size_t pages = (range.size + kPage - 1) / kPage;
        for (const fuzz::WalkEntry& entry : entries) {
            const size_t at = (entry.page - first_page) * kPage + entry.slot % 512 * 8;
            if (entry.page < first_page || at + 8 > bytes.size()) continue;
            support::put_le64(bytes, at, entry.entry);
        }
        first_page += pages;
        auto region = std::make_shared<support::ScriptedRam>("ram", std::move(bytes));
        check(bool(memory.add({{Gpa{range.gpa}, range.size}, region})));
    }
    return memory;
}

target_i386::Registers registers_of(const fuzz::WalkHeader& header) {
    target_i386::Registers registers;
    registers.cr0 = target_i386::kCr0Paging | target_i386::kCr0ProtectedMode;
    registers.cr3 = header.cr3;
    if (header.modes & fuzz::kPae) registers.cr4 |= target_i386::kCr4Pae;
    if (header.modes & fuzz::kPse) registers.cr4 |= target_i386::kCr4Pse;
    if (header.modes & fuzz::kFiveLevels) registers.cr4 |= target_i386::kCr4La57;
    if (header.modes & fuzz::kLong) registers.efer |= target_i386::kEferLongModeActive;
    if (header.modes & fuzz::kNoExecute) registers.efer |= target_i386::kEferNoExecute;
    return registers;
}

target_i386::PagingTraits traits_of(const fuzz::WalkHeader& header) {
    return {.physical_bits = header.physical_bits,
            .encryption_bits = header.modes & fuzz::kEncryption ? uint64_t{1} << 51 : 0,
            .gigabyte_pages = !(header.modes & fuzz::kNoGigabytePages),
            .a20 = !(header.modes & fuzz::kNoA20)};
}

/// Checks what must hold for every walk, whatever the tables contain.
void check_list(const guest::GuestPhysBlockList& memory, const guest::MemoryMappingList& list) {
    check(list.view().size() <= kCap);
    for (size_t i = 0; i < list.view().size(); ++i) {
        const guest::MemoryMapping& mapping = list.view()[i];
        check(mapping.length > 0);
        check(mapping.virt.value + (mapping.length - 1) >= mapping.virt.value);
        support::Bytes bytes(mapping.length);  // at most all of memory
        check(bool(memory.read(mapping.phys, bytes)));
        if (i == 0) continue;
        const guest::MemoryMapping& before = list.view()[i - 1];
        const uint64_t end = before.virt.value + before.length;
        check(end > before.virt.value && end <= mapping.virt.value);
        check(end != mapping.virt.value || before.phys.value + before.length != mapping.phys.value);
    }
}

/// Translating one address does not use the list. It must map both ends of every mapping to the
/// addresses in the list.
void check_addresses(const target_i386::PagingMode& mode, const guest::PageSource& memory,
                     const guest::MemoryMappingList& list) {
    for (const guest::MemoryMapping& mapping : list.view()) {
        for (const uint64_t at : {uint64_t{0}, mapping.length - 1}) {
            const auto found = target_i386::translate(mode, mode.root(),
                                                      guest::Gva{mapping.virt.value + at}, memory);
            check(found && found->value == mapping.phys.value + at);
        }
    }
}

}  // namespace

/// Walks any tables with any registers. The walk must end within its bounds, in an ordered list of
/// memory or an error.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    fuzz::WalkHeader header;
    if (size < sizeof header) return 0;
    std::memcpy(&header, data, sizeof header);
    std::vector<fuzz::WalkEntry> entries((size - sizeof header) / sizeof(fuzz::WalkEntry));
    if (!entries.empty()) {
        std::memcpy(entries.data(), data + sizeof header, entries.size() * sizeof entries[0]);
    }
    const guest::GuestPhysBlockList memory = memory_of(entries);
    const auto mode = target_i386::PagingMode::of(registers_of(header), traits_of(header));
    guest::MemoryMappingList list(kCap);
    const guest::RamSource source(memory);
    const util::Cancellation never;
    target_i386::WalkedTables tables;
    const auto walked = target_i386::walk_pages(*mode, {source, never, tables}, list);
    check(walked || list.view().empty());
    check_list(memory, list);
    check_addresses(*mode, source, list);
    return 0;
}
