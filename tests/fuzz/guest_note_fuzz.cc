// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstdlib>

#include "tests/dump/dumping.h"
#include "tests/fuzz/guest_note_input.h"
#include "tests/support/elf_reader.h"
#include "tests/vmcore/memory_source.h"
#include "vmcore/vmcore.h"

using namespace guestdump;

namespace {

constexpr unsigned kVcpus = 2;

std::unique_ptr<support::ScriptedGuest> guest_of(support::View input) {
    auto guest = std::make_unique<support::ScriptedGuest>();
    for (unsigned index = 0; index < kVcpus; ++index) {
        support::ScriptedCpu& cpu = guest->add_cpu();
        cpu.handler = guest::Gva{fuzz::kHandler};
        cpu.translations[fuzz::kHandler] = fuzz::kHandlerAt;
    }
    const uint16_t length = support::le16_at(input, 0);
    input = input.subspan(2);
    if (length != fuzz::kNoNote) {
        const auto note = input.first(std::min<size_t>(length, input.size()));
        guest->note.emplace(note.begin(), note.end());
        input = input.subspan(note.size());
    }
    support::Bytes ram(input.begin(), input.begin() + std::min(input.size(), fuzz::kRam));
    ram.resize(fuzz::kRam);
    guest->add_ram(0, ram);
    return guest;
}

/// Checks the vCPUs' notes with a reader that accepts any note of the right name.
void check_notes(support::View file) {
    const auto elf = support::read_elf(file);
    if (!elf || elf->notes_named("CORE").size() != kVcpus) std::abort();
    if (elf->notes_named("QEMU").size() != kVcpus) std::abort();
}

/// Whatever the guest reports about itself, the file must be readable, and contain the vCPUs and
/// the memory that exist.
void check(const support::ScriptedGuest& guest, const dump::Request& request) {
    support::MemorySink sink;
    if (!dump::dump_to(sink, guest, request)) std::abort();
    if (request.elf()) check_notes(sink.bytes());
    const auto read = vmcore::Vmcore::read(vmcore::in_memory(sink.bytes()));
    if (!read || (*read)->cpus().size() != kVcpus) std::abort();
    support::Bytes expected(fuzz::kRam), found(fuzz::kRam);
    if (!guest.blocks().read(guest::Gpa{0}, expected)) std::abort();
    if (!(*read)->blocks().read(guest::Gpa{0}, found) || found != expected) std::abort();
    (void)(*read)->arch_info((*read)->blocks());
}

}  // namespace

/// Interprets any bytes as the note that a guest hands over, and as the memory that the note
/// describes.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size < 2) return 0;
    const auto guest = guest_of(std::as_bytes(std::span(data, size)));
    check(*guest, dump::on_threads(1, dump::ElfRequest{}));
    check(*guest, dump::on_threads(1, dump::KdumpRequest{.level = 1, .flattened = false}));
    return 0;
}
