# SPDX-License-Identifier: GPL-2.0-or-later
"""Adds to gdb the command dump-guest-memory, which writes a vmcore of the guest of a guestdump-vm, from a core or a process.

    gdb -ex "source scripts/dump-guest-memory.py" -ex "core-file CORE" -ex "dump-guest-memory vmcore"

It needs no symbols: the process keeps a record of its guest (docs/post-mortem.md) at the start of one of its mappings.
`guestdump extract` does the same without gdb, in every format.
"""
import os
import re
import struct
import subprocess
import zlib

import gdb

MAGIC = b"GUESTDUMP RECORD"
HEADER = struct.Struct("<16sIIQQQIIQQQII")  # 88 bytes; the checksum covers the first 80
BLOCK = struct.Struct("<QQQI4x32s")
COPY = struct.Struct("<QII")
STATE = struct.Struct("<QI4x")
CPU = struct.Struct("<440sQQ")
MOST_RECORD, MOST_CPUS, MOST_NOTE = 64 << 20, 4096, 1 << 20

GENERAL = "rax rbx rcx rdx rsi rdi rsp rbp r8 r9 r10 r11 r12 r13 r14 r15 rip rflags".split()
SEGMENTS = "cs ds es fs gs ss ldt tr gdt idt".split()  # in a QEMU note
LIVE_SEGMENTS = "cs ds es fs gs ss tr ldt".split()     # in KVM's memory
LIVE_SIZE = 424
EM_386, EM_X86_64 = 3, 62
ARCHITECTURES = {EM_X86_64: "X86_64", EM_386: "386"}  # the words of QEMU's command
PAGE, CHUNK = 4096, 1 << 20
EFER_LMA = 1 << 10
OWN_NOTES = (b"CORE", b"QEMU", b"VBCORE", b"VBCPU")


def read(address, size):
    return bytes(gdb.selected_inferior().read_memory(address, size))


def wanted_machine(name):
    for machine, known in ARCHITECTURES.items():
        if name.lower() == known.lower():
            return machine
    raise gdb.GdbError("there is no architecture '%s'; guests of guestdump-vm are %s" % (name, " or ".join(ARCHITECTURES.values())))


class Mappings:
    """The readable memory of the process.

    gdb reads memory that a core leaves out as zeros, so sections without contents are ignored."""

    def __init__(self):
        self.ranges = self.of_core() or self.of_process()

    @staticmethod
    def of_core():
        pattern = re.compile(r"0x([0-9a-f]+)->0x([0-9a-f]+) at 0x[0-9a-f]+: load\S* .*HAS_CONTENTS")
        told = gdb.execute("maintenance info sections", to_string=True)
        return sorted((int(match.group(1), 16), int(match.group(2), 16)) for match in pattern.finditer(told))

    @staticmethod
    def of_process():
        pattern = re.compile(r"^\s*0x([0-9a-f]+)\s+0x([0-9a-f]+)\s", re.MULTILINE)
        told = gdb.execute("info proc mappings", to_string=True)
        return sorted((int(match.group(1), 16), int(match.group(2), 16)) for match in pattern.finditer(told))

    def hold(self, address, size):
        for begin, end in self.ranges:
            if begin <= address < end:
                size -= min(size, end - address)
                address = end
        return size == 0


