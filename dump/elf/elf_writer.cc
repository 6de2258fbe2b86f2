// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/elf/elf_writer.h"

#include <algorithm>
#include <bit>

#include "dump/elf/elf_layout.h"
#include "dump/elf/memory_copy.h"
#include "format/elf.h"
#include "format/filter_note.h"
#include "format/vbox_core.h"
#include "util/stored.h"

namespace guestdump::dump {
namespace {

/// Program headers that are written at once: 1 MiB.
constexpr size_t kHeadersAtOnce = (size_t{1} << 20) / sizeof(format::Elf64::Phdr);

template <format::ElfClass C, std::endian O>
class ElfWriter final : public VmcoreWriter {
  public:
    /// @load_flags: p_flags of each PT_LOAD.
    ElfWriter(const Snapshot& snapshot, ElfLayout layout, unsigned threads, uint32_t load_flags)
        : snapshot_(snapshot),
          layout_(std::move(layout)),
          threads_(threads),
          load_flags_(load_flags) {}

    Result<> begin(Sink& sink, const Progress& progress) override {
        TRY(sink.write_at(0, util::bytes_of(file_header())));
        TRY(write_program_headers(sink, progress));
        if (layout_.extended_numbering) {
            TRY(sink.write_at(layout_.section_header, util::bytes_of(section_zero())));
        }
        return sink.write_at(layout_.notes, snapshot_.notes);
    }

    Result<> iterate(const guest::PageSource& pages, Sink& sink, Progress& progress) override {
        std::vector<CopyPart> parts;
        for (size_t i = 0; i < layout_.blocks.size(); ++i) {
            parts.push_back({snapshot_.blocks.view()[i].range, layout_.blocks[i]});
        }
        return copy_memory(parts, snapshot_.arch.page_size, threads_, pages, sink, progress);
    }

    Result<> completed(Sink& sink) override { return sink.finish(layout_.size); }

  private:
    using Elf = format::Elf<C, O>;
    using Word = decltype(Elf::Phdr::offset);

    typename Elf::Ehdr file_header() const {
        typename Elf::Ehdr header{};
        std::copy_n(format::kElfMagic.data(), format::kElfMagic.size(), header.ident.begin());
        header.ident[format::kIdentClass] = static_cast<uint8_t>(C);
        header.ident[format::kIdentData] = format::data_of(O);
        header.ident[format::kIdentVersion] = format::kVersionCurrent;
        header.type = format::kTypeCore;
        header.machine = snapshot_.arch.machine;
        header.version = format::kVersionCurrent;
        header.flags = snapshot_.arch.elf_flags;
        header.phoff = wide(layout_.program_headers);
        header.ehsize = sizeof(typename Elf::Ehdr);
        header.phentsize = sizeof(typename Elf::Phdr);
        header.phnum = static_cast<uint16_t>(std::min(layout_.header_count, format::kPnXnum));
        if (layout_.extended_numbering) {
            header.shoff = wide(layout_.section_header);
            header.shentsize = sizeof(typename Elf::Shdr);
            header.shnum = 1;
        }
        return header;
    }

    typename Elf::Shdr section_zero() const {
        typename Elf::Shdr header{};
        header.info = layout_.header_count;
        return header;
    }

    typename Elf::Phdr note_header() const {
        typename Elf::Phdr header{};
        header.type = format::kPtNote;
        header.offset = wide(layout_.notes);
        header.filesz = header.memsz = wide(snapshot_.notes.size());
        return header;
    }

    typename Elf::Phdr load_header(const guest::MemoryMapping& mapping) const {
        typename Elf::Phdr header{};
        header.type = format::kPtLoad;
        header.flags = load_flags_;
        header.offset = wide(offset_of(mapping.phys));
        header.paddr = wide(mapping.phys.value);
        header.vaddr = wide(mapping.virt.value);
        header.memsz = wide(mapping.length);
        const uint64_t in_file = bytes_in_file(mapping);
        header.filesz = wide(in_file);
        if (in_file < mapping.length)
            header.flags = load_flags_ | flags_of_rest(guest::Gpa{mapping.phys.value + in_file});
        // p_align stays 0: if it is 4096 and the first segment is page-aligned, crash takes the
        // file for a netdump file.
        return header;
    }

