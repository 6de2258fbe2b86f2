# SPDX-License-Identifier: GPL-2.0-or-later
"""x86 page tables: makes random ones for a guest, and computes page by page what they map. [SDM 3A 4]

A page is identified by its address. This shares nothing with the project's own walker, and little with the model in
its unit tests: those two are compared with each other, and this is compared with a processor.
"""
import collections

PRESENT, LARGE, NX = 1, 0x80, 1 << 63
PAGE = 4096
WINDOW = 1 << 63  # virtual address at which a dump's last segments map physical address 0

# gigabyte: the processor has pages of 1 GiB.
Mode = collections.namedtuple("Mode", "name cr4 efer shifts entry_bytes gigabyte", defaults=[True])
PSE, PAE, LA57 = 1 << 4, 1 << 5, 1 << 12
LONG, NO_EXECUTE = 1 << 8, 1 << 11
MODES = [
    Mode("two_level", 0, 0, (22, 12), 4),
    Mode("pse", PSE, 0, (22, 12), 4),
    Mode("pae", PAE, NO_EXECUTE, (30, 21, 12), 8),
    Mode("four_level", PAE, LONG | NO_EXECUTE, (39, 30, 21, 12), 8),
    Mode("five_level", PAE | LA57, LONG | NO_EXECUTE, (48, 39, 30, 21, 12), 8),
]


class Memory:
    """Guest-physical memory: its ranges [(address, size)], and @read(address, size), which returns contents."""

    def __init__(self, ranges, read):
        self.ranges, self.read_bytes = ranges, read
        self.tables = {}

    def holds(self, page):
        return any(start <= page < start + size for start, size in self.ranges)

    def table(self, address, size, entry_bytes):
        if address not in self.tables:
            data = self.read_bytes(address, size) if self.holds(address) else bytes(size)
            self.tables[address] = [int.from_bytes(data[i:i + entry_bytes], "little") for i in range(0, size, entry_bytes)]
        return self.tables[address]


def table_size(mode, level):
    if mode.name == "pae" and level == 0:
        return 32
    return PAGE


def is_page(mode, level, entry):
    if level == len(mode.shifts) - 1:
        return True
    sizes = {"two_level": (), "pse": (22,), "pae": (21,)}.get(mode.name, (30, 21) if mode.gigabyte else (21,))
    return bool(entry & LARGE) and mode.shifts[level] in sizes


def is_reserved(mode, level, entry):
    """True if the entry faults although it is present, on a processor with 52 physical bits and NX on.

    Bit 5 of PAE's top entries is accepted: QEMU's processor sets it as the accessed bit.
    """
    shift = mode.shifts[level]
    last = level == len(mode.shifts) - 1
    if mode.entry_bytes == 4:
        return is_page(mode, level, entry) and not last and bool(entry >> 21 & 1)
    if mode.name == "pae" and (entry >> 52 & 0x7ff or level == 0 and entry & (NX | 0x1c6)):
        return True
    if is_page(mode, level, entry):
        return not last and bool(entry & ((1 << shift) - 1) & ~0x1fff)
    return mode.name != "pae" and shift > 21 and bool(entry & LARGE)


def target(mode, level, entry):
    """The address in the entry: of a table or a page."""
    if mode.entry_bytes == 4:
        if is_page(mode, level, entry) and level == 0:
            return entry & 0xffc00000 | (entry >> 13 & 0xff) << 32
        return entry & 0xfffff000
    address = entry & 0xffffffffff000
    return address >> mode.shifts[level] << mode.shifts[level] if is_page(mode, level, entry) else address


def canonical(mode, virt):
    top = mode.shifts[0] + 8
    return virt | -1 << top & (1 << 64) - 1 if len(mode.shifts) > 3 and virt >> top & 1 else virt


def mapped_pages(mode, memory, root):
    """{virtual page: physical page} for all pages mapped onto memory."""
    found = {}

    def walk(level, address, base):
        shift = mode.shifts[level]
        for index, entry in enumerate(memory.table(address, table_size(mode, level), mode.entry_bytes)):
            if not entry & PRESENT or is_reserved(mode, level, entry):
                continue
            virt = base | index << shift
            if level == 0:
                virt = canonical(mode, virt)
            place = target(mode, level, entry)
            if not is_page(mode, level, entry):
                walk(level + 1, place, virt)
                continue
            for start, size in memory.ranges:
                for page in range(max(start, place), min(start + size, place + (1 << shift)), PAGE):
                    found[virt + page - place] = page

    walk(0, root, 0)
    return found


def translate(mode, memory, root, virt):
    """The physical page of a virtual one, whether it is memory or not; None if an access faults."""
    if virt != canonical(mode, virt & (1 << mode.shifts[0] + 9) - 1 if len(mode.shifts) > 3 else virt):
        return None
    address = root
    for level, shift in enumerate(mode.shifts):
        entries = memory.table(address, table_size(mode, level), mode.entry_bytes)
        entry = entries[virt >> shift & len(entries) - 1]
        if not entry & PRESENT or is_reserved(mode, level, entry):
            return None
        address = target(mode, level, entry)
        if is_page(mode, level, entry):
            return address + (virt & (1 << shift) - 1)
    return None


def segment_pages(vmcore):
    """{virtual page: physical page} by a paging=true dump's program headers, without its window onto physical memory."""
    found = {}
    for load in vmcore.loads:
        if WINDOW <= load.vaddr < WINDOW + (1 << 52):
            continue
        for at in range(0, load.memsz, PAGE):
            assert load.vaddr + at not in found, "0x%x is mapped twice" % (load.vaddr + at)
            found[load.vaddr + at] = load.paddr + at
    return found