class Record:
    """What the process knew about its guest. Every number in it is checked before it is used."""

    def __init__(self, address):
        self.address = address
        (_, version, size, self_address, length, blocks_at, block_count, self.cpu_count, one, other, copy_size, crc,
         self.running) = HEADER.unpack(read(address, HEADER.size))
        self.check(version == 1 and size == HEADER.size, "version %d is not known" % version)
        self.check(self_address == address, "it says that it lies at 0x%x" % self_address)
        self.check(length <= MOST_RECORD and self.cpu_count <= MOST_CPUS, "0x%x bytes, %d vCPUs" % (length, self.cpu_count))
        self.check(blocks_at + block_count * BLOCK.size <= length and max(one, other) + copy_size <= length,
                   "its parts lie outside of its 0x%x bytes" % length)
        blocks = read(address + blocks_at, block_count * BLOCK.size) if block_count else b""
        self.check(zlib.crc32(blocks, zlib.crc32(read(address, 80))) == crc, "its checksum is wrong")
        self.blocks = list(BLOCK.iter_unpack(blocks))
        self.check(all(a[0] + a[1] <= b[0] for a, b in zip(self.blocks, self.blocks[1:])), "blocks overlap")
        self.read_newest(address, copy_size, (one, other))

    def check(self, truth, what):
        if not truth:
            raise gdb.GdbError("the record at 0x%x: %s" % (self.address, what))

    def read_newest(self, address, copy_size, offsets):
        newest, contents = 0, b""
        for offset in offsets:
            sequence, size, crc = COPY.unpack(read(address + offset, COPY.size))
            if sequence <= newest or COPY.size + size > copy_size:
                continue
            found = read(address + offset + COPY.size, size)
            if zlib.crc32(found, zlib.crc32(read(address + offset, 12))) == crc:
                newest, contents = sequence, found
        self.check(newest, "neither copy of the registers is whole")
        end = STATE.size + self.cpu_count * CPU.size
        self.time, note_size = STATE.unpack_from(contents)
        self.check(note_size == len(contents) - end and note_size <= MOST_NOTE, "its note has %d bytes" % note_size)
        self.cpus = list(CPU.iter_unpack(contents[STATE.size:end]))
        self.note = contents[end:]

    def holds(self, address):
        return any(host <= address < host + size for _, size, host, _, _ in self.blocks)


def find_record(mappings):
    found, why_not = [], None
    for address, _ in mappings.ranges:
        try:
            if read(address, len(MAGIC)) == MAGIC:
                found.append(Record(address))
        except gdb.MemoryError:
            pass  # a mapping that the core leaves out
        except gdb.GdbError as error:
            why_not = why_not or error
    # A record in guest memory was written by the guest, so it is ignored.
    found = [one for one in found if not any(other.holds(one.address) and not one.holds(other.address) for other in found)]
    if len(found) > 1:
        raise gdb.GdbError("there are records at 0x%x and 0x%x, and which is the guest's forgery cannot be told"
                           % (found[0].address, found[1].address))
    if not found:
        raise why_not or gdb.GdbError("there is no record of guestdump-vm in this process")
    return found[0]


def qemu_state(recorded, live):
    """The descriptor of a vCPU's QEMU note, and its EFER, from the registers that KVM keeps in the process's memory."""
    general, at = live[:144], 144
    segments = {}
    for name in LIVE_SEGMENTS:
        base, limit, selector, kind, present, dpl, db, s, long, g, avl, unusable = struct.unpack_from("<QIH9B", live, at)
        flags = (kind << 8 | s << 12 | dpl << 13 | int(present and not unusable) << 15 | avl << 20 | long << 21 | db << 22
                 | g << 23)
        segments[name] = struct.pack("<IIIIQ", selector, limit, flags, 0, base)
        at += 24
    for name in ("gdt", "idt"):
        base, limit = struct.unpack_from("<QH", live, at)
        segments[name] = struct.pack("<IIIIQ", 0, limit, 0, 0, base)
        at += 16
    cr0, cr2, cr3, cr4, _, efer = struct.unpack_from("<6Q", live, at)
    control = struct.pack("<5Q", cr0, 0, cr2, cr3, cr4)
    state = struct.pack("<II", 1, 440) + general + b"".join(segments[name] for name in SEGMENTS) + control
    return state + recorded[432:440], efer


def newest_registers(record, mappings):
    """[(descriptor of the QEMU note, EFER)], and how many of them were captured when the process stopped."""
    vcpus, live_count = [], 0
    for recorded, efer, live in record.cpus:
        if live and mappings.hold(live, LIVE_SIZE):
            vcpus.append(qemu_state(recorded, read(live, LIVE_SIZE)))
            live_count += 1
        else:
            vcpus.append((recorded, efer))
    return vcpus, live_count


def registers_of(state):
    found = dict(zip(GENERAL, struct.unpack_from("<18Q", state, 8)))
    for index, name in enumerate(SEGMENTS):
        found[name], _, _, _, found[name + "_base"] = struct.unpack_from("<IIIIQ", state, 152 + 24 * index)
    return found


def prstatus(state, pid, machine):
    r = registers_of(state)
    if machine == EM_386:
        names = "rbx rcx rdx rsi rdi rbp rax ds es fs gs orig rip cs rflags rsp ss".split()
        return struct.pack("<24xI44x17I4x", pid, *(r.get(name, 0) & 0xffffffff for name in names))
    names = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig rip cs rflags rsp ss fs_base gs_base ds es fs "
             "gs").split()
    return struct.pack("<32xI76x27Q8x", pid, *(r.get(name, 0) for name in names))


