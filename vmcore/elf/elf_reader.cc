// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/elf/elf_reader.h"

#include <algorithm>
#include <bit>
#include <cinttypes>

#include "format/elf.h"
#include "format/filter_note.h"
#include "guest/zero_region.h"
#include "util/text.h"
#include "vmcore/elf/program_headers.h"
#include "vmcore/file_region.h"
#include "vmcore/page_size.h"

namespace guestdump::vmcore {
namespace {

using format::ElfClass;

/// The bytes of memory [paddr, paddr + size) lie at @offset in the file.
struct LoadedBytes {
    uint64_t paddr, size, offset;
    uint64_t end() const { return paddr + size; }
};

/// PT_LOADs that are unusual in the same way. A file can have any number of them, so they are
/// reported in one line.
struct OddLoads {
    uint64_t count = 0, bytes = 0;
    uint64_t first = 0;  ///< number of the first program header

    void add(uint64_t index, uint64_t size) {
        if (count++ == 0) first = index;
        bytes += size;
    }

    void report(const char* what, std::vector<std::string>& warnings) const {
        if (count == 0) return;
        warnings.push_back(util::text("%" PRIu64 " PT_LOAD of 0x%" PRIx64
                                      " bytes %s, the first is program header %" PRIu64,
                                      count, bytes, what, first));
    }
};

/// Reads a file of one class and byte order.
template <ElfClass C, std::endian O>
class ElfReader {
  public:
    ElfReader(std::shared_ptr<const ByteSource> source, OpenOptions options)
        : source_(std::move(source)), options_(options) {}

    Result<Contents> read() {
        const auto headers = TRY((ProgramHeaders<C, O>::of(*source_, options_.partial)));
        contents_.format = C == ElfClass::k64 ? "ELF64" : "ELF32";
        contents_.machine = headers.machine();
        if (!contents_.machine.is_x86()) contents_.elf_flags = headers.file_header().flags;
        contents_.elf_shape = ElfShape{.program_headers = headers.offset(),
                                       .section_headers = headers.file_header().shoff,
                                       .stated_header_size = headers.file_header().ehsize};
        TRY(headers.for_each(
            [this](uint64_t index, const Phdr& segment) { return add_segment(index, segment); }));
        oversized_.report("taken whole: p_filesz is more than p_memsz", contents_.warnings);
        no_address_.report("skipped: no physical address (p_paddr is -1)", contents_.warnings);
        beyond_.report("skipped: physical addresses have 52 bits at most", contents_.warnings);
        if (headers.cut_off() != 0) {
            contents_.warnings.push_back(
                util::text("%" PRIu64 " program headers are missing: the file was cut off",
                           headers.cut_off()));
        }
        find_page_size();
        TRY(build_blocks());
        TRY(add_zero_blocks());
        find_absent();
        return std::move(contents_);
    }

  private:
    using Phdr = typename ProgramHeaders<C, O>::Phdr;
    /// p_paddr of memory whose physical address was unknown to the writer. [linux fs/proc/kcore.c]
    static constexpr uint64_t kNoAddress = C == ElfClass::k64 ? UINT64_MAX : UINT32_MAX;

    static constexpr uint32_t kLeastPageShift = std::countr_zero(kLeastPageSize);
    static constexpr uint32_t kMostPageShift = std::countr_zero(kMostPageSize);

    const char* name() const { return source_->name().c_str(); }

    Result<> add_segment(uint64_t index, const Phdr& segment) {
        if (segment.type != format::kPtLoad && segment.type != format::kPtNote) return {};
        if (segment.type == format::kPtLoad) {
            add_left_out(segment);
            page_shift_ = (segment.flags & format::kPfPageShiftMask) >> format::kPfPageShiftAt;
        }
        if (segment.filesz == 0) return {};  // not in the file, whatever p_offset is
        Result<> added =
            segment.type == format::kPtLoad ? add_load(index, segment) : add_notes(segment);
        if (!added) return std::move(added).take_error().while_("program header %" PRIu64, index);
        return {};
    }

    void add_left_out(const Phdr& segment) {
        const uint64_t paddr = segment.paddr, filesz = segment.filesz, memsz = segment.memsz;
        if (memsz <= filesz || paddr == kNoAddress) return;
        if (paddr > kMaxPhysicalAddress || memsz > kMaxPhysicalAddress - paddr) return;
        const guest::GpaRange rest{guest::Gpa{paddr + filesz}, memsz - filesz};
        if ((segment.flags & format::kPfZero) != 0) {
            zero_.push_back(rest);
            return;
        }
        left_out_.push_back(rest);
        if (filesz == 0 && (segment.flags & format::kPfLeftOut) == 0) no_bytes_.push_back(rest);
    }

    /// Returns how many of the segment's bytes are in the file.
    Result<uint64_t> bytes_there(const char* what, const Phdr& segment) const {
        const uint64_t offset = segment.offset, filesz = segment.filesz, size = source_->size();
        if (options_.partial) return std::min(filesz, size - std::min(offset, size));
        TRY(check_inside(*source_, what, offset, filesz));
        return filesz;
    }

    Result<> add_load(uint64_t index, const Phdr& segment) {
        const uint64_t paddr = segment.paddr, size = segment.filesz;
        const uint64_t there = TRY(bytes_there("PT_LOAD", segment));
        if (size > segment.memsz) oversized_.add(index, size);
        if (paddr == kNoAddress) {
            no_address_.add(index, size);
            return {};
        }
        if (paddr > kMaxPhysicalAddress || size > kMaxPhysicalAddress - paddr) {
            beyond_.add(index, size);
            return {};
        }
        // No reader can use part of a page.
        const uint64_t page = usual_page_size(contents_.machine);
        const uint64_t end = there == size ? paddr + size : (paddr + there) / page * page;
        const uint64_t kept = std::max(end, paddr) - paddr;
        if (kept > 0) loaded_.push_back({.paddr = paddr, .size = kept, .offset = segment.offset});
        if (kept < size) missing_.push_back({guest::Gpa{paddr + kept}, size - kept});
        return {};
    }

