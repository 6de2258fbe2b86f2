/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>

/// Dumps of virtual machines, and reading of vmcores, in plain C. docs/embedding.md is an
/// introduction, and examples/ has programs.
///
/// Objects: opaque, made by a function ..._new() or ..._open() and freed by ..._free(), which
/// accepts NULL. Strings and bytes that a function returns belong to the object that it was called
/// with. Sizes and addresses are bytes. Flags of type int are 0 or 1.
///
/// Errors: functions that can fail return 0 or an object if they succeed, and -1 or NULL if not.
/// They set *@error then, unless @error is NULL; the caller frees it. Nothing is changed by a
/// function that fails, unless its comment says so.
///
/// Threads: different objects are independent. An object is used by one thread at a time, except
/// that any thread may call guestdump_dump_cancel(), and that several threads may call functions
/// that take a const object. The library starts threads for the time of a dump, with all signals
/// blocked.
///
/// The library never exits, prints, or changes signal handlers, the environment or the allocator of
/// the process. If malloc() fails for a small object, or an invariant of the library is broken, the
/// process is ended by abort(). Memory for page contents, and tables whose size a guest or a file
/// decides, may fail to be allocated: that is an error.
///
/// Compatibility: no function is removed or changes its meaning, and no structure changes its size,
/// as long as the library is called libguestdump.so.1.

