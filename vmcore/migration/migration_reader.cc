// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration/migration_reader.h"

#include <algorithm>
#include <cinttypes>

#include "dump/cpu_notes.h"
#include "format/migration.h"
#include "linux/vmcoreinfo.h"
#include "target-i386/arch.h"
#include "target-i386/cpu.h"
#include "util/text.h"
#include "vmcore/migration/cpu_state.h"
#include "vmcore/migration/stream_reader.h"
#include "vmcore/migration/stream_region.h"

namespace guestdump::vmcore {
namespace {

/// guest_format of a note that is ELF, and the only one. [qemu docs/specs/vmcoreinfo.txt]
constexpr uint64_t kNoteIsElf = 1;

/// Builds the Contents of a stream that has been read.
class Assembly {
  public:
    Assembly(std::shared_ptr<const ByteSource> source, MigrationStream stream, OpenOptions options)
        : source_(std::move(source)), stream_(std::move(stream)), options_(options) {}

    Result<Contents> contents(const RamAddresses& addresses) {
        contents_.format = "QEMU migration stream";
        MemoryLayout layout = TRY(place_memory(*source_, stream_, addresses));
        TRY(check_unplaced(layout));
        contents_.registers = TRY(read_cpus(*source_, stream_));
        const auto note = TRY(find_note());
        TRY(add_memory(std::move(layout)));
        if (stream_.cut_off) warn(*stream_.cut_off);
        if (contents_.registers.empty()) warn("the stream has no registers of vCPUs");
        write_notes(note);
        contents_.migration =
            MigrationFacts{.machine_type = stream_.machine_type, .mapped_ram = has_mapped_ram_};
        return std::move(contents_);
    }

  private:
    void warn(std::string text) { contents_.warnings.push_back(std::move(text)); }

    Result<> check_unplaced(const MemoryLayout& layout) {
        for (const std::string& warning : layout.warnings) warn(warning);
        if (layout.unplaced.empty()) return {};
        std::string names;
        for (const std::string& name : layout.unplaced)
            names += (names.empty() ? "'" : ", '") + name + "'";
        const std::string text = util::text(
            "the stream does not contain the addresses of RAM blocks %s, which may be DIMMs",
            names.c_str());
        if (!options_.partial)
            return Error::make("'%s': %s", source_->name().c_str(), text.c_str());
        warn(text + "; they are left out");
        return {};
    }

    Result<> add_memory(MemoryLayout layout) {
        std::vector<std::shared_ptr<const StreamRegion>> regions;
        for (RamBlock& block : stream_.blocks) {
            has_mapped_ram_ = has_mapped_ram_ || block.mapped_ram;
            regions.push_back(std::make_shared<const StreamRegion>(source_, std::move(block)));
        }
        std::vector<guest::GpaRange> missing;
        for (const PlacedMemory& part : layout.memory) {
            const auto& region = regions[part.block];
            uint64_t from = part.offset;
            const uint64_t end = part.offset + part.range.size;
            const auto address = [&](uint64_t offset) {
                return guest::Gpa{part.range.start.value + (offset - part.offset)};
            };
            const auto add = [&](uint64_t to) -> Result<> {
                if (to == from) return {};
                return contents_.blocks.add(
                    {.range = {address(from), to - from}, .region = region, .offset = from});
            };
            if (stream_.cut_off) {
                for (const guest::GpaRange& gap : region->absent(from, part.range.size)) {
                    TRY(add(gap.start.value));
                    missing.push_back({address(gap.start.value), gap.size});
                    from = gap.last() + 1;
                }
            }
            TRY(add(end));
        }
        contents_.missing = guest::joined(std::move(missing));
        return {};
    }

    /// Where the guest's note lies. [qemu hw/misc/vmcoreinfo.c, vmstate_vmcoreinfo]
    struct NotePlace {
        guest::Gpa address;
        uint32_t size = 0;
    };

    Result<std::optional<NotePlace>> find_note() {
        std::optional<NotePlace> place;
        const DeviceState* const device = stream_.find("vmcoreinfo");
        if (!device) return place;
        const auto number = [&](const char* field) -> Result<uint64_t> {
            const std::vector<uint64_t> values = TRY(read_numbers(*source_, *device, field));
            return values.empty() ? 0 : values.front();
        };
        const uint64_t has = TRY(number("has_vmcoreinfo"));
        const uint64_t format = TRY(number("vmcoreinfo.guest_format"));
        const uint64_t size = TRY(number("vmcoreinfo.size"));
        const uint64_t address = TRY(number("vmcoreinfo.paddr"));
        if (has == 0) return place;
        if (format != kNoteIsElf || size > guest::kMaxGuestNote) {
            warn(util::text("the guest's note has format %" PRIu64 " and 0x%" PRIx64
                            " bytes; only format 1 of up to 0x%x bytes is known",
                            format, size, guest::kMaxGuestNote));
            return place;
        }
        place = NotePlace{guest::Gpa{address}, static_cast<uint32_t>(size)};
        return place;
    }

    void write_notes(const std::optional<NotePlace>& note) {
        guest::NoteBuilder notes;
        if (!contents_.registers.empty()) {
            const guest::ArchDumpInfo arch =
                target_i386::dump_info(contents_.registers.front(), contents_.blocks);
            contents_.machine = {arch.machine, arch.elf_class, std::endian::little};
            std::vector<guest::Cpu> cpus;
            for (const target_i386::Registers& registers : contents_.registers)
                cpus.push_back(target_i386::make_cpu(registers));
            dump::append_cpu_notes(cpus, arch, notes);
        }
        if (note) append_guest_note(*note, notes);
        contents_.notes = std::move(notes).take();
    }

    void append_guest_note(const NotePlace& place, guest::NoteBuilder& notes) {
        guest::GuestNote note(place.size);
        const Result<> read = contents_.blocks.read(place.address, note);
        if (!read) return warn("the guest's note cannot be read: " + read.error().message());
        const Result<linux_guest::NoteView> view = linux_guest::parse_note(note);
        if (!view) return warn("Invalid guest note header: " + view.error().message());
        notes.append_raw(view->whole);
    }

    std::shared_ptr<const ByteSource> source_;
    MigrationStream stream_;
    OpenOptions options_;
    Contents contents_;
    bool has_mapped_ram_ = false;
};

}  // namespace

bool is_migration_stream(const ByteSource& source, uint64_t offset) {
    std::string magic(format::kStreamMagic.size(), '\0');
    return offset <= source.size() && magic.size() <= source.size() - offset &&
           bool(source.read_at(offset, std::as_writable_bytes(std::span(magic)))) &&
           magic == format::kStreamMagic;
}

Result<Contents> read_migration(const std::shared_ptr<const ByteSource>& source,
                                const StreamPlace& place, OpenOptions options) {
    MigrationStream stream = TRY(read_stream(*source, place.offset, options));
    return Assembly(source, std::move(stream), options).contents(place.addresses);
}

}  // namespace guestdump::vmcore
