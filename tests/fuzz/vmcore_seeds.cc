// SPDX-License-Identifier: GPL-2.0-or-later
#include <filesystem>

#include "tests/fuzz/seeds.h"
#include "tests/vmcore/small_core.h"
#include "tests/vmcore/small_files.h"
#include "tests/vmcore/small_vbox.h"

using namespace guestdump;

/// Writes what the vmcore readers' fuzz targets begin with: vmcore_seeds FOLDER.

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

/// Of one compression, so that its pages can be taken over as they are.
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

}  // namespace

void fuzz::write_seeds(const std::filesystem::path& folder) {
    for (const int bits : {32, 64}) {
        const std::string name = std::to_string(bits);
        const Bytes elf = small_elf(bits).file(), kdump = small_kdump(bits).file();
        fuzz::write_seed(folder / "elf" / name, elf);
        fuzz::write_seed(folder / "kdump" / name, kdump);
        fuzz::write_seed(folder / "kdump" / ("plain" + name), plain_kdump(bits).file());
        fuzz::write_seed(folder / "flattened" / ("elf" + name), vmcore::flattened(elf, 1000));
        fuzz::write_seed(folder / "flattened" / ("kdump" + name), vmcore::flattened(kdump, 5000));
    }
    fuzz::write_seed(folder / "post_mortem" / "core", vmcore::small_core());
    // What the target takes for a record, with its checksums mended.
    fuzz::write_seed(folder / "post_mortem" / "record", small_record().bytes());
    fuzz::write_seed(folder / "vbox" / "4", small_vbox(0x00010004, 8768).file());
    fuzz::write_seed(folder / "vbox" / "6", small_vbox(0x00010006, 8776).file());
    fuzz::write_seed(folder / "vbox" / "6-aligned", small_vbox(0x00010006, 8784).file());
}
