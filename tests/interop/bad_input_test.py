#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Input that must be refused: with a clear message, at once, and without leaving anything behind."""
import os
import resource
import signal
import socket
import struct
import subprocess

from lab import Skip, case, check, check_equal, linux_guest, program, run_cases, sanitized
from qmp import Qmp, QmpError
from vmcore import Elf

PATIENCE = 20  # limit for a refusal, seconds


def refusal(lab, *options, limits=None):
    """The error with which guestdump-vm refuses to start: one line on stderr, exit status 1."""
    done = subprocess.run([program("guestdump-vm"), *options], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", timeout=PATIENCE, cwd=lab.folder, preexec_fn=limits)
    said = done.stderr.rstrip("\n")
    check_equal(done.returncode, 1, "exit status with %s (it said %r)" % (options, said))
    check(said and "\n" not in said, "with %s it said %r", options, said)
    check_equal(done.stdout, "", "stdout with %s" % (options,))
    return said


def names(said, *words):
    for word in words:
        check(word in said, "%r does not name %r", said, word)


@case
def a_bad_option_is_one_line_that_names_it(lab):
    for options, word in [
            (["-frobnicate"], "frobnicate"), (["-m"], "-m"), (["-m", "abc"], "abc"), (["-m", "-5"], "-5"), (["-m", "1X"], "1X"),
            (["-m", "0"], "0"), (["-smp", "0"], "0"), (["-smp", "256"], "256"), (["-smp", "two"], "two"),
            (["-machine", "toaster"], "toaster"), (["-accel", "warp"], "warp"), (["-vga", "cirrus9"], "cirrus9"),
            (["-machine", "pc,memory-backend=none-such"], "none-such"), (["stray"], "stray"),
            (["-qmp", "carrier-pigeon:x"], "carrier-pigeon"), (["-mon", "chardev=none-such,mode=control"], "none-such"),
            (["-chardev", "socket,id=a"], "path"), (["-bios", "/no/such/bios"], "/no/such/bios")]:
        names(refusal(lab, "-S", *options), word)


@case
def a_bad_object_or_device_is_one_line_that_names_it(lab):
    for options, word in [
            (["-object", "memory-backend-cloud,id=m,size=1M"], "memory-backend-cloud"),
            (["-object", "memory-backend-ram,size=1M"], "id"), (["-object", "memory-backend-ram,id=m"], "size"),
            (["-object", "memory-backend-ram,id=m,size=much"], "much"),
            (["-object", "memory-backend-file,id=m,size=1M"], "mem-path"),
            (["-object", "memory-backend-file,id=m,size=16M,mem-path=/no/such/folder/ram", "-machine",
              "q35,memory-backend=m"], "/no/such/folder/ram"),
            (["-object", "memory-backend-ram,id=m,size=1M,share=maybe"], "share"),
            (["-object", "memory-backend-ram,id=m,size=1M", "-object", "memory-backend-ram,id=m,size=1M"], "m"),
            (["-device", "flux-capacitor"], "flux-capacitor"),
            (["-device", "loader,file=/no/such/file,addr=0"], "/no/such/file"),
            (["-device", "loader,addr=0"], "file")]:
        names(refusal(lab, "-S", "-m", "16M", *options), word)


@case
def absurd_sizes_are_refused_before_memory_is_asked_for(lab):
    for size in ("99999999999T", "18446744073709551615", "16777216T"):
        said = refusal(lab, "-S", "-m", size)
        check(size in said or "memory" in said, "of -m %s it said %r", size, said)


@case
def memory_that_the_system_has_not_is_refused_in_its_words(lab):
    if sanitized():
        raise Skip("a sanitizer needs terabytes of addresses")
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))  # noqa: E731
    names(refusal(lab, "-S", "-m", "4G", limits=limit), "Cannot allocate memory")


