// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/post_mortem.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <new>

#include "format/post_mortem.h"
#include "guest/note_builder.h"
#include "target-i386/notes.h"
#include "util/crc32.h"
#include "util/round.h"
#include "util/stored.h"

namespace guestdump::vm {
namespace {

constexpr uint64_t kPage = 4096;

/// Header and name of a note, as NoteBuilder writes them for "QEMU".
constexpr size_t kQemuNoteHeader = 20;

bool in_record(const MappedMemory& piece) {
    return piece.host && (piece.kind == MemoryKind::ram || piece.kind == MemoryKind::rom);
}

format::RecordBlock block_of(const MappedMemory& piece) {
    format::RecordBlock block;
    block.gpa = piece.range.start.value;
    block.size = piece.range.size;
    block.host = reinterpret_cast<uint64_t>(piece.host);
    block.kind = piece.kind == MemoryKind::rom ? format::kRecordRom : format::kRecordRam;
    const std::string_view name = piece.region->name();
    std::copy_n(name.begin(), std::min(name.size(), block.name.size() - 1), block.name.begin());
    return block;
}

format::RecordCpu cpu_of(const target_i386::Registers& registers, const void* live) {
    format::RecordCpu cpu;
    guest::NoteBuilder builder;
    target_i386::append_qemu_note(registers, builder);
    const std::vector<std::byte> note = std::move(builder).take();
    std::copy_n(note.begin() + kQemuNoteHeader, cpu.qemu_state.size(), cpu.qemu_state.begin());
    cpu.efer = registers.efer;
    cpu.live = reinterpret_cast<uint64_t>(live);
    return cpu;
}

uint64_t now_in_nanoseconds() {
    using std::chrono::nanoseconds;
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<uint64_t>(std::chrono::duration_cast<nanoseconds>(since_1970).count());
}

/// Writes the structures of the record one after the other.
class RecordWriter {
  public:
    explicit RecordWriter(std::byte* at) : at_(at) {}

    void put(std::span<const std::byte> bytes) { at_ = std::copy(bytes.begin(), bytes.end(), at_); }
    std::byte* at() const { return at_; }

  private:
    std::byte* at_;
};

/// Keeps the compiler from moving writes to the record across this call: if the process dies
/// between them, readers find what was written until then.
void in_this_order() {
    std::atomic_signal_fence(std::memory_order_seq_cst);
}

}  // namespace

Result<std::unique_ptr<PostMortem>> PostMortem::create(
    const AddressSpace& memory, const std::vector<const void*>& live_registers) {
    const auto count =
        static_cast<uint64_t>(std::count_if(memory.view().begin(), memory.view().end(), in_record));
    const uint64_t blocks = sizeof(format::RecordHeader);
    const uint64_t copies = util::round_up(blocks + count * sizeof(format::RecordBlock), kPage);
    const uint64_t copy_size =
        util::round_up(sizeof(format::RecordCopy) + sizeof(format::RecordState) +
                           live_registers.size() * sizeof(format::RecordCpu) + guest::kMaxGuestNote,
                       kPage);
    const uint64_t length = copies + 2 * copy_size;
    // Guard pages keep the kernel from joining the mapping with a neighbour. The record then begins
    // a segment of the core, and readers look nowhere else.
    const size_t mapped = length + 2 * kPage;
    void* const mapping =
        mmap(nullptr, mapped, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED)
        return Error::from_errno(errno, "0x%zx bytes for the post-mortem record", mapped);
    std::unique_ptr<PostMortem> record(
        new PostMortem({static_cast<std::byte*>(mapping), mapped}, length, live_registers));
    if (mprotect(record->start_, length, PROT_READ | PROT_WRITE) != 0)
        return Error::from_errno(errno, "0x%" PRIx64 " bytes of the post-mortem record", length);
    record->write_static(memory, blocks, copies, copy_size);
    return record;
}

PostMortem::PostMortem(std::span<std::byte> mapping, uint64_t length,
                       const std::vector<const void*>& live_registers)
    : mapping_(mapping),
      start_(mapping.data() + kPage),
      length_(length),
      live_registers_(live_registers),
      registers_(live_registers.size()) {}

PostMortem::~PostMortem() {
    munmap(mapping_.data(), mapping_.size());
}

void PostMortem::write_static(const AddressSpace& memory, uint64_t blocks, uint64_t copies,
                              uint64_t copy_size) {
    copies_ = copies;
    copy_size_ = copy_size;
    RecordWriter writer(start_ + blocks);
    uint32_t count = 0;
    for (const MappedMemory& piece : memory.view()) {
        if (!in_record(piece)) continue;
        writer.put(util::bytes_of(block_of(piece)));
        ++count;
    }
    format::RecordHeader header;
    std::copy(format::kRecordMagic.begin(), format::kRecordMagic.end(), header.magic.begin());
    header.version = format::kRecordVersion;
    header.size = static_cast<uint32_t>(sizeof header);
    header.self = reinterpret_cast<uint64_t>(start_);
    header.length = length_;
    header.blocks = blocks;
    header.block_count = count;
    header.vcpu_count = static_cast<uint32_t>(live_registers_.size());
    header.copies = {copies, copies + copy_size};
    header.copy_size = copy_size;
    header.crc = util::crc32({util::bytes_of(header).first(offsetof(format::RecordHeader, crc)),
                              {start_ + blocks, writer.at()}});
    // The magic is written last, so that a record with a magic is complete.
    const auto bytes = util::bytes_of(header);
    std::copy(bytes.begin() + header.magic.size(), bytes.end(), start_ + header.magic.size());
    in_this_order();
    std::copy_n(bytes.begin(), header.magic.size(), start_);
}

void PostMortem::update(std::span<const target_i386::Registers> registers,
                        const std::optional<guest::GuestNote>& note) {
    time_ = now_in_nanoseconds();
    registers_.assign(registers.begin(), registers.end());
    set_note(note);
    in_this_order();
    set_running(false);
}

void PostMortem::set_note(const std::optional<guest::GuestNote>& note) {
    note_.clear();
    if (note && note->size() <= guest::kMaxGuestNote) note_ = *note;
    write_copy();
}

void PostMortem::write_copy() {
    const uint64_t next = sequence_ + 1;
    std::byte* const start = start_ + copies_ + next % 2 * copy_size_;
    const format::RecordCopy being_written;
    std::memcpy(start, &being_written, sizeof being_written);
    in_this_order();

    format::RecordState state;
    state.time = time_;
    state.note_size = static_cast<uint32_t>(note_.size());
    std::byte* const contents = start + sizeof(format::RecordCopy);
    RecordWriter writer(contents);
    writer.put(util::bytes_of(state));
    for (size_t cpu = 0; cpu < registers_.size(); ++cpu)
        writer.put(util::bytes_of(cpu_of(registers_[cpu], live_registers_[cpu])));
    writer.put(note_);

    format::RecordCopy copy;
    copy.sequence = next;
    copy.size = static_cast<uint32_t>(writer.at() - contents);
    copy.crc = util::crc32(
        {util::bytes_of(copy).first(offsetof(format::RecordCopy, crc)), {contents, writer.at()}});
    in_this_order();
    std::memcpy(start, &copy, sizeof copy);
    in_this_order();
    sequence_ = next;
}

void PostMortem::set_running(bool running) {
    const util::le32 value = running ? 1 : 0;
    std::memcpy(start_ + offsetof(format::RecordHeader, running), &value, sizeof value);
}

}  // namespace guestdump::vm
