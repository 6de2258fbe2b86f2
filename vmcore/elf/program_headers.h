// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cinttypes>
#include <span>
#include <vector>

#include "format/elf.h"
#include "vmcore/byte_source.h"
#include "vmcore/contents.h"

namespace guestdump::vmcore {

/// The program headers of a core file of class @C and byte order @O, from a guest or a process.
template <format::ElfClass C, std::endian O = std::endian::little>
class ProgramHeaders {
  public:
    using Ehdr = typename format::Elf<C, O>::Ehdr;
    using Phdr = typename format::Elf<C, O>::Phdr;
    using Shdr = typename format::Elf<C, O>::Shdr;

    /// Reads the program headers. With @partial, those beyond the end of @source are left out.
    ///
    /// Errors: not a core file of this class and byte order; headers that lie outside the file;
    /// more than kMost headers.
    static Result<ProgramHeaders> of(const ByteSource& source, bool partial = false) {
        const auto header = TRY(read_struct<Ehdr>(source, "the ELF header", 0));
        ProgramHeaders all(source, header);
        TRY(all.check());
        all.count_ = TRY(all.read_count());
        if (partial) all.leave_out_what_is_cut_off();
        TRY(check_inside(source, "the program header table", header.phoff,
                         all.count_ * sizeof(Phdr)));
        return all;
    }

    Machine machine() const { return {header_.machine, C, O}; }
    /// File offset of the program headers, bytes.
    uint64_t offset() const { return header_.phoff; }
    /// Number of program headers beyond the end of the file.
    uint64_t cut_off() const { return cut_off_; }
    const Ehdr& file_header() const { return header_; }

    /// Calls Result<> @each(uint64_t index, const Phdr&) for every program header in order; the
    /// first Error ends it.
    template <class Each>
    Result<> for_each(Each each) const {
        std::vector<Phdr> some(std::min(count_, kAtOnce));
        for (uint64_t first = 0; first < count_; first += some.size()) {
            const uint64_t now = std::min<uint64_t>(some.size(), count_ - first);
            const auto part = std::span(some).first(now);
            TRY(source_->read_at(header_.phoff + first * sizeof(Phdr),
                                 std::as_writable_bytes(part)));
            for (uint64_t i = 0; i < now; ++i) TRY(each(first + i, part[i]));
        }
        return {};
    }

  private:
    /// Limit on the number of program headers. It is more than the page tables of a dump with
    /// paging can give (MemoryMappingList's cap), so no writer exceeds it.
    static constexpr uint64_t kMost = uint64_t{1} << 23;

    /// Number of program headers read at a time.
    static constexpr uint64_t kAtOnce = 1024;

    ProgramHeaders(const ByteSource& source, const Ehdr& header)
        : source_(&source), header_(header) {}

    const char* name() const { return source_->name().c_str(); }

    Result<> check() const {
        if (header_.ident[format::kIdentClass] != static_cast<uint8_t>(C)) {
            return Error::make("'%s': e_ident[EI_CLASS] is %u, not %u", name(),
                               unsigned{header_.ident[format::kIdentClass]},
                               static_cast<unsigned>(C));
        }
        const unsigned data = header_.ident[format::kIdentData];
        if (data != format::data_of(O)) {
            return Error::make("'%s': e_ident[EI_DATA] is %u, not %u", name(), data,
                               unsigned{format::data_of(O)});
        }
        if (header_.type != format::kTypeCore) {
            return Error::make("'%s': e_type is %u, a core file has %u", name(),
                               unsigned{header_.type}, unsigned{format::kTypeCore});
        }
        if (machine().is_x86() && O == std::endian::big) {
            return Error::make("'%s': e_machine is %u (x86) in a big-endian file", name(),
                               unsigned{header_.machine});
        }
        if (header_.phnum != 0 && header_.phentsize != sizeof(Phdr)) {
            return Error::make("'%s': e_phentsize is %u, program headers have %zu bytes", name(),
                               unsigned{header_.phentsize}, sizeof(Phdr));
        }
        return {};
    }

    Result<uint64_t> read_count() const {
        uint64_t count = header_.phnum;
        if (count == format::kPnXnum) {
            if (header_.shoff == 0) {
                return Error::make(
                    "'%s': e_phnum is 0x%x, but there is no section 0 to tell the count", name(),
                    format::kPnXnum);
            }
            const auto section = TRY(read_struct<Shdr>(*source_, "section 0", header_.shoff));
            count = section.info;
        }
        if (count > kMost) {
            return Error::make("'%s': %" PRIu64 " program headers, at most %" PRIu64
                               " are believed",
                               name(), count, kMost);
        }
        return count;
    }

    void leave_out_what_is_cut_off() {
        const uint64_t size = source_->size();
        const uint64_t there = size - std::min<uint64_t>(header_.phoff, size);
        const uint64_t whole = std::min(count_, there / sizeof(Phdr));
        cut_off_ = count_ - whole;
        count_ = whole;
    }

    const ByteSource* source_;
    Ehdr header_;
    uint64_t count_ = 0;
    uint64_t cut_off_ = 0;
};

}  // namespace guestdump::vmcore