@case
def a_loader_beyond_memory_is_refused(lab):
    with open(lab.path("blob"), "wb") as out:
        out.write(b"\x90" * 8192)
    for address in ("0xfff000", "0x1000000", "0xffffffffffffffff"):
        names(refusal(lab, "-S", "-m", "16M", "-device", "loader,file=blob,addr=" + address), "%s" % address)


@case
def a_file_that_is_no_vmcore_is_named(lab):
    with open(lab.path("empty"), "wb"):
        pass
    with open(lab.path("text"), "w") as out:
        out.write("not a vmcore\n" * 1000)
    for name in ("absent", "empty", "text", "/", "/dev/null", program("guestdump-vm")):
        names(refusal(lab, "-restore", name), name)


@case
def a_vmcore_cut_off_anywhere_is_refused(lab):
    whole = os.path.join(linux_guest(), "ref.elf")
    with open(whole, "rb") as file:
        head = file.read(65536)
    size = os.stat(whole).st_size
    cut = lab.path("cut")
    for length in (3, 4, 16, 63, 64, 100, 191, 192, 300, 360, 1000, 4000, len(head)):
        with open(cut, "wb") as out:
            out.write(head[:length])
        names(refusal(lab, "-restore", cut), cut)
    # A file that lacks only the last byte of memory; what is not written here is a hole.
    with open(cut, "wb") as out:
        out.write(head)
        out.truncate(max(load.offset + load.filesz for load in Elf(whole).loads) - 1)
    check(os.stat(cut).st_size < size, "the cut file is not shorter")
    names(refusal(lab, "-restore", cut), cut)


def small_vmcore(loads, notes, **header):
    """An ELF64 x86-64 core by literal offsets: @loads are (paddr, offset, filesz, memsz), @notes the payload's bytes."""
    phnum = header.get("phnum", len(loads) + 1)
    data = bytearray(b"\x7fELF\x02\x01\x01" + b"\0" * 9)
    data += struct.pack("<HHIQQQIHHHHHH", 4, 62, 1, 0, header.get("phoff", 64), 0, 0, 64, header.get("phentsize", 56), phnum, 0, 0, 0)
    notes_at = header.get("notes_at", 64 + 56 * (len(loads) + 1))
    data += struct.pack("<IIQQQQQQ", 4, 0, notes_at, 0, 0, header.get("notes_size", len(notes)), 0, 0)
    for paddr, offset, filesz, memsz in loads:
        data += struct.pack("<IIQQQQQQ", 1, 0, offset, paddr, paddr, filesz, memsz, 0)
    data += notes
    return bytes(data).ljust(header.get("size", 8192), b"\0")


def note(name, kind, descriptor, namesz=None, descsz=None):
    head = struct.pack("<III", len(name) + 1 if namesz is None else namesz, len(descriptor) if descsz is None else descsz, kind)
    pad = lambda data: data + b"\0" * (-len(data) % 4)  # noqa: E731
    return head + pad(name + b"\0") + pad(descriptor)


STATE = struct.pack("<II", 1, 440).ljust(440, b"\0")
GOOD_NOTES = note(b"CORE", 1, b"\0" * 336) + note(b"QEMU", 0, STATE)


@case
def the_vmcore_that_the_hostile_ones_are_made_from_is_fine(lab):
    with open(lab.path("good"), "wb") as out:
        out.write(small_vmcore([(0, 4096, 4096, 4096)], GOOD_NOTES))
    machine = lab.vm("-restore", lab.path("good"))
    machine.dump(lab.path("vmcore"))
    check_equal(Elf(lab.path("vmcore")).ranges(), [(0, 4096)], "ranges")