    Result<> add_notes(const Phdr& segment) {
        const uint64_t before = contents_.notes.size(), size = segment.filesz;
        const uint64_t there = TRY(bytes_there("PT_NOTE", segment));
        if (size > kMaxNotes - before) {
            return Error::make("'%s': %" PRIu64 " bytes of notes, at most %" PRIu64 " are believed",
                               name(), before + size, kMaxNotes);
        }
        if (there < size) {
            contents_.warnings.push_back(util::text("%" PRIu64 " of %" PRIu64
                                                    " bytes of notes are missing: the file was "
                                                    "cut off",
                                                    size - there, size));
        }
        if (there == 0) return {};
        contents_.notes.resize(before + there);
        return source_->read_at(segment.offset, std::span(contents_.notes).subspan(before));
    }

    /// Only guestdump records the page size in ELF; VMCOREINFO has the kernel's.
    void find_page_size() {
        if (contents_.machine.is_x86()) return;
        std::optional<uint32_t> recorded = page_size_of(split_notes(contents_.notes, O));
        if (page_shift_ >= kLeastPageShift && page_shift_ <= kMostPageShift)
            recorded = uint32_t{1} << page_shift_;
        contents_.page_size = recorded.value_or(usual_page_size(contents_.machine));
        const auto unaligned = [this](const LoadedBytes& part) {
            return (part.paddr | part.size) % contents_.page_size != 0;
        };
        if (!recorded && std::any_of(loaded_.begin(), loaded_.end(), unaligned))
            contents_.page_size = kPageSize;
    }

    /// Adds the union of the loaded parts in ascending order: each part adds only what lies beyond
    /// the previous ones. If several begin at one address, the first in the file comes first.
    Result<> build_blocks() {
        std::stable_sort(
            loaded_.begin(), loaded_.end(),
            [](const LoadedBytes& a, const LoadedBytes& b) { return a.paddr < b.paddr; });
        const auto region = std::make_shared<const FileRegion>(source_);
        uint64_t reached = 0;
        for (const LoadedBytes& part : loaded_) {
            if (part.end() <= reached) continue;
            const uint64_t from = std::max(part.paddr, reached);
            TRY(contents_.blocks.add({.range = {guest::Gpa{from}, part.end() - from},
                                      .region = region,
                                      .offset = part.offset + (from - part.paddr)}));
            reached = part.end();
        }
        return {};
    }

    /// Adds memory that is known to be zero, unless another header has it in the file.
    Result<> add_zero_blocks() {
        if (zero_.empty()) return {};
        const auto region = std::make_shared<const guest::ZeroRegion>();
        contents_.zero = ranges_without(joined(std::move(zero_)), ranges_of(contents_.blocks));
        for (const guest::GpaRange& range : contents_.zero) {
            TRY(contents_.blocks.add(
                {.range = range, .region = region, .offset = range.start.value}));
        }
        return {};
    }

    /// Subtracts the memory that another header has in the file.
    void find_absent() {
        const RangeList stored = ranges_of(contents_.blocks);
        contents_.missing = ranges_without(joined(std::move(missing_)), stored);
        contents_.left_out =
            ranges_without(ranges_without(joined(std::move(left_out_)), stored), contents_.missing);
        contents_.without_bytes = common_ranges(joined(std::move(no_bytes_)), contents_.left_out);
    }

    std::shared_ptr<const ByteSource> source_;
    Contents contents_;
    OpenOptions options_;
    std::vector<LoadedBytes> loaded_;
    std::vector<guest::GpaRange> missing_, left_out_, zero_, no_bytes_;
    uint32_t page_shift_ = 0;  ///< as recorded in p_flags
    OddLoads oversized_, no_address_, beyond_;
};

}  // namespace

bool is_elf(const ByteSource& source) {
    std::array<char, format::kElfMagic.size()> magic{};
    return source.size() >= magic.size() &&
           bool(source.read_at(0, std::as_writable_bytes(std::span(magic)))) &&
           std::equal(magic.begin(), magic.end(), format::kElfMagic.begin());
}

Result<Contents> read_elf(const std::shared_ptr<const ByteSource>& source, OpenOptions options) {
    const auto ident =
        TRY((read_struct<std::array<uint8_t, format::kIdentSize>>(*source, "e_ident", 0)));
    const unsigned elf_class = ident[format::kIdentClass], data = ident[format::kIdentData];
    if (elf_class != static_cast<uint8_t>(ElfClass::k64) &&
        elf_class != static_cast<uint8_t>(ElfClass::k32)) {
        return Error::make("'%s': e_ident[EI_CLASS] is %u, 1 and 2 are known",
                           source->name().c_str(), elf_class);
    }
    if (data != format::kDataLittleEndian && data != format::kDataBigEndian) {
        return Error::make("'%s': e_ident[EI_DATA] is %u, 1 and 2 are known",
                           source->name().c_str(), data);
    }
    const auto order = data == format::kDataBigEndian ? std::endian::big : std::endian::little;
    return format::with_layout(
        static_cast<ElfClass>(elf_class), order,
        [&]<ElfClass C, std::endian O>(format::Layout<C, O>) -> Result<Contents> {
            return ElfReader<C, O>(source, options).read();
        });
}

}  // namespace guestdump::vmcore
