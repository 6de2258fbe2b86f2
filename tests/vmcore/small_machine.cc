// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/vmcore/small_machine.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "tests/vmcore/small_files.h"

namespace guestdump::vmcore {

using support::noise;
using support::put_bytes;
using support::put_text;
using support::View;

namespace {

/// Stores numbers of one machine.
class Writer {
  public:
    explicit Writer(const SmallMachine& machine) : machine_(machine) {}

    void put(uint64_t at, uint64_t value, size_t size) {
        put_number(file, machine_, at, value, size);
    }
    void word(uint64_t at, uint64_t value) { put(at, value, 4); }
    /// 4 bytes at @at32 in 32-bit files, 8 at @at64 in others.
    void wide(uint64_t at32, uint64_t at64, uint64_t value) {
        machine_.bits == 64 ? put(at64, value, 8) : put(at32, value, 4);
    }

    Bytes file;

  private:
    const SmallMachine& machine_;
};

Bytes note_in(const SmallMachine& machine, std::string_view name, uint32_t type, View descriptor) {
    Bytes bytes = note(name, type, descriptor);
    put_number(bytes, machine, 0, name.size() + 1, 4);
    put_number(bytes, machine, 4, descriptor.size(), 4);
    put_number(bytes, machine, 8, type, 4);
    return bytes;
}

std::string vmcoreinfo_of(const SmallMachine& machine) {
    return "OSRELEASE=6.1.0-test\nPAGESIZE=" + std::to_string(machine.page) + "\n";
}

/// The notes without VMCOREINFO.
Bytes vcpu_notes(const SmallMachine& machine) {
    Bytes notes;
    for (uint64_t cpu = 0; cpu < 2; ++cpu) {
        Bytes prstatus(machine.prstatus);
        put_number(prstatus, machine, machine.pc_at, 0x1000 + cpu, machine.bits == 64 ? 8 : 4);
        put_bytes(notes, notes.size(), note_in(machine, "CORE", 1, prstatus));
        put_bytes(notes, notes.size(), note_in(machine, "LINUX", 0x700, noise(cpu, 20)));
    }
    return notes;
}

void put_segment(Writer& out, uint64_t at, uint32_t type, uint64_t offset, uint64_t paddr,
                 uint64_t size) {
    out.word(at, type);
    out.wide(at + 4, at + 8, offset);
    out.wide(at + 12, at + 24, paddr);
    out.wide(at + 16, at + 32, size);
    out.wide(at + 20, at + 40, size);
}

}  // namespace

void put_number(Bytes& file, const SmallMachine& machine, uint64_t at, uint64_t value,
                size_t size) {
    support::put_little(file, at, value, size);
    if (machine.big)
        std::reverse(file.begin() + static_cast<ptrdiff_t>(at),
                     file.begin() + static_cast<ptrdiff_t>(at + size));
}

uint64_t number_at(View file, const SmallMachine& machine, uint64_t at, size_t size) {
    Bytes bytes(file.begin() + static_cast<ptrdiff_t>(at),
                file.begin() + static_cast<ptrdiff_t>(at + size));
    if (machine.big) std::reverse(bytes.begin(), bytes.end());
    return support::little_at(bytes, 0, size);
}

Bytes page_of(const SmallMachine& machine, uint64_t seed) {
    Bytes page;
    while (page.size() < machine.page) put_bytes(page, page.size(), text_page(seed));
    return page;
}

Bytes notes_of(const SmallMachine& machine) {
    Bytes notes = vcpu_notes(machine);
    const std::string text = vmcoreinfo_of(machine);
    put_bytes(notes, notes.size(),
              note_in(machine, "VMCOREINFO", 0, std::as_bytes(std::span(text))));
    return notes;
}

Bytes elf_of(const SmallMachine& machine) {
    const bool wide = machine.bits == 64;
    const uint64_t headers = wide ? 64 : 52, header = wide ? 56 : 32;
    Writer out(machine);
    put_text(out.file, 0, "\177ELF");
    put_number(out.file, machine, 4, 0, 12);
    out.file[4] = std::byte{wide ? uint8_t{2} : uint8_t{1}};
    out.file[5] = std::byte{machine.big ? uint8_t{2} : uint8_t{1}};
    out.file[6] = std::byte{1};
    out.put(16, 4, 2);
    out.put(18, machine.number, 2);
    out.word(20, 1);
    out.wide(28, 32, headers);
    out.word(wide ? 48 : 36, 0x5000002);  // e_flags
    out.put(wide ? 52 : 40, headers, 2);
    out.put(wide ? 54 : 42, header, 2);
    out.put(wide ? 56 : 44, 3, 2);
    const Bytes notes = notes_of(machine);
    const uint64_t at = headers + 3 * header, size = uint64_t{16} * machine.page;
    put_segment(out, headers, 4, at, 0, notes.size());
    const uint64_t memory = at + notes.size();
    put_segment(out, headers + header, 1, memory, 0x40000000, size);
    put_segment(out, headers + 2 * header, 1, memory + size, 0x80000000, size);
    put_bytes(out.file, at, notes);
    put_bytes(out.file, memory, noise(1, size));
    put_bytes(out.file, memory + size, noise(2, size));
    return out.file;
}

Bytes kdump_of(const SmallMachine& machine) {
    const bool wide = machine.bits == 64, packed = machine.packed;
    const uint64_t page = machine.page, sub = page;
    const uint64_t sub_size = wide ? 104 : packed ? 80 : 96;
    const Bytes notes = vcpu_notes(machine);
    const std::string text = vmcoreinfo_of(machine);
    Writer out(machine);
    put_text(out.file, 0, "KDUMP   ");
    out.word(8, 6);
    put_text(out.file, 12, "Linux");
    put_text(out.file, 12 + 2 * 65, "6.1.0-test");
    put_text(out.file, 12 + 3 * 65, "#1");
    put_text(out.file, 12 + 4 * 65, machine.uname);
    const uint64_t status = wide ? 424 : 412;
    out.word(status, 1);
    out.word(status + 4, page);
    out.word(status + 8, 1);
    out.word(status + 12, 2);
    out.word(status + 16, 0x4008);
    out.word(status + 36, 2);

    out.wide(sub, sub, 0x200000);
    out.word(sub + (wide ? 8 : 4), 31);
    const uint64_t vmcoreinfo_at = sub + sub_size + notes.size();
    out.put(sub + (wide ? 32 : packed ? 20 : 24), vmcoreinfo_at, 8);
    out.wide(sub + (packed ? 28 : 32), sub + 40, text.size());
    out.put(sub + (wide ? 48 : packed ? 32 : 40), sub + sub_size, 8);
    out.wide(sub + (packed ? 40 : 48), sub + 56, notes.size());
    out.put(sub + (wide ? 96 : packed ? 72 : 88), 0x4008, 8);
    put_bytes(out.file, sub + sub_size, notes);
    put_text(out.file, vmcoreinfo_at, text);

    // 0x4000 pages are 0x800 bytes of bitmap.
    out.file.resize(2 * page);
    out.put(2 * page + 0x800, 0xe3, 1);
    out.put(3 * page + 0x800, 0x23, 1);
    const Bytes first = compressed(1, page_of(machine, 1)),
                second = compressed(1, page_of(machine, 2));
    const uint64_t descriptors = 4 * page, data = descriptors + 3 * 24;
    const auto put_descriptor = [&](uint64_t index, uint64_t offset, uint64_t size,
                                    uint32_t flags) {
        out.put(descriptors + 24 * index, offset, 8);
        out.word(descriptors + 24 * index + 8, size);
        out.word(descriptors + 24 * index + 12, flags);
    };
    put_descriptor(0, data + page, first.size(), 1);
    put_descriptor(1, data + page + first.size(), second.size(), 1);
    put_descriptor(2, data, page, 0);
    out.file.resize(data + page);
    put_bytes(out.file, out.file.size(), first);
    put_bytes(out.file, out.file.size(), second);
    return out.file;
}

}  // namespace guestdump::vmcore