@case
def a_hostile_vmcore_is_refused(lab):
    top = (1 << 64) - 1
    load = (0, 4096, 4096, 4096)
    for what, data in {
            "program headers beyond the file": small_vmcore([load], GOOD_NOTES, phnum=60000),
            "program headers at the end of the address space": small_vmcore([load], GOOD_NOTES, phoff=top - 8),
            "program headers of no size": small_vmcore([load], GOOD_NOTES, phentsize=0),
            "a count in a section header that is not there": small_vmcore([load], GOOD_NOTES, phnum=0xffff),
            "memory beyond the file": small_vmcore([(0, 4096, 1 << 40, 1 << 40)], GOOD_NOTES),
            "memory whose file offset wraps": small_vmcore([(0, top - 100, 4096, 4096)], GOOD_NOTES),
            "memory whose address wraps": small_vmcore([(top - 100, 4096, 4096, 4096)], GOOD_NOTES),
            "notes beyond the file": small_vmcore([load], GOOD_NOTES, notes_size=1 << 33),
            "notes at the end of the address space": small_vmcore([load], GOOD_NOTES, notes_at=top - 4),
            "a big-endian machine": b"\x7fELF\x02\x02" + small_vmcore([load], GOOD_NOTES)[6:],
    }.items():
        path = lab.path(what)
        with open(path, "wb") as out:
            out.write(data)
        names(refusal(lab, "-restore", path), path)


@case
def a_cpu_state_that_cannot_be_read_costs_the_registers_and_not_the_memory(lab):
    for what, notes in {"no size": note(b"QEMU", 0, b""),
                        "an unknown version": note(b"QEMU", 0, struct.pack("<II", 99, 440).ljust(440, b"\0"))}.items():
        path = lab.path(what)
        with open(path, "wb") as out:
            out.write(small_vmcore([(0, 4096, 4096, 4096)], notes))
        machine = lab.vm("-restore", path)
        check(machine.qmp("read-guest-memory", begin=0, length=16)["data"], "%s: no memory", what)


@case
def damaged_notes_do_not_keep_anyone_from_the_memory(lab):
    for what, notes in {"a name beyond the notes": note(b"QEMU", 0, STATE, namesz=0xffffffff),
                        "a descriptor beyond the notes": note(b"QEMU", 0, STATE, descsz=0xfffffff0)}.items():
        damaged, again = lab.path("damaged"), lab.path("again")
        with open(damaged, "wb") as out:
            out.write(small_vmcore([(0, 4096, 4096, 4096)], note(b"QEMU", 0, STATE) + notes))
        machine = lab.vm("-restore", damaged)
        machine.dump(again)
        check_equal(Elf(again).read(0, 4096), Elf(damaged).read(0, 4096), "memory with " + what)
        check(damaged in machine.said(), "with %s it warned only of %r", what, machine.said())
        machine.kill()


@case
def a_socket_path_that_is_too_long_is_refused(lab):
    path = lab.path("s" * 200)
    names(refusal(lab, "-S", "-m", "16M", "-qmp", "unix:%s,server=on,wait=off" % path), "s" * 200)


@case
def a_socket_path_in_a_folder_that_is_not_there_is_refused(lab):
    names(refusal(lab, "-S", "-m", "16M", "-qmp", "unix:/no/such/folder/qmp,server=on,wait=off"), "/no/such/folder/qmp")


@case
def a_second_server_on_the_same_path_is_refused_and_the_first_goes_on(lab):
    first = lab.vm("-S", "-m", "16M")
    check_equal(first.qmp("query-status")["status"], "prelaunch", "status")
    names(refusal(lab, "-S", "-m", "16M", "-qmp", "unix:%s,server=on,wait=off" % first.socket_path), first.socket_path)
    check_equal(first.qmp("query-status")["status"], "prelaunch", "status of the first")
    first.qmp.sock.close()
    with Qmp(first.socket_path) as again:
        check_equal(again("query-status")["status"], "prelaunch", "status to a new client")


@case
def a_path_where_something_else_lies_is_not_taken_over(lab):
    precious = lab.path("precious")
    with open(precious, "w") as out:
        out.write("precious")
    names(refusal(lab, "-S", "-m", "16M", "-qmp", "unix:%s,server=on,wait=off" % precious), precious)
    with open(precious) as file:
        check_equal(file.read(), "precious", "the file")