def note(name, kind, descriptor):
    name += b"\0"
    return struct.pack("<III", len(name), len(descriptor), kind) + padded(name) + padded(descriptor)


def padded(data):
    return data + bytes(-len(data) % 4)


def guest_note(given):
    """The note at the start of the guest's bytes. Empty if it is malformed or has the name of one of the dump's own notes."""
    if not given:
        return b""
    name_size, size, _ = struct.unpack_from("<III", given) if len(given) >= 12 else (0, MOST_NOTE, 0)
    end = 12 + (name_size + 3) // 4 * 4 + size
    if end > len(given):
        print("warning: the guest's note is malformed: its sizes do not fit its %d bytes" % len(given))
        return b""
    if given[12:12 + name_size].split(b"\0")[0] in OWN_NOTES:
        print("warning: the guest's note has the name of one of the dump's own notes, and is left out")
        return b""
    return padded(given[:end])


def printable(name):
    """Text that is safe for a terminal: a core from somebody else may contain anything."""
    text = name.split(b"\0")[0].decode("ascii", errors="backslashreplace")
    return "".join(char if " " <= char <= "~" else "\\x%02x" % ord(char) for char in text)


def headers(machine, bits, notes, blocks):
    """The part of the file before memory, and the offset of each block in the file."""
    phnum = len(blocks) + 1
    if phnum >= 0xffff:
        raise gdb.GdbError("%d blocks of guest memory: guestdump extract can write them" % len(blocks))
    ehsize, phsize = (64, 56) if bits == 64 else (52, 32)
    at = notes_at = ehsize + phnum * phsize
    at += len(notes)
    places, segments = [], [(4, notes_at, 0, 0, len(notes))]
    for gpa, size, _, _, _ in blocks:
        at += (gpa - at) % PAGE
        places.append(at)
        segments.append((1, at, gpa, gpa, size))
        at += size
    ident = b"\x7fELF" + bytes([bits // 32, 1, 1]) + bytes(9)
    layout = "<16sHHIQQQIHHHHHH" if bits == 64 else "<16sHHIIIIIHHHHHH"
    header = struct.pack(layout, ident, 4, machine, 1, 0, ehsize, 0, 0, ehsize, phsize, phnum, 0, 0, 0)
    for kind, offset, vaddr, paddr, size in segments:
        header += (struct.pack("<IIQQQQQQ", kind, 0, offset, vaddr, paddr, size, size, 0) if bits == 64 else
                   struct.pack("<IIIIIIII", kind, offset, vaddr, paddr, size, size, 0, 0))
    return header + notes, places, at


def check_memory(record, mappings):
    for gpa, size, host, _, _ in record.blocks:
        if not mappings.hold(host, size):
            raise gdb.GdbError("guest memory at 0x%x (0x%x bytes at 0x%x of the process) is not all there: -machine "
                               "dump-guest-core=off or coredump_filter left it out, or the core is cut off" % (gpa, size, host))


def copy_block(file, place, block):
    _, size, host, _, _ = block
    for at in range(0, size, CHUNK):
        data = read(host + at, min(CHUNK, size - at))
        if data.count(0) != len(data):  # zeros become a hole
            file.seek(place + at)
            file.write(data)


def wanted_level(word):
    if not re.fullmatch("[0-9]{1,2}", word) or int(word) > 31:
        raise gdb.GdbError("-d expects a level from 0 to 31, not '%s'" % word)
    return int(word)


def leave_out(level, whole, path):
    """Writes the file @whole to @path without the pages of @level. `guestdump` does it: its rules are not repeated here."""
    program = os.environ.get("GUESTDUMP", "guestdump")
    try:
        done = subprocess.run([program, "convert", "--quiet", "--format", "elf", "-d", str(level), whole, path],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    except OSError as error:
        raise gdb.GdbError("-d needs the program '%s' ($GUESTDUMP, or guestdump in PATH): %s" % (program, error.strerror)) from None
    if done.returncode != 0:
        raise gdb.GdbError(done.stderr.strip().replace(whole, path))
    print(done.stderr.replace(whole, path), end="")


class DumpGuestMemory(gdb.Command):
    """Write a vmcore of the guest of a guestdump-vm.

Usage: dump-guest-memory [-d LEVEL] FILE [ARCH]

LEVEL, from 0 to 31, leaves out pages of a Linux guest, with makedumpfile's numbers: 1 zero, 2 cache, 4 private cache, 8 user,
16 free. The program guestdump does this, found in PATH or named by $GUESTDUMP, from a whole file next to FILE, which needs
the space for a moment.

ARCH is accepted because QEMU's command of this name needs it: X86_64 or 386. The file has the architecture of the guest, and
X86_64 for a guest in 32-bit mode, or the reverse, is refused. Load the core of a dead process, or attach to a running one. No symbols are needed. FILE is an ELF vmcore like that of the
monitor command of this name with paging=false. It has NT_PRSTATUS and QEMU notes for every vCPU, and the note that the
guest passed to the machine. FILE appears only once it is complete.

The core must contain guest memory: -machine dump-guest-core=on, which is the default. If the guest ran on KVM, registers
were captured when the process stopped; otherwise, when the guest was last stopped or dumped."""

    def __init__(self):
        super().__init__("dump-guest-memory", gdb.COMMAND_DATA, gdb.COMPLETE_FILENAME)

    def invoke(self, argument, from_tty):
        self.dont_repeat()
        words, level = gdb.string_to_argv(argument), None
        if words[:1] == ["-d"] and len(words) > 2:
            level, words = wanted_level(words[1]), words[2:]
        if len(words) not in (1, 2) or words[0] == "-d":
            raise gdb.GdbError("usage: dump-guest-memory [-d LEVEL] FILE [ARCH]")
        wanted = wanted_machine(words[1]) if len(words) == 2 else None
        if gdb.selected_inferior().pid == 0:
            raise gdb.GdbError("there is no core file and no process to take a guest from")
        path = os.path.expanduser(words[0])
        part = "%s.%d.part" % (path, os.getpid())
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
                self.write(file, wanted)
            if level is None:
                os.rename(part, path)
            else:
                leave_out(level, part, path)
        except OSError as error:
            raise gdb.GdbError("writing '%s': %s" % (path, error.strerror)) from None
        except gdb.MemoryError as error:
            raise gdb.GdbError(str(error)) from None
        finally:
            if os.path.exists(part):
                os.unlink(part)

    def write(self, file, wanted):
        mappings = Mappings()
        record = find_record(mappings)
        check_memory(record, mappings)
        vcpus, live_count = newest_registers(record, mappings)
        if not vcpus or not record.blocks:
            raise gdb.GdbError("the record at 0x%x tells of %d vCPUs and %d blocks of memory in this process"
                               % (record.address, len(vcpus), len(record.blocks)))
        if live_count < len(vcpus) and record.running:
            print("warning: the registers of %d of %d vCPUs are those of the last stop or dump; they ran on"
                  % (len(vcpus) - live_count, len(vcpus)))
        machine = EM_X86_64 if vcpus[0][1] & EFER_LMA else EM_386
        if wanted not in (None, machine):
            raise gdb.GdbError("the guest is %s, not %s" % (ARCHITECTURES[machine], ARCHITECTURES[wanted]))
        beyond_elf32 = sum(record.blocks[-1][:2]) > 0xffffffff
        notes = b"".join(note(b"CORE", 1, prstatus(state, pid, machine)) for pid, (state, _) in enumerate(vcpus, 1))
        notes += b"".join(note(b"QEMU", 0, state) for state, _ in vcpus) + guest_note(record.note)
        start, places, size = headers(machine, 64 if machine == EM_X86_64 or beyond_elf32 else 32, notes, record.blocks)
        file.write(start)
        self.write_blocks(file, places, record.blocks)
        file.truncate(size)

    @staticmethod
    def write_blocks(file, places, blocks):
        print("guest RAM blocks:\n%-16s %-16s %-16s %s" % ("begin", "end", "host address", "region"))
        for place, block in zip(places, blocks):
            gpa, size, host, kind, name = block
            print("%016x %016x %016x %s%s" % (gpa, gpa + size, host, printable(name),
                                              " (rom)" if kind == 1 else ""), flush=True)
            copy_block(file, place, block)


DumpGuestMemory()
