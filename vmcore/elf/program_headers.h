// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cinttypes>
#include <span>
#include <vector>

#include "format/elf.h"
#include "vmcore/byte_source.h"
#include "vmcore/elf/machine_name.h"

namespace guestdump::vmcore {

/// The program headers of a core file of class @C, of a guest or of a process.
template <format::ElfClass C>
class ProgramHeaders {
  public:
    using Ehdr = typename format::Elf<C>::Ehdr;
    using Phdr = typename format::Elf<C>::Phdr;
    using Shdr = typename format::Elf<C>::Shdr;

    /// With @partial, program headers beyond the end of @source are left out.
    ///
    /// Errors: not a little-endian x86 core file, its headers lead outside of it, or there are more
    /// than anyone would write.
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

    uint16_t machine() const { return header_.machine; }
    /// Where they begin, bytes.
    uint64_t offset() const { return header_.phoff; }
    /// How many lie beyond the end of the file.
    uint64_t cut_off() const { return cut_off_; }
    const Ehdr& file_header() const { return header_; }

    /// Calls Result<> @each(uint64_t index, const Phdr&) for every one, in their order; the first
    /// Error ends it.
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
    /// More than the page tables of a dump with paging can give (MemoryMappingList's cap), so
    /// nobody writes more.
    static constexpr uint64_t kMost = uint64_t{1} << 23;

    /// Read so many at a time.
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
        if (data == format::kDataBigEndian) {
            const unsigned machine = header_.machine;
            const auto swapped = static_cast<uint16_t>(machine << 8 | machine >> 8);
            return Error::make(
                "'%s': e_ident[EI_DATA] is %u, big-endian, and e_machine %u (%s); "
                "only x86 is known",
                name(), data, unsigned{swapped}, machine_name(swapped).c_str());
        }
        if (data != format::kDataLittleEndian) {
            return Error::make("'%s': e_ident[EI_DATA] is %u, only %u (little-endian) is known",
                               name(), data, unsigned{format::kDataLittleEndian});
        }
        if (header_.type != format::kTypeCore) {
            return Error::make("'%s': e_type is %u, a core file has %u", name(),
                               unsigned{header_.type}, unsigned{format::kTypeCore});
        }
        if (header_.machine != format::kEmX86_64 && header_.machine != format::kEm386) {
            return Error::make("'%s': e_machine is %u (%s), only x86 (%u and %u) is known", name(),
                               unsigned{header_.machine}, machine_name(header_.machine).c_str(),
                               unsigned{format::kEm386}, unsigned{format::kEmX86_64});
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
