# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads ELF vmcores by the offsets in the specifications, and shares no code with the project's own readers.

The containers follow [gabi ch4, ch5], the notes' descriptors docs/formats.md.
"""
import collections
import mmap
import os
import struct

Segment = collections.namedtuple("Segment", "type flags offset vaddr paddr filesz memsz align")
Note = collections.namedtuple("Note", "name type descriptor")

PT_LOAD, PT_NOTE = 1, 4
GENERAL = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss "
           "fs_base gs_base ds es fs gs").split()


class Elf:
    """An ELF core file, mapped."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.size = os.fstat(file.fileno()).st_size
            self.data = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        assert self.data[:4] == b"\x7fELF", "no ELF magic"
        self.bits = {1: 32, 2: 64}[self.data[4]]
        self.byte_order, self.ident_version = self.data[5], self.data[6]
        self.type, self.machine, self.version = self.unpack("<HHI", 16)
        if self.bits == 64:
            self.entry, self.phoff, self.shoff = self.unpack("<QQQ", 24)
            self.flags, self.ehsize, self.phentsize, self.e_phnum, self.shentsize, self.shnum, self.shstrndx = \
                self.unpack("<IHHHHHH", 48)
        else:
            self.entry, self.phoff, self.shoff = self.unpack("<III", 24)
            self.flags, self.ehsize, self.phentsize, self.e_phnum, self.shentsize, self.shnum, self.shstrndx = \
                self.unpack("<IHHHHHH", 36)
        self.segments = [self._segment(index) for index in range(self._phnum())]
        self.loads = [segment for segment in self.segments if segment.type == PT_LOAD]

    def unpack(self, layout, offset):
        return struct.unpack_from(layout, self.data, offset)

    def _phnum(self):
        if self.e_phnum != 0xffff:
            return self.e_phnum
        return self.unpack("<I", self.shoff + (44 if self.bits == 64 else 28))[0]  # sh_info of section 0

    def _segment(self, index):
        at = self.phoff + index * self.phentsize
        if self.bits == 64:
            return Segment(*self.unpack("<IIQQQQQQ", at))
        kind, offset, vaddr, paddr, filesz, memsz, flags, align = self.unpack("<IIIIIIII", at)
        return Segment(kind, flags, offset, vaddr, paddr, filesz, memsz, align)

    @property
    def note_bytes(self):
        """The contents of the only PT_NOTE."""
        note, = [segment for segment in self.segments if segment.type == PT_NOTE]
        return self.data[note.offset:note.offset + note.filesz]

    @property
    def notes(self):
        found, data, at = [], self.note_bytes, 0
        while at < len(data):
            namesz, descsz, kind = struct.unpack_from("<III", data, at)
            name_at = at + 12
            descriptor_at = name_at + (namesz + 3) // 4 * 4
            found.append(Note(data[name_at:name_at + namesz].rstrip(b"\0").decode(), kind,
                              data[descriptor_at:descriptor_at + descsz]))
            at = descriptor_at + (descsz + 3) // 4 * 4
        return found

    def ranges(self):
        """[(first guest-physical address, size)] of the memory in the file; segments that touch or overlap are joined."""
        joined = []
        for segment in sorted((load for load in self.loads if load.filesz), key=lambda load: load.paddr):
            end = segment.paddr + segment.filesz
            if joined and segment.paddr <= joined[-1][1]:
                joined[-1][1] = max(joined[-1][1], end)
            else:
                joined.append([segment.paddr, end])
        return [(start, end - start) for start, end in joined]

    def read(self, gpa, size):
        """Guest-physical bytes; they must all be in the file, in one segment."""
        for segment in self.loads:
            if segment.paddr <= gpa and gpa + size <= segment.paddr + segment.filesz:
                at = segment.offset + gpa - segment.paddr
                return self.data[at:at + size]
        raise LookupError("0x%x bytes at 0x%x are in no segment" % (size, gpa))

    def read_virtual(self, gva, size):
        """Guest-virtual bytes; they must all be in the file, in one segment."""
        for segment in self.loads:
            if segment.vaddr <= gva and gva + size <= segment.vaddr + segment.filesz:
                at = segment.offset + gva - segment.vaddr
                return self.data[at:at + size]
        raise LookupError("0x%x bytes at virtual address 0x%x are in no segment" % (size, gva))

    def vmcoreinfo(self):
        """The lines of the guest's VMCOREINFO as a dictionary, empty if there are none."""
        for note in self.notes:
            if note.name == "VMCOREINFO":
                lines = note.descriptor.rstrip(b"\0").decode(errors="replace").splitlines()
                return dict(line.split("=", 1) for line in lines if "=" in line)
        return {}

    def general_registers(self):
        """For each vCPU, in order, the registers of its x86-64 NT_PRSTATUS as a dictionary."""
        return [dict(zip(GENERAL, struct.unpack_from("<27Q", note.descriptor, 112)))
                for note in self.notes if note.name == "CORE" and note.type == 1]

    def qemu_states(self):
        """For each vCPU, in order, the descriptor of its QEMU note."""
        return [note.descriptor for note in self.notes if note.name == "QEMU"]


def difference(one, other, chunk=1 << 20):
    """The first difference between two vmcores' memory, as a sentence; None if they are the same."""
    if one.ranges() != other.ranges():
        return "ranges differ: %s and %s" % tuple([(hex(a), hex(n)) for a, n in vmcore.ranges()] for vmcore in (one, other))
    edges = {edge for vmcore in (one, other) for load in vmcore.loads for edge in (load.paddr, load.paddr + load.filesz)}
    for start, size in one.ranges():
        at = start
        while at < start + size:
            step = min([chunk, start + size - at] + [edge - at for edge in edges if edge > at])
            if one.read(at, step) != other.read(at, step):
                return "contents differ in the 0x%x bytes at 0x%x" % (step, at)
            at += step
    return None