@case
def a_socket_that_a_killed_server_left_is_taken_over(lab):
    first = lab.vm("-S", "-m", "16M")
    first.qmp("query-status")
    first.kill()
    check(os.path.exists(first.socket_path), "a killed server left no socket")
    second = lab.start(program("guestdump-vm"), "-S", "-m", "16M", "-qmp", "unix:%s,server=on,wait=off" % first.socket_path)
    with Qmp(first.socket_path) as session:
        check_equal(session("query-status")["status"], "prelaunch", "status")
        session("quit")
    check_equal(second.wait(PATIENCE), 0, "exit status")


def refused(machine, desc, command="dump-guest-memory", **arguments):
    try:
        machine.qmp(command, **arguments)
    except QmpError as error:
        check_equal((error.klass, error.desc), ("GenericError", desc), "%s %s" % (command, arguments))
        return
    raise AssertionError("%s %s was not refused" % (command, arguments))


@case
def bad_arguments_are_refused_in_qemus_words_before_the_target_is_touched(lab):
    machine, target = lab.vm("-S", "-m", "16M"), lab.path("target")
    protocol = "file:" + target
    top = (1 << 64) - 1
    for desc, arguments in [
            ("Parameter 'protocol' is missing", {"paging": False}),
            ("Parameter 'paging' is missing", {"protocol": protocol}),
            ("Parameter 'format' does not accept value 'quux'", {"paging": False, "protocol": protocol, "format": "quux"}),
            ("Parameter 'length' is missing", {"paging": False, "protocol": protocol, "begin": 0}),
            ("Parameter 'begin' is missing", {"paging": False, "protocol": protocol, "length": 1}),
            ("parameter 'length' expects a non-zero size", {"paging": False, "protocol": protocol, "begin": 0, "length": 0}),
            ("dump: no guest memory to dump", {"paging": False, "protocol": protocol, "begin": 1 << 40, "length": 4096}),
            ("parameter 'protocol' must start with 'file:' or 'fd:'", {"paging": False, "protocol": target}),
            ("File descriptor named 'ghost' has not been found", {"paging": False, "protocol": "fd:ghost"})]:
        refused(machine, desc, **arguments)
    for arguments in ({"begin": top, "length": 2}, {"begin": -1, "length": 1}, {"begin": 0, "length": -5}):
        try:
            machine.qmp("dump-guest-memory", paging=False, protocol=protocol, **arguments)
            raise AssertionError("%s was not refused" % arguments)
        except QmpError:
            pass
    check(not os.path.exists(target), "the target was touched")
    machine.dump(target)
    machine.quit()


@case
def a_closed_descriptor_is_gone(lab):
    machine = lab.vm("-S", "-m", "16M")
    with open(lab.path("target"), "wb") as target:
        machine.qmp("getfd", fds=[target.fileno()], fdname="target")
    machine.qmp("closefd", fdname="target")
    refused(machine, "File descriptor named 'target' has not been found", paging=False, protocol="fd:target")
    refused(machine, "File descriptor named 'target' not found", command="closefd", fdname="target")
    refused(machine, "No file descriptor supplied via SCM_RIGHTS", command="getfd", fdname="none")


def survives_failure(machine, lab, protocol, *words):
    """Checks that a dump to @protocol fails with @words and that the next one succeeds."""
    try:
        machine.qmp("dump-guest-memory", paging=False, protocol=protocol)
        raise AssertionError("the dump to %s succeeded" % protocol)
    except QmpError as error:
        names(error.desc, *words)
    machine.dump(lab.path("next"))
    Elf(lab.path("next"))
    os.unlink(lab.path("next"))


@case
def a_target_that_cannot_be_opened_is_named_with_the_reason(lab):
    machine = lab.vm("-S", "-m", "16M")
    survives_failure(machine, lab, "file:/no/such/folder/vmcore", "/no/such/folder/vmcore", "No such file or directory")
    survives_failure(machine, lab, "file:" + str(lab.folder), str(lab.folder), "directory")
    survives_failure(machine, lab, "file:/proc/version", "/proc/version")