#ifdef __cplusplus
extern "C" {
#endif

/// Version of the library that the program runs with: "1.0.0".
const char* guestdump_version(void);

// --- Errors ---

typedef struct guestdump_error guestdump_error;

/// One line for a person: lower case, without a full stop. Never NULL.
const char* guestdump_error_message(const guestdump_error* error);

/// The errno that was the cause; ECANCELED if the dump was cancelled; 0 for other errors.
int guestdump_error_errno(const guestdump_error* error);

void guestdump_error_free(guestdump_error* error);

// --- Registers ---

/// A segment register with its hidden part.
typedef struct guestdump_segment {
    uint64_t base;
    uint32_t limit;  ///< bytes minus one, granularity already applied
    /// The high word of the descriptor: type << 8, S << 12, DPL << 13, P << 15, AVL << 20, L << 21,
    /// D/B << 22, G << 23.
    uint32_t flags;
    uint16_t selector;
    uint16_t reserved[3];  ///< zero
} guestdump_segment;

/// GDTR or IDTR.
typedef struct guestdump_table {
    uint64_t base;
    uint32_t limit;
    uint32_t reserved;  ///< zero
} guestdump_table;

/// The registers of one x86 vCPU that a dump contains. The size stays 1024 bytes; later versions
/// may give reserved members a name.
typedef struct guestdump_x86_registers {
    uint64_t rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp;
    uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    uint64_t rip, rflags;
    guestdump_segment cs, ds, es, fs, gs, ss, ldt, tr;
    guestdump_table gdt, idt;
    uint64_t cr0, cr2, cr3, cr4;
    uint64_t efer;
    uint64_t kernel_gs_base;  ///< 0 in registers that were read from an NT_PRSTATUS
    uint64_t reserved[76];    ///< zero
} guestdump_x86_registers;

// --- A guest to dump ---

/// A stopped or running x86 guest, described by its memory and by functions of the program. They
/// are called with the pointer @opaque that they were set with.
typedef struct guestdump_guest guestdump_guest;

/// Stops every vCPU. Returns 0, or an errno.
typedef int guestdump_pause(void* opaque);
/// Called once for each guestdump_pause(), also if that failed. vCPUs that ran before continue.
typedef void guestdump_resume(void* opaque);

/// Stores the registers of vCPU number @index. All members of *@registers are 0 before. Returns 0,
/// or an errno.
typedef int guestdump_get_registers(void* opaque, uint32_t index,
                                    guestdump_x86_registers* registers);

/// Copies the @size bytes at @offset of the memory to @buffer. Called by several threads at once.
/// Returns 0, or an errno.
typedef int guestdump_read_memory(void* opaque, uint64_t offset, void* buffer, size_t size);

/// Flags of guestdump_guest_add_memory().
enum guestdump_memory_flags {
    /// The memory was mapped with MAP_PRIVATE | MAP_ANONYMOUS. Pages that were never touched are
    /// zero and are not read, so that they are not allocated either.
    GUESTDUMP_MEMORY_ANONYMOUS = 1,
};

/// A guest without memory and without vCPUs.
guestdump_guest* guestdump_guest_new(void);

/// Must not be called while the guest is dumped.
void guestdump_guest_free(guestdump_guest* guest);

/// Adds RAM or ROM: @size bytes at guest-physical address @gpa, which are mapped into this process
/// from @host on, and stay mapped until the guest is freed. @flags: of guestdump_memory_flags.
///
/// Errors: the range is empty, ends above 2^52, or overlaps another one; an unknown flag.
int guestdump_guest_add_memory(guestdump_guest* guest, uint64_t gpa, const void* host,
                               uint64_t size, unsigned flags, guestdump_error** error);

/// As guestdump_guest_add_memory(), for memory that only @read provides.
int guestdump_guest_add_memory_reader(guestdump_guest* guest, uint64_t gpa, uint64_t size,
                                      guestdump_read_memory* read, void* opaque,
                                      guestdump_error** error);

/// How to stop the guest for a dump and let it continue. Without it, the guest must be stopped
/// while it is dumped. Called by the thread that dumps.
void guestdump_guest_set_pause(guestdump_guest* guest, guestdump_pause* pause,
                               guestdump_resume* resume, void* opaque);

/// The guest has @count vCPUs, whose registers @get stores. It is called for each of them once the
/// guest is stopped, by the thread that dumps.
///
/// Errors: @count is not 1 to 4096.
int guestdump_guest_set_vcpus(guestdump_guest* guest, uint32_t count, guestdump_get_registers* get,
                              void* opaque, guestdump_error** error);

/// The ELF note with VMCOREINFO that the guest has passed to the machine, such as the file
/// etc/vmcoreinfo of QEMU's fw_cfg refers to: header, name and descriptor. The bytes are copied;
/// they may be anything, because a guest wrote them. Without a note, guest memory is searched for
/// VMCOREINFO.
///
/// Errors: more than 1 MiB.
int guestdump_guest_set_note(guestdump_guest* guest, const void* note, size_t size,
                             guestdump_error** error);

// --- Making a dump ---

/// Options of a dump, its progress and its results. May be used for several dumps, one after the
/// other.
typedef struct guestdump_dump guestdump_dump;

/// What a dump is doing.
enum guestdump_phase {
    GUESTDUMP_PHASE_PREPARE = 0,  ///< prepares the file's headers
    GUESTDUMP_PHASE_FILTER = 1,   ///< finds the pages to leave out
    GUESTDUMP_PHASE_MEMORY = 2,   ///< writes memory
    GUESTDUMP_PHASE_COMMIT = 3,   ///< makes the file durable; the guest runs again
};

/// Reports that @completed of @total bytes of guest memory have been written. @phase: of
/// guestdump_phase; later versions may have more. Called by the thread that dumps. Returns 0, or
/// another value to cancel the dump.
typedef int guestdump_progress(void* opaque, int phase, uint64_t completed, uint64_t total);

/// A dump with the defaults of every option.
guestdump_dump* guestdump_dump_new(void);

void guestdump_dump_free(guestdump_dump* dump);

/// Format number @index of those that this build of the library can write: "elf", "kdump-zlib".
/// NULL if there are fewer.
const char* guestdump_format(size_t index);

/// Sets the file's format; "elf" by default. Errors: the library does not know it.
int guestdump_dump_set_format(guestdump_dump* dump, const char* format, guestdump_error** error);

// Options that contradict each other or the format are errors of the dump, before the target is
// touched.

/// Program headers describe virtual addresses, from the page tables of every vCPU. "elf" only.
void guestdump_dump_set_paging(guestdump_dump* dump, int paging);

/// Compression level of kdump formats: 1 to 12 for zlib, -10 to 19 for zstd. By default zlib pages
/// have codes that are trained on the pages of the guest.
void guestdump_dump_set_level(guestdump_dump* dump, int level);

/// Dumps only @length bytes of guest-physical memory from @begin on.
void guestdump_dump_set_range(guestdump_dump* dump, uint64_t begin, uint64_t length);

/// Leaves out kinds of pages, by makedumpfile's dump level: the sum of 1 zero, 2 cache, 4 private
/// cache, 8 user, 16 free. Except for zero pages, they are found in the memory map of the guest's
/// Linux kernel. If it cannot be trusted, only zero pages are left out, and a warning gives the
/// reason. Errors: @level is above 31.
int guestdump_dump_set_exclude(guestdump_dump* dump, unsigned level, guestdump_error** error);

/// Number of threads that copy or compress pages; 0, the default: one for each processor that the
/// process may use. The file is the same for any number.
void guestdump_dump_set_threads(guestdump_dump* dump, unsigned threads);

/// 0: guest memory is not searched for VMCOREINFO.
void guestdump_dump_set_find_vmcoreinfo(guestdump_dump* dump, int find);

/// Calls @report every @interval milliseconds while a dump runs. NULL: no reports.
void guestdump_dump_set_progress(guestdump_dump* dump, guestdump_progress* report, void* opaque,
                                 unsigned interval);

/// Dumps @guest to the file @path, and returns when it is complete. The guest is paused until its
/// memory has been read. The file appears, or replaces an older one, only once it is complete; mode
/// 0600.
///
/// The functions of the guest are called by the calling thread, except for guestdump_read_memory.
///
/// Errors: the options contradict each other; the guest has no vCPU or no memory; one of its
/// functions failed; the file cannot be written; the dump was cancelled (ECANCELED). The guest
/// continues then, and no file is left.
int guestdump_dump_to_path(guestdump_dump* dump, guestdump_guest* guest, const char* path,
                           guestdump_error** error);

/// As guestdump_dump_to_path(), to the open file, pipe or socket @fd, from its current position on.
/// The library uses a copy of the descriptor; the caller closes @fd. What an unfinished dump has
/// written stays.
int guestdump_dump_to_fd(guestdump_dump* dump, guestdump_guest* guest, int fd,
                         guestdump_error** error);

/// Ends a dump that runs, and all later ones of @dump: they fail with ECANCELED. Any thread, and
/// signal handlers.
void guestdump_dump_cancel(guestdump_dump* dump);

/// Warning number @index of the last dump; NULL if there are fewer.
const char* guestdump_dump_warning(const guestdump_dump* dump, size_t index);

/// Guest memory in the last dump, before compression; 0 if it failed.
uint64_t guestdump_dump_memory(const guestdump_dump* dump);

// --- Reading a vmcore ---

/// A vmcore: ELF, kdump-compressed, flattened, a VirtualBox core, or a core of guestdump-vm.
typedef struct guestdump_vmcore guestdump_vmcore;

/// Opens the file @path. The file must not change as long as it is open.
guestdump_vmcore* guestdump_vmcore_open(const char* path, guestdump_error** error);

void guestdump_vmcore_free(guestdump_vmcore* vmcore);

/// The format, for a person: "ELF64", "kdump-compressed version 6".
const char* guestdump_vmcore_format(const guestdump_vmcore* vmcore);

/// The machine's name, as `uname -m` prints it: "x86_64"; "" if it is unknown.
const char* guestdump_vmcore_architecture(const guestdump_vmcore* vmcore);

/// Size of the machine's pages.
uint32_t guestdump_vmcore_page_size(const guestdump_vmcore* vmcore);

/// Warning number @index about a file that could be opened all the same; NULL if there are fewer.
const char* guestdump_vmcore_warning(const guestdump_vmcore* vmcore, size_t index);

/// Number of the file's notes.
size_t guestdump_vmcore_notes(const guestdump_vmcore* vmcore);

/// Name of note number @index, which is below guestdump_vmcore_notes(): "CORE", "VMCOREINFO". NULL
/// if there is no such note.
const char* guestdump_vmcore_note_name(const guestdump_vmcore* vmcore, size_t index);

/// n_type of the note; 0 if there is no such note.
uint32_t guestdump_vmcore_note_type(const guestdump_vmcore* vmcore, size_t index);

/// The note's descriptor, in the machine's byte order, and its size in *@size. NULL, and 0, if
/// there is no such note.
const void* guestdump_vmcore_note_data(const guestdump_vmcore* vmcore, size_t index, size_t* size);

/// Number of pieces of guest-physical memory whose contents are in the file, in ascending order.
size_t guestdump_vmcore_blocks(const guestdump_vmcore* vmcore);

/// Start and size of piece number @index. Returns -1 if there is no such piece.
int guestdump_vmcore_block(const guestdump_vmcore* vmcore, size_t index, uint64_t* start,
                           uint64_t* size);

/// Copies the @size bytes at guest-physical address @gpa to @buffer. They may cross pieces.
///
/// Errors: some of them are in no piece; the file cannot be read or decompressed. @buffer is
/// undefined then.
int guestdump_vmcore_read(const guestdump_vmcore* vmcore, uint64_t gpa, void* buffer, size_t size,
                          guestdump_error** error);

/// Number of vCPUs whose registers guestdump_vmcore_registers() returns. 0 if the machine is not an
/// x86; then the notes have the registers.
size_t guestdump_vmcore_vcpus(const guestdump_vmcore* vmcore);

/// The registers of vCPU number @index. Those that the file does not contain are 0, except that
/// EFER is guessed from the others.
///
/// Errors: there is no such vCPU.
int guestdump_vmcore_registers(const guestdump_vmcore* vmcore, size_t index,
                               guestdump_x86_registers* registers, guestdump_error** error);

#ifdef __cplusplus
}
#endif
