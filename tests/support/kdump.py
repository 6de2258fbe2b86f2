# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads kdump-compressed files, raw and flattened, by the offsets in docs/formats.md.

Of the compressed pages, it decompresses only those of zlib. Shares no code with the project's own readers and writers.
"""
import mmap
import os
import struct
import zlib


class Flattened:
    """A flattened file. Finds its records at the start, and can then be read like the file that they carry."""

    def __init__(self, data):
        self.data, self.records = data, []
        at = 4096
        while True:
            offset, size = struct.unpack_from(">qq", data, at)
            at += 16
            if offset == -1 and size == -1:
                break
            assert offset >= 0 and size > 0, "record of %d bytes at %d" % (size, offset)
            self.records.append((offset, size, at))
            at += size
        assert at == len(data), "%d bytes behind the end record" % (len(data) - at)
        self.records.sort()

    def __getitem__(self, part):
        out = b""
        import bisect
        index = bisect.bisect_right(self.records, (part.start, 1 << 63, 0)) - 1
        while part.start + len(out) < part.stop:
            offset, size, at = self.records[index] if index < len(self.records) else (part.stop, 0, 0)
            skip = part.start + len(out) - offset
            if skip < 0:  # a gap, which is zero
                out += bytes(min(offset, part.stop) - part.start - len(out))
                continue
            if skip >= size:
                index += 1
                continue
            out += self.data[at + skip:at + min(size, part.stop - offset)]
            index += 1
        return out


class Kdump:
    """A file of version 6 with 64-bit headers and pages of 4096 bytes."""

    def __init__(self, path):
        with open(path, "rb") as file:
            data = mmap.mmap(file.fileno(), os.fstat(file.fileno()).st_size, prot=mmap.PROT_READ)
        self.flattened = data[:12] == b"makedumpfile"
        self.data = Flattened(data) if self.flattened else data
        header, sub = self.data[0:464], self.data[4096:4200]
        assert header[:8] == b"KDUMP   ", "not a kdump file"
        self.main = dict(zip(("version",), struct.unpack_from("<i", header, 8)))
        names = ("sysname", "nodename", "release", "machine_version", "machine", "domainname")
        self.utsname = {name: header[12 + 65 * i:77 + 65 * i].split(b"\0")[0].decode() for i, name in enumerate(names)}
        fields = ("status", "block_size", "sub_hdr_size", "bitmap_blocks", "max_mapnr", "total_ram_blocks", "device_blocks",
                  "written_blocks", "current_cpu", "nr_cpus")
        self.main.update(zip(fields, struct.unpack_from("<10I", header, 424)))
        fields = ("phys_base", "dump_level", "split", "start_pfn", "end_pfn", "offset_vmcoreinfo", "size_vmcoreinfo",
                  "offset_note", "size_note", "offset_eraseinfo", "size_eraseinfo", "start_pfn_64", "end_pfn_64", "max_mapnr_64")
        self.sub = dict(zip(fields, struct.unpack("<qii11Q", sub)))
        start = 4096 * (1 + self.main["sub_hdr_size"])
        half = 4096 * self.main["bitmap_blocks"] // 2
        self.bitmaps = [bytes(self.data[start:start + half]), bytes(self.data[start + half:start + 2 * half])]
        self.pfns = [8 * at + bit for at, byte in enumerate(self.bitmaps[1]) if byte for bit in range(8) if byte >> bit & 1]
        descriptors = self.data[start + 2 * half:start + 2 * half + 24 * len(self.pfns)]
        self.stored = {pfn: place for pfn, place in zip(self.pfns, struct.iter_unpack("<qIIQ", descriptors))}

    def notes(self):
        return bytes(self.data[self.sub["offset_note"]:self.sub["offset_note"] + self.sub["size_note"]])

    def vmcoreinfo(self):
        at = self.sub["offset_vmcoreinfo"]
        text = bytes(self.data[at:at + self.sub["size_vmcoreinfo"]]).decode()
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def page(self, pfn):
        offset, size, flags, _ = self.stored[pfn]
        stored = bytes(self.data[offset:offset + size])
        page = {0: bytes, 1: zlib.decompress}[flags](stored)
        assert len(page) == 4096, "page 0x%x has %d bytes" % (pfn, len(page))
        return page
