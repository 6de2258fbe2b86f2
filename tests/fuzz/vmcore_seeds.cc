// SPDX-License-Identifier: GPL-2.0-or-later
#include <filesystem>

#include "tests/fuzz/seeds.h"
#include "tests/vmcore/small_core.h"
#include "tests/vmcore/small_files.h"
#include "tests/vmcore/small_machine.h"
#include "tests/vmcore/small_split.h"
#include "tests/vmcore/small_stream.h"
#include "tests/vmcore/small_vbox.h"

using namespace guestdump;

/// Writes the seeds of the vmcore readers' fuzz targets: vmcore_seeds FOLDER.

namespace {

using support::noise;
using vmcore::Bytes;

vmcore::SmallElf small_elf(int bits) {
    vmcore::SmallElf elf{.bits = bits, .machine = static_cast<uint16_t>(bits == 64 ? 62 : 3)};
    elf.loads = {
        {.paddr = 0x1000, .contents = noise(1, 6000)},
        {.paddr = 0x1000, .vaddr = 0x80001000, .contents = noise(1, 3000), .same_bytes_as = 0},
        {.paddr = 0x9000, .contents = noise(2, 100), .memsz = 0x1000}};
    elf.count_in_section = bits == 32;
    return elf;
}

vmcore::SmallKdump small_kdump(int bits) {
    vmcore::SmallKdump kdump{.bits = bits};
    kdump.pages = {{.pfn = 1, .contents = {}},
                   {.pfn = 2, .flags = 1, .contents = vmcore::text_page(2)},
                   {.pfn = 3, .flags = 2, .contents = vmcore::text_page(3)},
                   {.pfn = 9, .flags = 4, .contents = vmcore::text_page(9)},
                   {.pfn = 10, .flags = 0x20, .contents = vmcore::text_page(10)}};
    kdump.excluded = {4, 5};
    kdump.dump_level = bits == 64 ? 1 : 31;
    kdump.vmcoreinfo = "OSRELEASE=6.1.0\n";
    return kdump;
}

/// All pages have one compression, so that they can be copied as they are stored.
vmcore::SmallKdump plain_kdump(int bits) {
    const uint32_t flag = bits == 64 ? 1 : 2;
    return {.bits = bits,
            .pages = {{.pfn = 1, .contents = {}},
                      {.pfn = 2, .contents = noise(2, 4096)},
                      {.pfn = 9, .flags = flag, .contents = vmcore::text_page(9)}},
            .excluded = {4, 5},
            .dump_level = 31,
            .status = flag};
}

/// Two vCPUs, one with live registers, a note, and memory in two segments.
vmcore::SmallRecord small_record() {
    return {.blocks = {{.gpa = 0, .size = 0x1000, .host = 0x10000},
                       {.gpa = 0x100000, .size = 0x2000, .host = 0x11000, .kind = 1}},
            .cpus = 2,
            .live = {0x50100},
            .note = vmcore::note("VMCOREINFO", 0, noise(1, 30)),
            .running = true};
}

vmcore::SmallVbox small_vbox(uint32_t format, size_t cpu_size) {
    vmcore::SmallVbox core{.format = format, .claimed_cpus = 2};
    core.cpus = {vmcore::vbox_cpu(0xffffffff81000000, cpu_size), vmcore::vbox_cpu(1, cpu_size)};
    core.ranges = {{.start = 0, .contents = noise(1, 5000)},
                   {.start = 0xa0000, .mmio_size = 0x20000},
                   {.start = 0x100000, .contents = noise(2, 100)}};
    return core;
}

/// An input of the target split_set, see split_set_input.h.
vmcore::Bytes split_set(int bits) {
    vmcore::Bytes input;
    for (const auto& [start, end] : {std::pair{0, 3}, std::pair{3, 9}, std::pair{9, 64}}) {
        const vmcore::Bytes part = split_part(small_kdump(bits), start, end, bits == 64);
        support::put_le32(input, input.size(), static_cast<uint32_t>(part.size()));
        support::put_bytes(input, input.size(), part);
    }
    return input;
}

/// A stream with few pages, and with every device that the reader examines.
vmcore::SmallStream small_stream() {
    vmcore::SmallStream stream;
    stream.blocks = {{"pc.ram", 0x108000}, {"0000:00:02.0/vga.vram", 0x2000}, {"pc.bios", 0x1000}};
    for (uint64_t page = 0; page < 8; ++page)
        stream.pages.push_back(
            {.offset = page << 12, .contents = page == 2 ? noise(2, 4096) : Bytes()});
    stream.pages.push_back({.offset = 0x3000, .contents = noise(3, 4096)});
    stream.pages.push_back({.block = "pc.bios", .contents = noise(4, 4096)});
    stream.devices = {vmcore::stream_cpu(0, 0x1000), vmcore::stream_host_bridge(0x10),
                      vmcore::stream_cmos(0x108000, 0), vmcore::stream_vga(0xfd000000),
                      vmcore::stream_note(0x2000, 40)};
    return stream;
}

void write_streams(const std::filesystem::path& folder) {
    vmcore::SmallStream stream = small_stream();
    fuzz::write_seed(folder / "pc", stream.file());
    stream.machine = "pc-q35-7.2";
    stream.before = vmcore::libvirt_header(
        "<memory model='dimm'><address type='dimm' slot='0' base='0x100000000'/></memory>");
    stream.blocks.push_back({"memdimm0", 0x1000});
    fuzz::write_seed(folder / "libvirt", stream.file());
    stream.before.clear();
    stream.blocks[0].size = 0x8000;  // the file has room for all of it
    stream.capabilities = {"mapped-ram"};
    stream.mapped_ram = true;
    fuzz::write_seed(folder / "mapped-ram", stream.file());
}

}  // namespace