@case
def a_full_target_fails_with_the_reason_and_the_machine_goes_on(lab):
    machine = lab.vm("-S", "-m", "16M")
    survives_failure(machine, lab, "file:/dev/full", "No space left on device")
    with open("/dev/full", "wb", buffering=0) as full:
        machine.qmp("getfd", fds=[full.fileno()], fdname="full")
        survives_failure(machine, lab, "fd:full", "No space left on device")


@case
def a_target_that_fills_up_half_way_leaves_nothing_under_its_name(lab):
    """A limit on file sizes replaces a full disk, because setting it needs no privilege."""
    with open(lab.path("noise"), "wb") as out:
        out.write(os.urandom(8 << 20))
    machine = lab.vm("-S", "-m", "16M", "-device", "loader,file=%s,addr=0" % lab.path("noise"))
    check(machine.qmp("query-status"), "no status")
    resource.prlimit(machine.process.pid, resource.RLIMIT_FSIZE, (1 << 20, resource.RLIM_INFINITY))
    before = sorted(os.listdir(lab.folder))
    try:
        machine.dump(lab.path("vmcore"))
        raise AssertionError("the dump succeeded")
    except QmpError as error:
        names(error.desc, "File too large")
    check_equal(sorted(os.listdir(lab.folder)), before, "files")
    resource.prlimit(machine.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    machine.dump(lab.path("vmcore"))
    machine.quit()


@case
def a_pipe_that_nobody_reads_any_more_fails_without_a_signal(lab):
    machine = lab.vm("-S", "-m", "16M")
    reader, writer = os.pipe()
    os.close(reader)
    machine.qmp("getfd", fds=[writer], fdname="pipe")
    os.close(writer)
    survives_failure(machine, lab, "fd:pipe", "Broken pipe")


@case
def descriptors_do_not_leak_from_failing_dumps(lab):
    machine = lab.vm("-S", "-m", "16M")
    folder = "/proc/%d/fd" % machine.process.pid
    check(machine.qmp("query-status"), "no status")
    before = len(os.listdir(folder))
    for _ in range(20):
        survives_failure(machine, lab, "file:/dev/full", "No space left")
        with open("/dev/full", "wb", buffering=0) as full:
            machine.qmp("getfd", fds=[full.fileno()], fdname="full")
        survives_failure(machine, lab, "fd:full", "No space left")
    check_equal(len(os.listdir(folder)), before, "open descriptors")


@case
def a_client_that_hangs_up_in_the_middle_is_no_harm(lab):
    machine = lab.vm("-S", "-m", "16M")
    for data in (b"", b"{", b'{"execute": "qmp_capabilities"}\n{"execute": "quer', b"\xff" * 1000, b"[" * 100000):
        stream = socket.socket(socket.AF_UNIX)
        check(os.path.exists(machine.socket_path) or machine.qmp, "no socket")
        if machine._qmp:
            machine._qmp.sock.close()
            machine._qmp = None
        stream.settimeout(PATIENCE)
        stream.connect(machine.socket_path)
        stream.sendall(data)
        stream.close()
    check_equal(machine.qmp("query-status")["status"], "prelaunch", "status")


@case
def sigterm_ends_the_machine_and_takes_its_socket_and_pid_file_away(lab):
    pid_file = lab.path("pid")
    machine = lab.vm("-S", "-m", "16M", "-pidfile", pid_file)
    check(machine.qmp("query-status"), "no status")
    with open(pid_file) as file:
        check_equal(int(file.read()), machine.process.pid, "the number in the pid file")
    machine.process.send_signal(signal.SIGTERM)
    check_equal(machine.process.wait(PATIENCE), 0, "exit status")
    check(not os.path.exists(pid_file), "the pid file is still there")
    check(not os.path.exists(machine.socket_path), "the socket is still there")


run_cases()
