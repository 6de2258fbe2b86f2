#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists the notes of a vmcore and the bytes of a page: read_vmcore.py FILE [ADDRESS]"""
import ctypes
import sys

lib = ctypes.CDLL("libguestdump.so.1")


def declare(name, result, *arguments):
    function = getattr(lib, "guestdump_" + name)
    function.restype, function.argtypes = result, arguments
    return function


text, pointer, size = ctypes.c_char_p, ctypes.c_void_p, ctypes.c_size_t
error_message = declare("error_message", text, pointer)
error_free = declare("error_free", None, pointer)
vmcore_open = declare("vmcore_open", pointer, text, pointer)
vmcore_free = declare("vmcore_free", None, pointer)
vmcore_format = declare("vmcore_format", text, pointer)
architecture = declare("vmcore_architecture", text, pointer)
page_size = declare("vmcore_page_size", ctypes.c_uint32, pointer)
notes = declare("vmcore_notes", size, pointer)
note_name = declare("vmcore_note_name", text, pointer, size)
note_type = declare("vmcore_note_type", ctypes.c_uint32, pointer, size)
note_data = declare("vmcore_note_data", pointer, pointer, size, pointer)
vmcore_read = declare("vmcore_read", ctypes.c_int, pointer, ctypes.c_uint64, pointer, size, pointer)


def check(succeeded, error):
    if not succeeded:
        message = error_message(error).decode(errors="replace")
        error_free(error)
        sys.exit("read_vmcore: " + message)


def main(path, address):
    error = pointer()
    vmcore = vmcore_open(path.encode(errors="surrogateescape"), ctypes.byref(error))
    check(vmcore, error)
    print(vmcore_format(vmcore).decode(), architecture(vmcore).decode())
    for index in range(notes(vmcore)):
        length = size()
        note_data(vmcore, index, ctypes.byref(length))
        print("note", note_name(vmcore, index).decode(errors="replace"), note_type(vmcore, index), length.value)
    page = ctypes.create_string_buffer(page_size(vmcore))
    check(vmcore_read(vmcore, address, page, len(page), ctypes.byref(error)) == 0, error)
    for at in range(0, len(page), 32):
        print("%#x: %s" % (address + at, page.raw[at:at + 32].hex()))
    vmcore_free(vmcore)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2], 0) if len(sys.argv) > 2 else 0)
