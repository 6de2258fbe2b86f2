# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads and writes VirtualBox cores by the offsets in docs/formats.md; shares no code with the project's own."""
import struct

from vmcore import Elf

GENERAL = "rax rbx rcx rdx rsi rdi r8 r9 r10 r11 r12 r13 r14 r15 rip rsp rbp rflags".split()
SEGMENTS = {"cs": 144, "ds": 168, "es": 192, "fs": 216, "gs": 240, "ss": 264, "ldt": 416, "tr": 440}
NUMBERS = {"cr0": 288, "cr2": 296, "cr3": 304, "cr4": 312, "gdt_base": 384, "idt_base": 400, "efer": 488, "kernel_gs_base": 536}
LIMITS = {"gdt_limit": 392, "idt_limit": 408}

# The same registers in the order of a QEMU note. Its flags are the high word of a descriptor; the bits of that word which
# repeat base and limit are left out of the attributes.
QEMU_GENERAL = "rax rbx rcx rdx rsi rdi rsp rbp r8 r9 r10 r11 r12 r13 r14 r15 rip rflags".split()
QEMU_SEGMENTS = "cs ds es fs gs ss ldt tr gdt idt".split()


def state_of_qemu_note(note):
    state = dict(zip(QEMU_GENERAL, struct.unpack_from("<18Q", note, 8)))
    for index, name in enumerate(QEMU_SEGMENTS):
        selector, limit, flags, _, base = struct.unpack_from("<IIIIQ", note, 152 + 24 * index)
        if name in ("gdt", "idt"):
            state[name + "_base"], state[name + "_limit"] = base, limit
        else:
            attributes = flags >> 8 & 0xf0ff
            state[name] = (base, limit, attributes | (0 if attributes & 0x80 else 0x10000), selector)
    state["cr0"], _, state["cr2"], state["cr3"], state["cr4"], state["kernel_gs_base"] = struct.unpack_from("<6Q", note, 392)
    return state


class Vbox(Elf):
    """A VirtualBox core."""

    @property
    def notes(self):
        """Names are counted without their NUL; names and descriptors are padded to 8 bytes."""
        found, data, at = [], self.note_bytes, 0
        while at < len(data) and data[at + 12:at + 14] == b"VB":
            namesz, descsz, kind = struct.unpack_from("<III", data, at)
            descriptor_at = at + 12 + (namesz + 7) // 8 * 8
            found.append((data[at + 12:at + 12 + namesz].decode(), kind, data[descriptor_at:descriptor_at + descsz]))
            at = descriptor_at + (descsz + 7) // 8 * 8
        return found

    def core(self):
        """(magic, format, size, version, revision, number of vCPUs)"""
        (_, _, descriptor), = [note for note in self.notes if note[:2] == ("VBCORE", 0xb00)]
        return struct.unpack("<6I", descriptor)

    def states(self):
        return [self._state(descriptor) for name, kind, descriptor in self.notes if (name, kind) == ("VBCPU", 0xb01)]

    @staticmethod
    def _state(d):
        state = dict(zip(GENERAL, struct.unpack_from("<18Q", d, 0)))
        for name, at in SEGMENTS.items():
            base, limit, attributes, selector = struct.unpack_from("<QIIH", d, at)
            state[name] = (base, limit, attributes, selector)
        state.update({name: struct.unpack_from("<Q", d, at)[0] for name, at in NUMBERS.items()})
        state.update({name: struct.unpack_from("<I", d, at)[0] for name, at in LIMITS.items()})
        return state

    def holes(self):
        return [(load.paddr, load.memsz) for load in self.loads if load.filesz == 0]


def _descriptor(state, size):
    d = bytearray(size)
    struct.pack_into("<18Q", d, 0, *[state[name] for name in GENERAL])
    for name, at in SEGMENTS.items():
        struct.pack_into("<QIIH", d, at, *state[name])
    for name, at in NUMBERS.items():
        struct.pack_into("<Q", d, at, state[name])
    for name, at in LIMITS.items():
        struct.pack_into("<I", d, at, state[name])
    return bytes(d)


def write_as_virtualbox(path, elf, core_format=0x00010006, cpu_size=8776):
    """The guest of @elf as VirtualBox would write it; EFER is that of a 64-bit kernel."""
    notes = struct.pack("<III8s6I", 6, 24, 0xb00, b"VBCORE", 0xc01ac0de, core_format, 24, 0x07000008, 160410, len(elf.qemu_states()))
    for note in elf.qemu_states():
        descriptor = _descriptor({**state_of_qemu_note(note), "efer": 0xd01}, cpu_size)
        notes += struct.pack("<III8s", 5, len(descriptor), 0xb01, b"VBCPU") + descriptor
    ranges, edge = [], 0
    for start, size in elf.ranges():
        if start > edge:
            ranges.append((edge, start - edge, b""))  # devices
        ranges.append((start, size, elf.read(start, size)))
        edge = start + size
    with open(path, "wb") as out:
        at = 64 + 56 * (1 + len(ranges))
        # e_ident[EI_VERSION] is 0, as VirtualBox leaves it.
        out.write(b"\x7fELF\2\1" + bytes(10) + struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, 64, 0, 0, 64, 56, 1 + len(ranges), 0, 0, 0))
        out.write(struct.pack("<IIQQQQQQ", 4, 4, at, 0, 0, len(notes), len(notes), 0))
        at += len(notes)
        for start, size, contents in ranges:
            out.write(struct.pack("<IIQQQQQQ", 1, 4, at, 0, start, len(contents), size, 0))
            at += len(contents)
        out.write(notes)
        for _, _, contents in ranges:
            out.write(contents)
