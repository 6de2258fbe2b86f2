#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Fails when a folder includes a header of a folder above it: check_layers.py SOURCE_ROOT."""
import pathlib
import re
import sys

ORDER = ["util", "dump/format", "qapi", "dump", "target-i386", "vmcore", "vm", "monitor", "tools"]
JSON_C = {"qapi", "monitor"}
INCLUDE = re.compile(r'#include ["<]([^">]+)[">]')
# Headers of dump that the machine's side may see: the port, not the machinery behind it.
PORT = {"dump/address.h", "dump/file_runs.h", "dump/guest.h", "dump/memory_map.h", "dump/note_builder.h", "dump/ram_region.h", "dump/walked_tables.h"}
# Libraries that live behind one door each.
DOORS = {
    "linux/kvm.h": {"vm/kvm_accel.cc", "vm/kvm_cpuid.cc", "vm/kvm_registers.cc", "vm/kvm_vcpu.cc"},
    "histedit.h": {"tools/line_editor.cc"},
    "isa-l.h": {"dump/isal_compressor.cc"},
    "libdeflate.h": {"dump/libdeflate_compressor.cc", "vmcore/libdeflate_expander.cc"},
    "lzo/lzo1x.h": {"dump/lzo_compressor.cc", "vmcore/lzo_expander.cc"},
    "seccomp.h": {"util/sandbox.cc"},
    "snappy-c.h": {"dump/snappy_compressor.cc", "vmcore/snappy_expander.cc"},
    "zlib.h": {"dump/zlib_compressor.cc", "util/crc32.cc", "vmcore/zlib_expander.cc"},
    "zstd.h": {"dump/zstd_compressor.cc", "vmcore/zstd_expander.cc"},
}


def folder_of(path):
    """The longest entry of ORDER that @path lies in."""
    found = [entry for entry in ORDER if path.startswith(entry + "/")]
    return max(found, key=len) if found else None


def faults(root):
    for folder in {entry.split("/")[0] for entry in ORDER}:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in {".h", ".cc"}:
                continue
            name = str(file.relative_to(root))
            own = folder_of(name)
            for header in INCLUDE.findall(file.read_text()):
                other = folder_of(header)
                if other and ORDER.index(other) > ORDER.index(own):
                    yield f"{name} includes {header}: {own} may not see {other}"
                if own in {"target-i386", "vm"} and other == "dump" and header not in PORT:
                    yield f"{name} includes {header}: only the port of dump is for {own}"
                if own == "dump" and other == "qapi" and header != "qapi/types.h":
                    yield f"{name} includes {header}: dump sees qapi/types.h only"
                if header.startswith("json-c/") and own not in JSON_C:
                    yield f"{name} includes {header}: json-c stays in {sorted(JSON_C)}"
                if header in DOORS and name not in DOORS[header]:
                    yield f"{name} includes {header}: only {sorted(DOORS[header])} may"


found = list(faults(pathlib.Path(sys.argv[1])))
print("\n".join(found) if found else "layers hold")
sys.exit(bool(found))
