// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/process/process_core.h"

#include <algorithm>
#include <cinttypes>

#include "dump/cpu_notes.h"
#include "format/elf.h"
#include "linux/vmcoreinfo.h"
#include "target-i386/arch.h"
#include "target-i386/cpu.h"
#include "util/text.h"
#include "vmcore/elf/note_list.h"
#include "vmcore/elf/program_headers.h"
#include "vmcore/file_region.h"
#include "vmcore/process/live_registers.h"
#include "vmcore/process/post_mortem_record.h"
#include "vmcore/process/process_memory.h"

namespace guestdump::vmcore {
namespace {

using target_i386::Registers;

// n_type of notes that describe a process. [linux include/uapi/linux/elf.h, auxvec.h]
constexpr uint32_t kNtPrpsinfo = 3;
constexpr uint32_t kNtAuxv = 6;

/// Maximum number of pieces of guest memory. A block may span several segments of the core, but
/// only a malicious file needs more pieces than this.
constexpr size_t kMostPieces = size_t{1} << 20;

bool tells_of_process(const Note& note) {
    return note.name == "CORE" && (note.type == kNtPrpsinfo || note.type == kNtAuxv);
}

/// Limit on the notes that are examined for signs of a process, bytes.
constexpr uint64_t kMostExamined = uint64_t{32} << 20;

/// @left: how many bytes of notes may still be read. This limits the work when many headers point
/// to the same notes.
bool notes_tell_of_process(const ByteSource& source, uint64_t offset, uint64_t size,
                           uint64_t& left) {
    if (offset > source.size()) return false;
    std::vector<std::byte> payload(std::min({size, left, source.size() - offset}));
    left -= payload.size();
    if (!source.read_at(offset, payload)) return false;
    const NoteList list = split_notes(payload);
    const auto any = [&list](auto is) {
        return std::any_of(list.notes.begin(), list.notes.end(), is);
    };
    // In a dump of a guest, the guest writes this note and can choose any name.
    return any(tells_of_process) && !any([](const Note& note) { return note.name == "QEMU"; });
}

/// Builds the Contents from a record and the core that contains it.
class Rescue {
  public:
    Rescue(const ProcessMemory& memory, const PostMortemRecord& record)
        : memory_(memory), record_(record) {}

    Result<Contents> contents() {
        TRY(find_memory());
        find_registers();
        contents_.format = "core of guestdump-vm";
        contents_.post_mortem = PostMortemFacts{.address = record_.address,
                                                .time = record_.time,
                                                .running = record_.running,
                                                .live_cpus = live_cpus_};
        if (!contents_.registers.empty()) {
            arch_ = target_i386::dump_info(contents_.registers.front(), contents_.blocks);
        }
        contents_.machine = {arch_.machine, arch_.elf_class, std::endian::little};
        write_notes();
        return std::move(contents_);
    }

  private:
    Result<> find_memory() {
        const auto region = std::make_shared<const FileRegion>(memory_.source());
        uint64_t wanted = 0;
        size_t pieces = 0;
        for (const PostMortemRecord::Block& block : record_.blocks) {
            wanted += block.range.size;
            const auto add = [&](const ProcessMemory::CoreRange& part) -> Result<> {
                if (++pieces > kMostPieces)
                    return Error::make("'%s': guest memory in more than %zu pieces", name(),
                                       kMostPieces);
                const uint64_t gpa = block.range.start.value + (part.address - block.host);
                return contents_.blocks.add({.range = {guest::Gpa{gpa}, part.size},
                                             .region = region,
                                             .offset = part.offset});
            };
            TRY(memory_.for_each_part(block.host, block.range.size, add));
        }
        return check_memory(wanted, contents_.blocks.total_bytes());
    }

    Result<> check_memory(uint64_t wanted, uint64_t found) {
        if (found == wanted && wanted > 0) return {};
        const std::string why =
            memory_.cut_off() > 0
                ? util::text("the core is cut off 0x%" PRIx64 " bytes too early", memory_.cut_off())
                : std::string("-machine dump-guest-core=off or coredump_filter left it out");
        if (found == 0) {
            return Error::make("'%s' has none of the guest's 0x%" PRIx64 " bytes of memory: %s",
                               name(), wanted, why.c_str());
        }
        contents_.warnings.push_back(util::text("0x%" PRIx64 " of the guest's 0x%" PRIx64
                                                " bytes of memory are not in the core: %s",
                                                wanted - found, wanted, why.c_str()));
        return {};
    }

    void find_registers() {
        for (const PostMortemRecord::Cpu& cpu : record_.cpus) {
            Registers registers = cpu.registers;
            if (cpu.live != 0 && read_live_registers(memory_, cpu.live, registers)) ++live_cpus_;
            contents_.registers.push_back(registers);
        }
        const size_t old = record_.cpus.size() - live_cpus_;
        if (old == 0 || !record_.running) return;
        contents_.warnings.push_back(util::text(
            "the registers of %zu of %zu vCPUs are those of the last stop or dump; they ran on",
            old, record_.cpus.size()));
    }

    /// Writes the notes that a dump of the guest would have.
    void write_notes() {
        guest::NoteBuilder notes;
        std::vector<guest::Cpu> cpus;
        for (const Registers& registers : contents_.registers)
            cpus.push_back(target_i386::make_cpu(registers));
        dump::append_cpu_notes(cpus, arch_, notes);
        if (record_.note) append_guest_note(*record_.note, notes);
        contents_.notes = std::move(notes).take();
    }

    void append_guest_note(const guest::GuestNote& note, guest::NoteBuilder& notes) {
        const Result<linux_guest::NoteView> view = linux_guest::parse_note(note);
        if (view) {
            notes.append_raw(view->whole);
        } else {
            contents_.warnings.push_back("Invalid guest note header: " + view.error().message());
        }
    }

    const char* name() const { return memory_.source()->name().c_str(); }

    const ProcessMemory& memory_;
    const PostMortemRecord& record_;
    guest::ArchDumpInfo arch_;
    Contents contents_;
    size_t live_cpus_ = 0;
};

}  // namespace

bool is_process_core(const ByteSource& source) {
    const auto headers = ProgramHeaders<format::ElfClass::k64>::of(source);
    if (!headers) return false;
    bool tells = false;
    uint64_t left = kMostExamined;
    const Result<> read = headers->for_each([&](uint64_t, const auto& segment) -> Result<> {
        if (segment.type == format::kPtNote && !tells)
            tells = notes_tell_of_process(source, segment.offset, segment.filesz, left);
        return {};
    });
    return read && tells;
}

Result<Contents> read_process_core(const std::shared_ptr<const ByteSource>& source) {
    const ProcessMemory memory = TRY(ProcessMemory::of(source));
    const PostMortemRecord record = TRY(find_record(memory));
    return Rescue(memory, record).contents();
}

}  // namespace guestdump::vmcore
