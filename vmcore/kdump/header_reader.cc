// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/kdump/header_reader.h"

#include <algorithm>
#include <cinttypes>
#include <string_view>

#include "format/kdump.h"
#include "util/text.h"
#include "vmcore/contents.h"

namespace guestdump::vmcore {
namespace {

using format::ElfClass;

template <size_t N>
std::string text_of(const std::array<char, N>& field) {
    return std::string(field.begin(), std::find(field.begin(), field.end(), '\0'));
}

/// Whether the headers have @C's shape. In the other class's, where block_size would be there is
/// the time or max_mapnr, which may well look like a page size, but no sub_hdr_size behind it.
template <ElfClass C>
bool plausible(const typename format::Kdump<C>::MainHeader& header) {
    const uint32_t block = header.block_size;
    const bool power_of_two = block != 0 && (block & (block - 1)) == 0;
    return power_of_two && block >= 1024 && header.sub_hdr_size != 0 && header.bitmap_blocks != 0;
}

template <class Names>
guest::Utsname utsname_of(const Names& name) {
    return {text_of(name.sysname), text_of(name.nodename), text_of(name.release),
            text_of(name.version), text_of(name.machine),  text_of(name.domainname)};
}

Error other_machine(const ByteSource& source, const guest::Utsname& name, const char* order) {
    return Error::make(
        "'%s' is a kdump-compressed vmcore of %s %s, machine %s%s: only x86 is known",
        source.name().c_str(), name.sysname.c_str(), name.release.c_str(), name.machine.c_str(),
        order);
}

/// The version as a big-endian machine writes it, if this is a header of one.
bool is_big_endian(const format::Kdump64::MainHeader& header) {
    const uint32_t version = header.header_version;
    return version != 0 && (version & 0x00ffffff) == 0;
}

template <ElfClass C>
class HeaderReader {
  public:
    using MainHeader = typename format::Kdump<C>::MainHeader;
    using SubHeader = typename format::Kdump<C>::SubHeader;

    HeaderReader(const ByteSource& source, const MainHeader& main) : source_(source), main_(main) {}

    Result<KdumpHeader> read() {
        header_.elf_class = C;
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
        TRY(place_areas());
        return std::move(header_);
    }

  private:
    const char* name() const { return source_.name().c_str(); }

    /// A version that is not known keeps nobody from the memory: all that changed so far are fields
    /// that were added at the end of the sub header.
    void check_version() {
        const auto stated = static_cast<int32_t>(header_.version);
        if (stated >= 1 && header_.version <= format::kKdumpVersion) return;
        header_.warnings.push_back(
            util::text("header version %d, 1 to %u are known", stated, format::kKdumpVersion));
        header_.version = stated < 0 ? 0 : std::min(header_.version, format::kKdumpVersion);
    }

    Result<> check_main() const {
        const std::string& machine = header_.utsname.machine;
        if (!machine.empty() && machine != "x86_64" && !is_i386_name(machine))
            return other_machine(source_, header_.utsname, "");
        if (main_.block_size != kPageSize) {
            return Error::make("'%s': block size %u, x86 has pages of %u bytes", name(),
                               uint32_t{main_.block_size}, kPageSize);
        }
        return {};
    }

    Result<> read_sub() {
        const auto sub = TRY(read_struct<SubHeader>(source_, "the sub header", kPageSize));
        header_.phys_base = sub.phys_base;
        if (header_.version >= 1) header_.dump_level = sub.dump_level;
        if (header_.version >= 2 && sub.split != 0) return refuse_split(sub);
        if (header_.version >= 3) {
            header_.vmcoreinfo_offset = sub.offset_vmcoreinfo;
            header_.vmcoreinfo_size = sub.size_vmcoreinfo;
        }
        if (header_.version >= 4) {
            header_.note_offset = sub.offset_note;
            header_.note_size = sub.size_note;
        }
        header_.max_mapnr =
            header_.version >= 6 ? uint64_t{sub.max_mapnr_64} : uint64_t{main_.max_mapnr};
        return {};
    }

    Error refuse_split(const SubHeader& sub) const {
        const bool wide = header_.version >= 6;
        const uint64_t start = wide ? uint64_t{sub.start_pfn_64} : uint64_t{sub.start_pfn};
        const uint64_t end = wide ? uint64_t{sub.end_pfn_64} : uint64_t{sub.end_pfn};
        return Error::make("'%s' is one file of a split set, with pages 0x%" PRIx64 " to 0x%" PRIx64
                           "; put the set together first (makedumpfile --reassemble)",
                           name(), start, end);
    }

    /// Notes that cannot be read cost the notes, not the memory.
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
        if (header_.max_mapnr > kMaxPhysicalAddress / kPageSize) {
            return Error::make("'%s': max_mapnr is 0x%" PRIx64
                               ", where x86 has no more than 0x%" PRIx64 " page frames",
                               name(), header_.max_mapnr, kMaxPhysicalAddress / kPageSize);
        }
        // Products of 32-bit numbers and a page size: they fit 64 bits.
        const uint64_t bitmap_bytes = uint64_t{main_.bitmap_blocks} / 2 * kPageSize;
        if (bitmap_bytes * 8 < header_.max_mapnr) {
            return Error::make("'%s': %u blocks of bitmaps are too few for max_mapnr 0x%" PRIx64,
                               name(), uint32_t{main_.bitmap_blocks}, header_.max_mapnr);
        }
        header_.bitmap1 = (1 + uint64_t{main_.sub_hdr_size}) * kPageSize;
        header_.bitmap2 = header_.bitmap1 + bitmap_bytes;
        header_.descriptors = header_.bitmap1 + uint64_t{main_.bitmap_blocks} * kPageSize;
        return check_inside(source_, "bitmaps", header_.bitmap1,
                            header_.descriptors - header_.bitmap1);
    }

    const ByteSource& source_;
    const MainHeader& main_;
    KdumpHeader header_;
};

}  // namespace

bool is_i386_name(const std::string& machine) {
    return machine.size() == 4 && machine[0] == 'i' && machine.substr(2) == "86";
}

bool is_kdump(const ByteSource& source) {
    std::array<char, format::kKdumpSignature.size()> signature{};
    return source.size() >= signature.size() &&
           bool(source.read_at(0, std::as_writable_bytes(std::span(signature)))) &&
           std::equal(signature.begin(), signature.end(), format::kKdumpSignature.begin());
}

Result<KdumpHeader> read_kdump_header(const ByteSource& source) {
    constexpr const char* kWhat = "the kdump header";
    const auto wide = TRY(read_struct<format::Kdump64::MainHeader>(source, kWhat, 0));
    if (is_big_endian(wide)) return other_machine(source, utsname_of(wide.utsname), ", big-endian");
    if (plausible<ElfClass::k64>(wide)) return HeaderReader<ElfClass::k64>(source, wide).read();
    const auto narrow = TRY(read_struct<format::Kdump32::MainHeader>(source, kWhat, 0));
    if (plausible<ElfClass::k32>(narrow)) return HeaderReader<ElfClass::k32>(source, narrow).read();
    return Error::make("'%s': neither a 64-bit kdump header (block size %u) nor a 32-bit one (%u)",
                       source.name().c_str(), uint32_t{wide.block_size},
                       uint32_t{narrow.block_size});
}

}  // namespace guestdump::vmcore
