# SPDX-License-Identifier: GPL-2.0-or-later
"""A vmcore of a Linux guest that never was: 256 GiB of memory, of which 18 MiB exist, and a memory map that covers all of it.

Each section of 128 MiB has the same 2 MiB of struct pages, so that judging all pages takes seconds and the file a few MiB.
"""
import struct

PAGE, MIB, SIZE = 4096, 1 << 20, 1 << 38
SECTION, LARGE = 128 * MIB, 2 * MIB
IMAGE, MAP = 0xffffffff80000000, 0xffffea0000000000
TOP, TABLES = 0x1000, 0x2000
NAMES, ROOTS, SECTIONS, STRUCTS = 0x400000, 0x410000, 0x420000, 0x1000000
FIRST_USER = (STRUCTS + LARGE) // PAGE  # pages before it are the kernel's own
PRESENT, LARGE_PAGE = 0x67, 0xe7
VMCOREINFO = b"""OSRELEASE=6.12.0
PAGESIZE=4096
SYMBOL(init_uts_ns)=ffffffff80400000
OFFSET(uts_namespace.name)=0
SYMBOL(_stext)=ffffffff80600000
SYMBOL(init_top_pgt)=ffffffff80001000
NUMBER(phys_base)=0
SYMBOL(mem_section)=ffffffff80410000
LENGTH(mem_section)=2048
SIZE(mem_section)=16
OFFSET(mem_section.section_mem_map)=0
NUMBER(SECTION_SIZE_BITS)=27
NUMBER(MAX_PHYSMEM_BITS)=46
SIZE(page)=64
OFFSET(page.flags)=0
OFFSET(page._refcount)=52
OFFSET(page.mapping)=24
OFFSET(page._mapcount)=48
OFFSET(page.private)=40
OFFSET(page.compound_head)=8
LENGTH(zone.free_area)=11
NUMBER(PG_lru)=5
NUMBER(PG_private)=14
NUMBER(PG_swapcache)=10
NUMBER(PG_swapbacked)=17
NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376
NUMBER(PG_hwpoison)=20
NUMBER(PG_head_mask)=64
NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)=-268435456
NUMBER(PAGE_HUGETLB_MAPCOUNT_VALUE)=-201326592
NUMBER(PAGE_OFFLINE_MAPCOUNT_VALUE)=-251658240
"""


class Memory:
    """The beginning of guest memory: all of it that is not zero."""

    def __init__(self):
        self.bytes, self.tables, self.next_table = bytearray(STRUCTS + LARGE), {}, TABLES
        for at in range(0, 16 * MIB, LARGE):
            self.map(IMAGE + at, at)
        for at in range(0, SIZE // PAGE * 64, LARGE):
            self.map(MAP + at, STRUCTS)
        self.bytes[NAMES + 130:NAMES + 136] = b"6.12.0"
        self.bytes[NAMES + 195:NAMES + 197] = b"#1"
        for root in range(SIZE // SECTION // 256):
            self.put(ROOTS + 8 * root, IMAGE + SECTIONS)
        for section in range(256):
            self.put(SECTIONS + 16 * section, MAP | 7)
        # flags, head, lru, mapping, index, private, _mapcount, _refcount: a kernel's page, and one of a process.
        kernel = struct.pack("<6QIIQ", 0, 0, 0, 0, 0, 0, 0xffffffff, 1, 0)
        user = struct.pack("<6QIIQ", 1 << 5, 0, 0, 1, 0, 0, 0, 1, 0)
        self.bytes[STRUCTS:] = kernel * FIRST_USER + user * (SECTION // PAGE - FIRST_USER)

    def put(self, at, value):
        struct.pack_into("<Q", self.bytes, at, value)

    def map(self, virt, phys):
        """Maps 2 MiB."""
        table = TOP
        for shift in (39, 30):
            if (table, virt >> shift) not in self.tables:
                self.tables[table, virt >> shift] = self.next_table
                self.put(table + 8 * (virt >> shift & 511), self.next_table | PRESENT)
                self.next_table += PAGE
            table = self.tables[table, virt >> shift]
        self.put(table + 8 * (virt >> 21 & 511), phys | LARGE_PAGE)


def note(name, kind, descriptor):
    name += b"\0"
    return struct.pack("<III", len(name), len(descriptor), kind) + padded(name) + padded(descriptor)


def padded(data):
    return data + bytes(-len(data) % 4)


def notes():
    """Of one vCPU in user mode, with the kernel's page tables."""
    code, data = (struct.pack("<IIIIQ", selector, 0xffffffff, flags, 0, 0)
                  for selector, flags in ((0x33, 0xa0fb00), (0x2b, 0xc0f300)))
    none = bytes(24)
    segments = code + 4 * data + data + 4 * none  # cs ds es fs gs ss ldt tr gdt idt
    general = struct.pack("<18Q", *[0] * 16, 0x400000, 0x202)  # ..., rip, rflags
    control = struct.pack("<5Q", 0x80050033, 0, 0, TOP, 0x20)
    qemu = struct.pack("<II", 1, 440) + general + segments + control + bytes(8)
    prstatus = bytearray(336)
    struct.pack_into("<I", prstatus, 32, 1)
    struct.pack_into("<QQQ", prstatus, 112 + 16 * 8, 0x400000, 0x33, 0x202)
    return note(b"CORE", 1, bytes(prstatus)) + note(b"QEMU", 0, qemu) + note(b"VMCOREINFO", 0, VMCOREINFO)


def write(path):
    contents, memory_at = notes(), 0x10000
    header = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\x02\x01\x01", 4, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    header += struct.pack("<IIQQQQQQ", 4, 0, 0x1000, 0, 0, len(contents), len(contents), 0)
    header += struct.pack("<IIQQQQQQ", 1, 0, memory_at, 0, 0, SIZE, SIZE, 0)
    with open(path, "wb") as file:
        file.write(header)
        file.seek(0x1000)
        file.write(contents)
        file.seek(memory_at)
        file.write(Memory().bytes)
        file.truncate(memory_at + SIZE)
