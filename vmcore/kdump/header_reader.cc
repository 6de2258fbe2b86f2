// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/header_reader.h"

#include <algorithm>
#include <bit>
#include <cinttypes>
#include <optional>
#include <string_view>

#include "format/kdump.h"
#include "util/text.h"
#include "vmcore/contents.h"
#include "vmcore/machine.h"

namespace guestdump::vmcore {
namespace {

using format::ElfClass;

template <size_t N>
std::string text_of(const std::array<char, N>& field) {
    return std::string(field.begin(), std::find(field.begin(), field.end(), '\0'));
}

/// Returns whether the headers can be those of class @C. In headers of the other class, block_size
/// falls on the time or on max_mapnr, which may look like a page size, but the next field cannot
/// look like sub_hdr_size.
template <class MainHeader>
bool plausible(const MainHeader& header) {
    const uint32_t block = header.block_size;
    return std::has_single_bit(block) && block >= kLeastPageSize && header.sub_hdr_size != 0 &&
           header.bitmap_blocks != 0;
}

template <class Names>
guest::Utsname utsname_of(const Names& name) {
    return {text_of(name.sysname), text_of(name.nodename), text_of(name.release),
            text_of(name.version), text_of(name.machine),  text_of(name.domainname)};
}

/// The byte order of a header, by its version, which is small.
std::endian order_of(const format::Kdump64::MainHeader& header) {
    const uint32_t version = header.header_version;
    return version != 0 && (version & 0x00ffffff) == 0 ? std::endian::big : std::endian::little;
}

template <ElfClass C, std::endian O>
class HeaderReader {
  public:
    using MainHeader = typename format::Kdump<C, O>::MainHeader;
    using SubHeader = typename format::Kdump<C, O>::SubHeader;
    using PaddedSubHeader = typename format::Kdump<C, O, true>::SubHeader;

    HeaderReader(const ByteSource& source, const MainHeader& main) : source_(source), main_(main) {}

    Result<KdumpHeader> read() {
        header_.elf_class = C;
        header_.order = O;
        header_.page_size = main_.block_size;
        header_.version = main_.header_version;
        header_.status = main_.status;
        header_.seconds = main_.seconds;
        header_.cpu_count = main_.nr_cpus;
        header_.utsname = utsname_of(main_.utsname);
        check_version();
        TRY(check_main());
        TRY(read_sub());
        check_notes("the notes", header_.note_offset, header_.note_size);
        check_notes("VMCOREINFO", header_.vmcoreinfo_offset, header_.vmcoreinfo_size);
        check_notes("erase info", header_.erase_info_offset, header_.erase_info_size);
        TRY(place_areas());
        return std::move(header_);
    }

  private:
    const char* name() const { return source_.name().c_str(); }
    uint32_t page_size() const { return header_.page_size; }

    /// An unknown version is only a warning: all changes so far added fields at the end of the sub
    /// header.
    void check_version() {
        const auto stated = static_cast<int32_t>(header_.version);
        if (stated >= 1 && header_.version <= format::kKdumpVersion) return;
        header_.warnings.push_back(
            util::text("header version %d, 1 to %u are known", stated, format::kKdumpVersion));
        header_.version = stated < 0 ? 0 : std::min(header_.version, format::kKdumpVersion);
    }

    Result<> check_main() const {
        const Machine machine{machine_number(header_.utsname.machine, C), C, O};
        if (machine.is_x86() && O == std::endian::big) {
            return Error::make("'%s': utsname has the machine %s, but the file is big-endian",
                               name(), header_.utsname.machine.c_str());
        }
        if (machine.is_x86() && page_size() != kPageSize) {
            return Error::make("'%s': block size %u, x86 has pages of %u bytes", name(),
                               page_size(), kPageSize);
        }
        if (page_size() > kMostPageSize) {
            return Error::make("'%s': block size %u, pages have at most %u bytes", name(),
                               page_size(), kMostPageSize);
        }
        return {};
    }

    Result<> read_sub() {
        constexpr const char* kWhat = "the sub header";
        const auto packed = TRY(read_struct<SubHeader>(source_, kWhat, page_size()));
        if (C == ElfClass::k64 || header_.version < 3 || fits(packed)) return take_sub(packed);
        // Nothing in the file records which of the two forms it has.
        const auto padded = read_struct<PaddedSubHeader>(source_, kWhat, page_size());
        return padded && fits(*padded) ? take_sub(*padded) : take_sub(packed);
    }

    /// True if @sub makes sense: the two forms of a sub header have no field in common after the
    /// page frame numbers of version 2.
    template <class Sub>
    bool fits(const Sub& sub) const {
        const bool same_count =
            !has_max_mapnr(sub) || static_cast<uint32_t>(sub.max_mapnr_64) == main_.max_mapnr;
        return same_count && areas_fit(sub);
    }

    /// True if VMCOREINFO and notes are absent, or lie between the sub header and the bitmaps.
    template <class Sub>
    bool areas_fit(const Sub& sub) const {
        const uint64_t bitmaps = (1 + uint64_t{main_.sub_hdr_size}) * page_size();
        const auto inside = [&](uint64_t offset, uint64_t size) {
            if (offset == 0) return size == 0;
            return offset > page_size() && offset <= bitmaps && size <= bitmaps - offset;
        };
        return inside(sub.offset_vmcoreinfo, sub.size_vmcoreinfo) &&
               (header_.version < 4 || inside(sub.offset_note, sub.size_note));
    }