void fuzz::write_seeds(const std::filesystem::path& folder) {
    for (const int bits : {32, 64}) {
        const std::string name = std::to_string(bits);
        const Bytes elf = small_elf(bits).file(), kdump = small_kdump(bits).file();
        fuzz::write_seed(folder / "elf" / name, elf);
        fuzz::write_seed(folder / "kdump" / name, kdump);
        fuzz::write_seed(folder / "kdump" / ("plain" + name), plain_kdump(bits).file());
        fuzz::write_seed(folder / "split_set" / name, split_set(bits));
        fuzz::write_seed(folder / "flattened" / ("elf" + name), vmcore::flattened(elf, 1000));
        fuzz::write_seed(folder / "flattened" / ("kdump" + name), vmcore::flattened(kdump, 5000));
    }
    const vmcore::SmallMachine machines[] = {
        {"aarch64", 183, 64, false, 392, 112 + 32 * 8, "pc", 65536},
        {"s390x", 22, 64, true, 336, 112 + 8, "pswa"},
        {"armv7l", 40, 32, false, 148, 72 + 15 * 4, "pc"},
        {"ppc", 20, 32, true, 268, 72 + 32 * 4, "nip", 4096, true},
    };
    for (const vmcore::SmallMachine& machine : machines) {
        fuzz::write_seed(folder / "elf" / machine.uname, elf_of(machine));
        fuzz::write_seed(folder / "kdump" / machine.uname, kdump_of(machine));
    }
    fuzz::write_seed(folder / "post_mortem" / "core", vmcore::small_core());
    // The target interprets these bytes as a record and corrects its checksums.
    fuzz::write_seed(folder / "post_mortem" / "record", small_record().bytes());
    write_streams(folder / "migration");
    fuzz::write_seed(folder / "vbox" / "4", small_vbox(0x00010004, 8768).file());
    fuzz::write_seed(folder / "vbox" / "6", small_vbox(0x00010006, 8776).file());
    fuzz::write_seed(folder / "vbox" / "6-aligned", small_vbox(0x00010006, 8784).file());
}
