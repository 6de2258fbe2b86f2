// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/vmcore/small_core.h"

#include <zlib.h>

namespace guestdump::vmcore {
namespace {

using support::noise;
using support::put_bytes;
using support::put_le16;
using support::put_le32;
using support::put_le64;
using support::put_text;

uint32_t crc_of(support::View one, support::View other) {
    const auto add = [](uLong sum, support::View part) {
        return ::crc32(sum, reinterpret_cast<const Bytef*>(part.data()),
                       static_cast<uInt>(part.size()));
    };
    return static_cast<uint32_t>(add(add(0, one), other));
}

void put_copy(Bytes& record, const SmallRecord& small, unsigned number) {
    const uint64_t at = SmallRecord::kCopies + number * SmallRecord::kCopySize;
    const uint64_t sequence = 6 + number, state = at + 16, cpus = state + 16;
    const uint64_t note = cpus + 456 * uint64_t{small.cpus};
    put_le64(record, at, sequence);
    put_le32(record, at + 8, static_cast<uint32_t>(note + small.note.size() - state));
    put_le64(record, state, sequence * 1000000000);
    put_le32(record, state + 8, static_cast<uint32_t>(small.note.size()));
    for (uint32_t cpu = 0; cpu < small.cpus; ++cpu) {
        const uint64_t its = cpus + 456 * uint64_t{cpu};
        put_bytes(record, its, qemu_descriptor(sequence * 0x1000 + cpu));
        put_le64(record, its + 440, 0xd01);  // EFER: NXE, LMA, LME, SCE
        put_le64(record, its + 448, cpu < small.live.size() ? small.live[cpu] : 0);
    }
    put_bytes(record, note, small.note);
    mend_copy(record, number);
}

}  // namespace

void mend_header(Bytes& record, uint64_t block_count) {
    const support::View view = record;
    put_le32(record, 80,
             crc_of(view.first(80), view.subspan(SmallRecord::kBlocks, 64 * block_count)));
}

void mend_copy(Bytes& record, unsigned number) {
    const uint64_t at = SmallRecord::kCopies + number * SmallRecord::kCopySize;
    const support::View copy = support::View(record).subspan(at);
    put_le32(record, at + 12, crc_of(copy.first(12), copy.subspan(16, support::le32_at(copy, 8))));
}

Bytes SmallRecord::bytes() const {
    Bytes record(kLength);
    put_text(record, 0, "GUESTDUMP RECORD");
    put_le32(record, 16, 1);
    put_le32(record, 20, 88);
    put_le64(record, 24, address);
    put_le64(record, 32, kLength);
    put_le64(record, 40, kBlocks);
    put_le32(record, 48, static_cast<uint32_t>(blocks.size()));
    put_le32(record, 52, cpus);
    put_le64(record, 56, kCopies);
    put_le64(record, 64, kCopies + kCopySize);
    put_le64(record, 72, kCopySize);
    put_le32(record, 84, running ? 1 : 0);
    for (size_t i = 0; i < blocks.size(); ++i) {
        const uint64_t at = kBlocks + 64 * i;
        put_le64(record, at, blocks[i].gpa);
        put_le64(record, at + 8, blocks[i].size);
        put_le64(record, at + 16, blocks[i].host);
        put_le32(record, at + 24, blocks[i].kind);
        put_text(record, at + 32, blocks[i].name);
    }
    mend_header(record, blocks.size());
    put_copy(record, *this, 0);
    put_copy(record, *this, 1);
    return record;
}

Bytes live_registers(uint64_t rip) {
    Bytes live(424);
    for (uint64_t i = 0; i < 16; ++i) put_le64(live, 8 * i, 0x1110 + i);
    put_le64(live, 128, rip);
    put_le64(live, 136, 0x202);
    for (uint64_t i = 0; i < 8; ++i) {  // cs ds es fs gs ss tr ldt
        const uint64_t at = 144 + 24 * i;
        put_le64(live, at, 0x10000 * i);
        put_le32(live, at + 8, 0xffffffff);
        put_le16(live, at + 12, static_cast<uint16_t>(8 * i));
        live[at + 14] = std::byte{0xb};  // type
        live[at + 15] = std::byte{1};    // present
        live[at + 16] = std::byte{3};    // dpl
        live[at + 18] = std::byte{1};    // s
        live[at + 19] = std::byte{1};    // l
        live[at + 20] = std::byte{1};    // g
    }
    put_le64(live, 336, 0xfffffe0000001000);  // gdt
    put_le16(live, 344, 0x7f);
    put_le64(live, 352, 0xfffffe0000000000);  // idt
    put_le16(live, 360, 0xfff);
    put_le64(live, 368, 0x80050033);  // cr0
    put_le64(live, 376, 0x2222);
    put_le64(live, 384, 0x3000);
    put_le64(live, 392, 0x20);
    put_le64(live, 408, 0x501);  // efer, after cr8
    return live;
}

Bytes core_file(const std::vector<SmallMapping>& mappings) {
    SmallElf elf;
    elf.notes = note("CORE", 6, Bytes(16));  // NT_AUXV
    for (const SmallMapping& mapping : mappings) {
        elf.loads.push_back(
            {.vaddr = mapping.address, .contents = mapping.contents, .memsz = mapping.memsz});
    }
    return elf.file();
}

Bytes small_core() {
    const SmallRecord record{.blocks = {{.gpa = 0, .size = 0x1000, .host = 0x10000},
                                        {.gpa = 0x100000, .size = 0x2000, .host = 0x11000}},
                             .live = {0x50100}};
    Bytes shared(0x1000);
    put_bytes(shared, 0x100, live_registers(0x9000));
    return core_file({{.address = 0x10000, .contents = noise(5, 0x3000)},
                      {.address = 0x50000, .contents = shared},
                      {.address = record.address, .contents = record.bytes()}});
}

}  // namespace guestdump::vmcore
