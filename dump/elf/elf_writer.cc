// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/elf/elf_writer.h"

#include <algorithm>

#include "dump/elf/elf_layout.h"
#include "dump/elf/memory_copy.h"
#include "format/elf.h"
#include "format/vbox_core.h"
#include "util/stored.h"

namespace guestdump::dump {
namespace {

/// Program headers that are put together before they are written: 1 MiB of them.
constexpr size_t kHeadersAtOnce = (size_t{1} << 20) / sizeof(format::Elf64::Phdr);

template <format::ElfClass C>
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
    using Elf = format::Elf<C>;
    using Word = decltype(Elf::Phdr::offset);

    typename Elf::Ehdr file_header() const {
        typename Elf::Ehdr header{};
        std::copy_n(format::kElfMagic.data(), format::kElfMagic.size(), header.ident.begin());
        header.ident[format::kIdentClass] = static_cast<uint8_t>(C);
        header.ident[format::kIdentData] = format::kDataLittleEndian;
        header.ident[format::kIdentVersion] = format::kVersionCurrent;
        header.type = format::kTypeCore;
        header.machine = snapshot_.arch.machine;
        header.version = format::kVersionCurrent;
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
        if (snapshot_.blocks.find(mapping.phys)) header.filesz = header.memsz;
        // p_align stays 0: crash takes a page-aligned first segment with p_align 4096 for a netdump
        // file.
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

    /// Of a mapping's first byte in the file; each mapping lies in one block. One that lies in none
    /// has no bytes there, and the place where they would be.
    uint64_t offset_of(guest::Gpa phys) const {
        const guest::GuestPhysBlock* block = snapshot_.blocks.find_from(phys);
        if (!block) return layout_.size;
        const size_t index = static_cast<size_t>(block - snapshot_.blocks.view().data());
        if (!block->range.contains(phys)) return layout_.blocks[index];
        return layout_.blocks[index] + (phys.value - block->range.start.value);
    }

    /// ElfLayout has checked that offsets fit the class, paging_mappings() that virtual addresses
    /// do, and the class was chosen so that physical ones do.
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

Result<std::unique_ptr<VmcoreWriter>> make(const Snapshot& snapshot, unsigned threads,
                                           uint32_t load_flags) {
    ElfLayout layout = TRY(ElfLayout::of(snapshot));
    const unsigned count = thread_count(threads);
    std::unique_ptr<VmcoreWriter> writer;
    if (layout.elf_class == format::ElfClass::k64) {
        writer = std::make_unique<ElfWriter<format::ElfClass::k64>>(snapshot, std::move(layout),
                                                                    count, load_flags);
    } else {
        writer = std::make_unique<ElfWriter<format::ElfClass::k32>>(snapshot, std::move(layout),
                                                                    count, load_flags);
    }
    return writer;
}

}  // namespace

Result<std::unique_ptr<VmcoreWriter>> make_elf_writer(const Snapshot& snapshot, unsigned threads) {
    return make(snapshot, threads, 0);
}

Result<std::unique_ptr<VmcoreWriter>> make_vbox_writer(const Snapshot& snapshot, unsigned threads) {
    return make(snapshot, threads, format::kPfRead);
}

}  // namespace guestdump::dump