    /// False if the version has no max_mapnr_64, or its place is taken by the notes of a writer
    /// that did not know all fields.
    template <class Sub>
    bool has_max_mapnr(const Sub& sub) const {
        const auto after = [&](uint64_t offset, uint64_t size) {
            return size == 0 || offset < page_size() || offset - page_size() >= sizeof(Sub);
        };
        return header_.version >= 6 && after(sub.offset_note, sub.size_note) &&
               after(sub.offset_vmcoreinfo, sub.size_vmcoreinfo);
    }

    template <class Sub>
    Result<> take_sub(const Sub& sub) {
        header_.phys_base = sub.phys_base;
        if (header_.version >= 1) header_.dump_level = sub.dump_level;
        if (header_.version >= 2 && sub.split != 0) header_.split = split_pages(sub);
        if (header_.version >= 3) {
            header_.vmcoreinfo_offset = sub.offset_vmcoreinfo;
            header_.vmcoreinfo_size = sub.size_vmcoreinfo;
        }
        if (header_.version >= 4) {
            header_.note_offset = sub.offset_note;
            header_.note_size = sub.size_note;
        }
        if (header_.version >= 5) {
            header_.erase_info_offset = sub.offset_eraseinfo;
            header_.erase_info_size = sub.size_eraseinfo;
        }
        header_.max_mapnr =
            has_max_mapnr(sub) ? uint64_t{sub.max_mapnr_64} : uint64_t{main_.max_mapnr};
        return {};
    }

    template <class Sub>
    SplitPages split_pages(const Sub& sub) const {
        if (header_.version >= 6) return {sub.start_pfn_64, sub.end_pfn_64};
        return {sub.start_pfn, sub.end_pfn};
    }

    /// If notes cannot be read, memory still can.
    void check_notes(const char* what, uint64_t& offset, uint64_t& size) {
        if (size == 0) return;
        Result<> inside = check_inside(source_, what, offset, size);
        if (inside && size > kMaxNotes) {
            inside = Error::make("%" PRIu64 " bytes of %s, at most %" PRIu64 " are believed", size,
                                 what, kMaxNotes);
        }
        if (inside) return;
        header_.warnings.push_back(inside.error().message());
        offset = size = 0;
    }

    Result<> place_areas() {
        const uint64_t page = page_size();
        if (header_.max_mapnr > kMaxPhysicalAddress / page) {
            return Error::make("'%s': max_mapnr is 0x%" PRIx64
                               ", addresses of 52 bits have no more than 0x%" PRIx64 " page frames",
                               name(), header_.max_mapnr, kMaxPhysicalAddress / page);
        }
        // Products of 32-bit numbers and a page size fit into 64 bits.
        const uint64_t bitmap_bytes = uint64_t{main_.bitmap_blocks} / 2 * page;
        if (bitmap_bytes * 8 < header_.max_mapnr) {
            return Error::make("'%s': %u blocks of bitmaps are too few for max_mapnr 0x%" PRIx64,
                               name(), uint32_t{main_.bitmap_blocks}, header_.max_mapnr);
        }
        header_.bitmap1 = (1 + uint64_t{main_.sub_hdr_size}) * page;
        header_.bitmap2 = header_.bitmap1 + bitmap_bytes;
        header_.descriptors = header_.bitmap1 + uint64_t{main_.bitmap_blocks} * page;
        return check_inside(source_, "bitmaps", header_.bitmap1,
                            header_.descriptors - header_.bitmap1);
    }

    const ByteSource& source_;
    const MainHeader& main_;
    KdumpHeader header_;
};

}  // namespace

bool is_kdump(const ByteSource& source) {
    std::array<char, format::kKdumpSignature.size()> signature{};
    return source.size() >= signature.size() &&
           bool(source.read_at(0, std::as_writable_bytes(std::span(signature)))) &&
           std::equal(signature.begin(), signature.end(), format::kKdumpSignature.begin());
}

Result<KdumpHeader> read_kdump_header(const ByteSource& source) {
    constexpr const char* kWhat = "the kdump header";
    const auto wide = TRY(read_struct<format::Kdump64::MainHeader>(source, kWhat, 0));
    const std::endian order = order_of(wide);
    std::optional<Result<KdumpHeader>> header;
    for (const ElfClass elf_class : {ElfClass::k64, ElfClass::k32}) {
        const auto read = [&]<ElfClass C, std::endian O>(format::Layout<C, O>) -> Result<> {
            using MainHeader = typename format::Kdump<C, O>::MainHeader;
            const auto main = TRY(read_struct<MainHeader>(source, kWhat, 0));
            if (plausible(main)) header.emplace(HeaderReader<C, O>(source, main).read());
            return {};
        };
        TRY(format::with_layout(elf_class, order, read));
        if (header) return std::move(*header);
    }
    const auto narrow = TRY(read_struct<format::Kdump32::MainHeader>(source, kWhat, 0));
    return Error::make("'%s': neither a 64-bit kdump header (block size %u) nor a 32-bit one (%u)",
                       source.name().c_str(), uint32_t{wide.block_size},
                       uint32_t{narrow.block_size});
}

}  // namespace guestdump::vmcore