    Result<> write_program_headers(Sink& sink, const Progress& progress) const {
        std::vector<typename Elf::Phdr> headers{note_header()};
        uint64_t offset = layout_.program_headers;
        const auto write = [&]() -> Result<> {
            TRY(progress.check());
            const auto bytes = std::as_bytes(std::span(headers));
            TRY(sink.write_at(offset, bytes));
            offset += bytes.size();
            headers.clear();
            return {};
        };
        for (const guest::MemoryMapping& mapping : snapshot_.mappings) {
            headers.push_back(load_header(mapping));
            if (headers.size() == kHeadersAtOnce) TRY(write());
        }
        return write();
    }

    /// p_flags for memory that is not in the file, of which @first is the first byte of a mapping.
    uint32_t flags_of_rest(guest::Gpa first) const {
        if (contains(snapshot_.zero, first)) return format::kPfZero;
        // In ELF, what is not in the file was left out anyway.
        const bool vbox = load_flags_ == format::kPfRead;
        return vbox && contains(snapshot_.left_out, first) ? format::kPfLeftOut : 0;
    }

    /// A mapping may begin in a block and end in memory that is not in the file, or have none.
    uint64_t bytes_in_file(const guest::MemoryMapping& mapping) const {
        const guest::GuestPhysBlock* block = snapshot_.blocks.find(mapping.phys);
        if (!block) return 0;
        return std::min(mapping.length, block->range.last() - mapping.phys.value + 1);
    }

    /// Offset of the mapping's first byte in the file. If it has no bytes in the file, the offset
    /// is where they would be.
    uint64_t offset_of(guest::Gpa phys) const {
        const guest::GuestPhysBlock* block = snapshot_.blocks.find_from(phys);
        if (!block) return layout_.size;
        const size_t index = static_cast<size_t>(block - snapshot_.blocks.view().data());
        if (!block->range.contains(phys)) return layout_.blocks[index];
        return layout_.blocks[index] + (phys.value - block->range.start.value);
    }

    /// ElfLayout has checked that offsets fit the class, and paging_mappings() that virtual
    /// addresses do; the class was chosen so that physical addresses fit.
    static Word wide(uint64_t value) {
        if constexpr (C == format::ElfClass::k64)
            return value;
        else
            return static_cast<uint32_t>(value);
    }

    const Snapshot& snapshot_;
    ElfLayout layout_;
    unsigned threads_;
    uint32_t load_flags_;
};

/// p_flags that record the page size; none for x86, which has one only.
uint32_t page_size_flags(const guest::ArchDumpInfo& arch) {
    if (arch.machine == format::kEmX86_64 || arch.machine == format::kEm386) return 0;
    return static_cast<uint32_t>(std::countr_zero(arch.page_size)) << format::kPfPageShiftAt;
}

Result<std::unique_ptr<VmcoreWriter>> make(const Snapshot& snapshot, unsigned threads,
                                           uint32_t load_flags) {
    ElfLayout layout = TRY(ElfLayout::of(snapshot));
    const unsigned count = thread_count(threads);
    std::unique_ptr<VmcoreWriter> writer =
        format::with_layout(layout.elf_class, snapshot.arch.byte_order,
                            [&]<format::ElfClass C, std::endian O>(
                                format::Layout<C, O>) -> std::unique_ptr<VmcoreWriter> {
                                return std::make_unique<ElfWriter<C, O>>(
                                    snapshot, std::move(layout), count, load_flags);
                            });
    return writer;
}

}  // namespace

Result<std::unique_ptr<VmcoreWriter>> make_elf_writer(const Snapshot& snapshot, unsigned threads) {
    return make(snapshot, threads, page_size_flags(snapshot.arch));
}

Result<std::unique_ptr<VmcoreWriter>> make_vbox_writer(const Snapshot& snapshot, unsigned threads) {
    return make(snapshot, threads, format::kPfRead);
}

}  // namespace guestdump::dump
