// SPDX-License-Identifier: GPL-2.0-or-later
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "api/guestdump.h"

namespace {

constexpr uint64_t kRam = 64 * 4096;

void check(bool holds) {
    if (!holds) std::abort();
}

/// The input: each part of the program takes its bytes from it, and zeros once it is used up.
class Input {
  public:
    Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}

    uint8_t byte() { return at_ < size_ ? data_[at_++] : 0; }
    void fill(void* out, size_t size) {
        const size_t take = std::min(size, size_ - at_);
        if (take > 0) std::memcpy(out, data_ + at_, take);
        at_ += take;
    }

  private:
    const uint8_t* data_;
    size_t size_;
    size_t at_ = 0;
};

/// What the callbacks do.
struct Program {
    std::vector<uint8_t> ram;
    std::atomic<unsigned> reads_left{0};  ///< later ones fail
    int read_status = 0;
    int pause_status = 0;
    unsigned vcpus_left = 0;  ///< registers of later ones fail
    guestdump_x86_registers registers{};
    unsigned reports_left = 0;  ///< later ones cancel
    int pauses = 0, resumes = 0;

    static Program& of(void* opaque) { return *static_cast<Program*>(opaque); }

    static int pause(void* opaque) {
        ++of(opaque).pauses;
        return of(opaque).pause_status;
    }
    static void resume(void* opaque) { ++of(opaque).resumes; }
    static int read(void* opaque, uint64_t offset, void* buffer, size_t size) {
        Program& program = of(opaque);
        check(offset <= program.ram.size() && size <= program.ram.size() - offset);
        if (program.reads_left == 0) return program.read_status;  // perhaps without a byte
        --program.reads_left;
        std::memcpy(buffer, program.ram.data() + offset, size);
        return 0;
    }
    static int get_registers(void* opaque, uint32_t, guestdump_x86_registers* registers) {
        Program& program = of(opaque);
        if (program.vcpus_left == 0) return program.read_status;
        --program.vcpus_left;
        std::memcpy(registers, &program.registers, sizeof *registers);
        return 0;
    }
    static int report(void* opaque, int phase, uint64_t completed, uint64_t total) {
        Program& program = of(opaque);
        check(phase >= 0 && completed <= total);
        if (program.reports_left == 0) return 1;
        --program.reports_left;
        return 0;
    }
};

/// Reads all that the functions of a vmcore return.
void look_at(int fd) {
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    guestdump_error* error = nullptr;
    guestdump_vmcore* vmcore = guestdump_vmcore_open(path.c_str(), &error);
    check((vmcore != nullptr) == (error == nullptr));
    check(vmcore != nullptr);  // a dump that succeeded
    check(guestdump_vmcore_format(vmcore)[0] != '\0');
    check(guestdump_vmcore_page_size(vmcore) != 0);
    for (size_t i = 0; i < guestdump_vmcore_notes(vmcore); ++i) {
        size_t size = 0;
        check(guestdump_vmcore_note_name(vmcore, i) != nullptr);
        (void)guestdump_vmcore_note_data(vmcore, i, &size);
    }
    for (size_t i = 0; i < guestdump_vmcore_blocks(vmcore); ++i) {
        uint64_t start = 0, size = 0;
        uint8_t bytes[16];
        check(guestdump_vmcore_block(vmcore, i, &start, &size) == 0);
        check(guestdump_vmcore_read(vmcore, start, bytes, std::min<uint64_t>(size, 16), nullptr) ==
              0);
    }
    for (size_t i = 0; i < guestdump_vmcore_vcpus(vmcore); ++i) {
        guestdump_x86_registers registers;
        check(guestdump_vmcore_registers(vmcore, i, &registers, nullptr) == 0);
    }
    guestdump_vmcore_free(vmcore);
}

int signed_byte(Input& input) {
    return static_cast<int8_t>(input.byte());
}

void set_options(guestdump_dump* dump, Input& input) {
    size_t formats = 0;
    while (guestdump_format(formats) != nullptr) ++formats;
    check(guestdump_dump_set_format(dump, guestdump_format(input.byte() % formats), nullptr) == 0);
    const uint8_t traits = input.byte();
    if (traits & 1) guestdump_dump_set_paging(dump, 1);
    if (traits & 2) guestdump_dump_set_level(dump, signed_byte(input));
    if (traits & 4) {
        const uint64_t begin = input.byte() * 1024u;
        guestdump_dump_set_range(dump, begin, input.byte() * 1024u);
    }
    if (traits & 8) (void)guestdump_dump_set_exclude(dump, input.byte(), nullptr);
    if (traits & 16) guestdump_dump_set_find_vmcoreinfo(dump, 0);
    guestdump_dump_set_threads(dump, traits & 32 ? 2 : 1);
    if (traits & 64) guestdump_dump_cancel(dump);
}

void set_guest(guestdump_guest* guest, Program& program, Input& input) {
    const uint8_t traits = input.byte();
    guestdump_guest_set_pause(guest, Program::pause, Program::resume, &program);
    (void)guestdump_guest_set_vcpus(guest, input.byte() % 8, Program::get_registers, &program,
                                    nullptr);
    const uint64_t gpa = traits & 1 ? uint64_t{1} << 34 : input.byte() * 1024u;
    (void)guestdump_guest_add_memory_reader(guest, gpa, kRam, Program::read, &program, nullptr);
    (void)guestdump_guest_add_memory(guest, input.byte() * 65536u, program.ram.data(), 8192,
                                     traits & 2 ? GUESTDUMP_MEMORY_ANONYMOUS : 0, nullptr);
    if (traits & 4) {
        uint8_t note[64] = {};
        input.fill(note, sizeof note);
        check(guestdump_guest_set_note(guest, note, traits & 8 ? 7 : sizeof note, nullptr) == 0);
    }
}

}  // namespace

/// Dumps a guest whose callbacks fail, lie and cancel as the input says. What succeeds is readable,
/// and each guest that was paused is resumed.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Input input(data, size);
    Program program;
    program.reads_left = input.byte() * 4u;
    program.read_status = signed_byte(input);
    program.pause_status = input.byte() < 240 ? 0 : signed_byte(input);
    program.vcpus_left = input.byte();
    program.reports_left = input.byte();
    program.ram.resize(kRam);

    guestdump_dump* dump = guestdump_dump_new();
    guestdump_guest* guest = guestdump_guest_new();
    set_options(dump, input);
    set_guest(guest, program, input);
    guestdump_dump_set_progress(dump, Program::report, &program, input.byte() % 2);
    input.fill(&program.registers, sizeof program.registers);
    input.fill(program.ram.data(), program.ram.size());

    const int fd = memfd_create("vmcore", MFD_CLOEXEC);
    check(fd >= 0);
    guestdump_error* error = nullptr;
    const int status = guestdump_dump_to_fd(dump, guest, fd, &error);
    check((status == 0) == (error == nullptr));
    check(program.pauses == program.resumes);
    if (status == 0) {
        look_at(fd);
    } else {
        check(guestdump_error_message(error)[0] != '\0');
        check(guestdump_error_errno(error) >= 0);
        check(guestdump_dump_memory(dump) == 0);
    }
    guestdump_error_free(error);
    guestdump_guest_free(guest);
    guestdump_dump_free(dump);
    close(fd);
    return 0;
}
