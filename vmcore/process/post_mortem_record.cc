// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/process/post_mortem_record.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

#include "format/post_mortem.h"
#include "target-i386/notes.h"
#include "util/crc32.h"
#include "vmcore/contents.h"

namespace guestdump::vmcore {
namespace {

using Bytes = std::span<const std::byte>;
using Block = PostMortemRecord::Block;

/// Limit on the vCPUs of a record, and so on the size of their registers. guestdump-vm has fewer.
constexpr uint32_t kMostCpus = 4096;

/// Copies the structure at @offset of @bytes, which must contain it.
template <class T>
T struct_at(Bytes bytes, uint64_t offset) {
    T object;
    std::memcpy(&object, bytes.data() + offset, sizeof object);
    return object;
}

bool inside(uint64_t offset, uint64_t size, uint64_t whole) {
    return offset <= whole && size <= whole - offset;
}

/// Checks @header, of a record at @address with @there bytes, by itself.
Result<> check_header(const format::RecordHeader& header, uint64_t address, uint64_t there) {
    if (header.version != format::kRecordVersion || header.size != sizeof header) {
        return Error::make("it has version %u and a header of %u bytes, only %u with %zu is known",
                           unsigned{header.version}, unsigned{header.size}, format::kRecordVersion,
                           sizeof header);
    }
    if (header.self != address)
        return Error::make("it says that it lies at 0x%" PRIx64, uint64_t{header.self});
    if (header.length > there) {
        return Error::make("it has 0x%" PRIx64 " bytes, of which 0x%" PRIx64 " are there",
                           uint64_t{header.length}, there);
    }
    if (header.vcpu_count > kMostCpus)
        return Error::make("%u vCPUs, at most %u are believed", unsigned{header.vcpu_count},
                           kMostCpus);
    return {};
}

Result<format::RecordHeader> parse_header(Bytes bytes, uint64_t address) {
    if (bytes.size() < sizeof(format::RecordHeader))
        return Error::make("0x%zx bytes are too few for its header", bytes.size());
    const auto header = struct_at<format::RecordHeader>(bytes, 0);
    TRY(check_header(header, address, bytes.size()));
    const uint64_t blocks_size = header.block_count * sizeof(format::RecordBlock);
    bool fits = inside(header.blocks, blocks_size, header.length);
    for (const uint64_t copy : header.copies)
        fits = fits && inside(copy, header.copy_size, header.length);
    if (!fits)
        return Error::make("its parts lie outside of its 0x%" PRIx64 " bytes",
                           uint64_t{header.length});
    const uint32_t crc = util::crc32({bytes.first(offsetof(format::RecordHeader, crc)),
                                      bytes.subspan(header.blocks, blocks_size)});
    if (crc != header.crc)
        return Error::make("its checksum is 0x%08x, its contents have 0x%08x", unsigned{header.crc},
                           crc);
    return header;
}

Result<Block> parse_block(const format::RecordBlock& stored, const Block* before) {
    const uint64_t gpa = stored.gpa, size = stored.size, host = stored.host;
    if (size == 0 || !inside(gpa, size, kMaxPhysicalAddress) || size > UINT64_MAX - host) {
        return Error::make("0x%" PRIx64 " bytes at guest-physical 0x%" PRIx64 ", host 0x%" PRIx64
                           ", cannot be",
                           size, gpa, host);
    }
    if (before && gpa <= before->range.last()) {
        return Error::make("memory at 0x%" PRIx64 " begins before that at 0x%" PRIx64 " ends", gpa,
                           before->range.start.value);
    }
    const std::string_view name(stored.name.data(), stored.name.size());
    return Block{.range = {guest::Gpa{gpa}, size},
                 .host = host,
                 .name = std::string(name.substr(0, name.find('\0')))};
}

/// Returns the bytes after the header of the complete copy with the highest sequence.
Result<Bytes> newest_copy(Bytes bytes, const format::RecordHeader& header) {
    Bytes newest;
    uint64_t sequence = 0;
    for (const uint64_t offset : header.copies) {
        if (header.copy_size < sizeof(format::RecordCopy)) break;
        const Bytes room = bytes.subspan(offset, header.copy_size);
        const auto copy = struct_at<format::RecordCopy>(room, 0);
        const Bytes contents = room.subspan(sizeof copy);
        if (copy.sequence <= sequence || copy.size > contents.size()) continue;
        const uint32_t crc =
            util::crc32({room.first(offsetof(format::RecordCopy, crc)), contents.first(copy.size)});
        if (crc != copy.crc) continue;
        newest = contents.first(copy.size);
        sequence = copy.sequence;
    }
    if (sequence == 0) return Error::make("neither copy of the registers is whole");
    return newest;
}

Result<> parse_copy(Bytes bytes, uint32_t cpu_count, PostMortemRecord& record) {
    const uint64_t cpus_size = uint64_t{cpu_count} * sizeof(format::RecordCpu);
    const uint64_t least = sizeof(format::RecordState) + cpus_size;
    if (bytes.size() < least) {
        return Error::make("0x%zx bytes for the registers of %u vCPUs, which have 0x%" PRIx64,
                           bytes.size(), cpu_count, least);
    }
    const auto state = struct_at<format::RecordState>(bytes, 0);
    const Bytes note = bytes.subspan(least);
    if (note.size() != state.note_size || note.size() > guest::kMaxGuestNote) {
        return Error::make("a guest note of %u bytes where there are %zu",
                           unsigned{state.note_size}, note.size());
    }
    record.time = state.time;
    if (!note.empty()) record.note.emplace(note.begin(), note.end());
    for (uint32_t cpu = 0; cpu < cpu_count; ++cpu) {
        const auto stored = struct_at<format::RecordCpu>(
            bytes, sizeof(format::RecordState) + cpu * sizeof(format::RecordCpu));
        target_i386::Registers registers = TRY(target_i386::parse_qemu_note(stored.qemu_state));
        registers.efer = stored.efer;
        record.cpus.push_back({.registers = registers, .live = stored.live});
    }
    return {};
}

Result<bool> begins_record(const ProcessMemory& memory, const ProcessMemory::CoreRange& range) {
    std::array<char, format::kRecordMagic.size()> magic;
    if (range.size < sizeof(format::RecordHeader)) return false;
    TRY(memory.source()->read_at(range.offset, std::as_writable_bytes(std::span(magic))));
    return std::string_view(magic.data(), magic.size()) == format::kRecordMagic;
}

/// @left: how many more records may be read beyond their headers.
Result<PostMortemRecord> read_whole(const ProcessMemory& memory,
                                    const ProcessMemory::CoreRange& range, size_t& left) {
    const ByteSource& source = *memory.source();
    const auto header =
        TRY(read_struct<format::RecordHeader>(source, "a record's header", range.offset));
    TRY(check_header(header, range.address, std::min(range.size, format::kMaxRecord)));
    --left;
    std::vector<std::byte> bytes(header.length);
    TRY(source.read_at(range.offset, bytes));
    return parse_record(bytes, range.address);
}

Result<PostMortemRecord> read_record(const ProcessMemory& memory,
                                     const ProcessMemory::CoreRange& range, size_t& left) {
    Result<PostMortemRecord> record = read_whole(memory, range, left);
    if (!record) {
        return std::move(record).take_error().while_(
            "'%s': the record at 0x%" PRIx64, memory.source()->name().c_str(), range.address);
    }
    return record;
}

bool in_guest_of(const PostMortemRecord& owner, uint64_t address) {
    return std::any_of(owner.blocks.begin(), owner.blocks.end(), [address](const Block& block) {
        return address >= block.host && address - block.host < block.range.size;
    });
}

/// Removes records that lie in guest memory, where a guest may have forged them.
std::vector<PostMortemRecord> without_forged(const std::vector<PostMortemRecord>& all) {
    std::vector<PostMortemRecord> kept;
    for (const PostMortemRecord& one : all) {
        const bool forged =
            std::any_of(all.begin(), all.end(), [&one](const PostMortemRecord& other) {
                return &other != &one && in_guest_of(other, one.address) &&
                       !in_guest_of(one, other.address);
            });
        if (!forged) kept.push_back(one);
    }
    return kept;
}

}  // namespace

Result<PostMortemRecord> parse_record(std::span<const std::byte> bytes, uint64_t address) {
    const format::RecordHeader header = TRY(parse_header(bytes, address));
    PostMortemRecord record;
    record.address = address;
    record.running = header.running != 0;
    for (uint32_t i = 0; i < header.block_count; ++i) {
        const auto stored =
            struct_at<format::RecordBlock>(bytes, header.blocks + i * sizeof(format::RecordBlock));
        Result<Block> block =
            parse_block(stored, record.blocks.empty() ? nullptr : &record.blocks.back());
        if (!block) return std::move(block).take_error().while_("block %u", i);
        record.blocks.push_back(std::move(block).take());
    }
    if (in_guest_of(record, address)) return Error::make("it lies in the memory of its guest");
    const Bytes newest = TRY(newest_copy(bytes, header));
    TRY(parse_copy(newest, header.vcpu_count, record));
    return record;
}

Result<PostMortemRecord> find_record(const ProcessMemory& memory) {
    /// Limit on the records that are read, good or bad. Only forgery leads to more than one.
    constexpr size_t kMostRecords = 16;
    size_t left = kMostRecords;
    std::vector<PostMortemRecord> found;
    std::optional<Error> why_not;
    for (const ProcessMemory::CoreRange& range : memory.ranges()) {
        if (left == 0) break;
        const bool begins = TRY(begins_record(memory, range));
        if (!begins) continue;
        Result<PostMortemRecord> record = read_record(memory, range, left);
        if (record) {
            found.push_back(std::move(record).take());
        } else if (!why_not) {
            why_not = std::move(record).take_error();
        }
    }
    std::vector<PostMortemRecord> kept = without_forged(found);
    const char* const name = memory.source()->name().c_str();
    if (kept.size() > 1) {
        return Error::make("'%s': there are records at 0x%" PRIx64 " and 0x%" PRIx64
                           ", and which is the guest's forgery cannot be told",
                           name, kept[0].address, kept[1].address);
    }
    if (!kept.empty()) return std::move(kept.front());
    if (why_not) return std::move(*why_not);
    return Error::make("'%s' is the core of a process, and has no record of guestdump-vm in it",
                       name);
}

}  // namespace guestdump::vmcore
