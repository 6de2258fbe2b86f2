#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks which folder includes what, and what a folder is: check_layers.py SOURCE_ROOT.

Fails if a folder includes a header of a folder above it, if a library's header is included outside the files that may use
that library, if a source lies outside the namespace of its folder, or if a folder holds more than MOST_SOURCES sources.
"""
import pathlib
import re
import sys

# Each folder may include those before it.
ORDER = ["util", "format", "qapi", "guest", "linux", "target-i386", "dump", "vmcore", "api", "view", "qmp", "attach", "vm", "monitor",
         "tools"]
# Folders that may not see one that stands before them, beyond what ORDER says.
NEVER = {
    "guest": {"qapi"},
    "linux": {"qapi"},
    "target-i386": {"qapi", "linux"},
    "view": {"target-i386", "dump", "vmcore", "api"},  # it knows a guest by its values
    "attach": {"view"},
    "vm": {"qmp", "attach", "view"},
    "monitor": {"qmp", "attach"},
    "tools/guestdump": {"vm", "monitor"},  # it reads files and talks to machines; it has none of its own
}
# The folder's name where a namespace cannot have it. (gcc's gnu++ modes define `linux` as a macro.)
NAMESPACE = {"target-i386": "target_i386", "linux": "linux_guest"}
MOST_SOURCES = 40
JSON_C = {"qapi", "qmp", "monitor"}
INCLUDE = re.compile(r'#include ["<]([^">]+)[">]')
# A namespace with more in it than names of classes that are defined elsewhere.
NAMESPACE_LINE = re.compile(r"^namespace ([\w:]+) \{\n(?!(?:(?:class|struct) \w+;\n)+\})", re.MULTILINE)
# Libraries that few files may use.
DOORS = {
    "linux/kvm.h": {"vm/kvm/kvm_accel.cc", "vm/kvm/kvm_cpuid.cc", "vm/kvm/kvm_registers.cc", "vm/kvm/kvm_vcpu.cc"},
    "bzlib.h": {"vmcore/unpack/bzip2_unpacker.cc"},
    "histedit.h": {"tools/guestdump-vm/line_editor.cc"},
    "isa-l.h": {"dump/compress/isal_compressor.cc"},
    "libdeflate.h": {"dump/compress/libdeflate_compressor.cc", "vmcore/expand/libdeflate_expander.cc"},
    "libvirt/libvirt-qemu.h": {"attach/libvirt_domain.cc", "attach/libvirt_events.cc"},
    "libvirt/libvirt.h": {"attach/libvirt_domain.cc", "attach/libvirt_events.cc", "attach/libvirt_events.h"},
    "libvirt/virterror.h": {"attach/libvirt_domain.cc", "attach/libvirt_events.cc"},
    "lzma.h": {"vmcore/unpack/xz_unpacker.cc"},
    "lzo/lzo1x.h": {"dump/compress/lzo_compressor.cc", "vmcore/expand/lzo_expander.cc", "vmcore/unpack/lzop_unpacker.cc"},
    "seccomp.h": {"util/sandbox.cc"},
    "snappy-c.h": {"dump/compress/snappy_compressor.cc", "vmcore/expand/snappy_expander.cc"},
    "zlib.h": {"dump/compress/zlib_compressor.cc", "util/crc32.cc", "vmcore/expand/zlib_expander.cc",
               "vmcore/unpack/gzip_unpacker.cc"},
    "zstd.h": {"dump/compress/zstd_compressor.cc", "vmcore/expand/zstd_expander.cc", "vmcore/unpack/zstd_unpacker.cc"},
}


def folder_of(path):
    """The top-level folder of @path, if it is one of ours."""
    top = path.split("/")[0]
    return top if top in ORDER else None


def may_not_see(name, other):
    """Why the file @name may not include a header of the folder @other, or None."""
    own = folder_of(name)
    if ORDER.index(other) > ORDER.index(own):
        return "%s is below %s" % (own, other)
    for folder, hidden in NEVER.items():
        if name.startswith(folder + "/") and other in hidden:
            return "%s may not see %s" % (folder, other)
    return None


def include_faults(name, text):
    own = folder_of(name)
    for header in INCLUDE.findall(text):
        other = folder_of(header) if '"%s"' % header in text else None
        why = may_not_see(name, other) if other else None
        if why:
            yield "%s includes %s: %s" % (name, header, why)
        if own in {"dump", "vmcore", "api", "view"} and other == "qapi" and header != "qapi/types.h":
            yield "%s includes %s: %s may see qapi/types.h only" % (name, header, own)
        if header.startswith("json-c/") and own not in JSON_C:
            yield "%s includes %s: json-c stays in %s" % (name, header, sorted(JSON_C))
        if header in DOORS and name not in DOORS[header]:
            yield "%s includes %s: only %s may" % (name, header, sorted(DOORS[header]))


def namespace_faults(name, text):
    own = folder_of(name)
    wanted = "guestdump::" + NAMESPACE.get(own, own)
    for found in NAMESPACE_LINE.findall(text):
        if found not in {wanted, "guestdump"} and not found.startswith(wanted + "::"):
            yield "%s is in namespace %s: the folder's is %s" % (name, found, wanted)


def crowd_faults(root):
    for folder in sorted({file.parent for file in root.rglob("*") if file.is_file()}):
        name = str(folder.relative_to(root))
        if name.split("/")[0] not in set(ORDER) | {"tests", "scripts"}:
            continue
        count = sum(file.suffix in {".h", ".cc", ".c", ".S", ".py", ".sh"} for file in folder.iterdir())
        if count > MOST_SOURCES:
            yield "%s holds %d sources, more than %d" % (name, count, MOST_SOURCES)


def faults(root):
    for folder in ORDER:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in {".h", ".cc"}:
                name, text = str(file.relative_to(root)), file.read_text()
                yield from include_faults(name, text)
                yield from namespace_faults(name, text)
    yield from crowd_faults(root)
    for file in sorted((root / "linux").glob("*.h")):
        if pathlib.Path("/usr/include/linux", file.name).exists():
            yield "%s hides the system's <linux/%s>" % (file.relative_to(root), file.name)


if __name__ == "__main__":
    found = list(faults(pathlib.Path(sys.argv[1])))
    print("\n".join(found) if found else "layers hold")
    sys.exit(bool(found))
