// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/kdump/kdump_header.h"

#include <algorithm>
#include <cstring>

#include "format/kdump.h"
#include "util/stored.h"

namespace guestdump::dump {
namespace {

using Text = format::Kdump64::Utsname::Text;

Text text_of(const std::string& value) {
    Text text{};
    std::copy_n(value.begin(), std::min(value.size(), text.size() - 1), text.begin());
    return text;
}

uint32_t cut_to_32_bits(uint64_t value) {
    return static_cast<uint32_t>(std::min<uint64_t>(value, UINT32_MAX));
}

template <format::ElfClass C, std::endian O, bool Padded>
struct Headers {
    using Main = typename format::Kdump<C, O, Padded>::MainHeader;
    using Sub = typename format::Kdump<C, O, Padded>::SubHeader;
    using Long = typename format::Kdump<C, O, Padded>::Long;

    /// Cuts @value off to 32 bits in a 32-bit header; KdumpLayout has refused values for which this
    /// matters.
    static Long long_of(uint64_t value) {
        if constexpr (C == format::ElfClass::k64)
            return value;
        else
            return static_cast<uint32_t>(value);
    }

    static Main main(const Snapshot& snapshot, Compression compression, const KdumpLayout& layout) {
        const guest::Utsname& name = snapshot.utsname;
        Main header{};
        std::copy_n(format::kKdumpSignature.data(), format::kKdumpSignature.size(),
                    header.signature.begin());
        header.header_version = format::kKdumpVersion;
        header.utsname = {text_of(name.sysname), text_of(name.nodename), text_of(name.release),
                          text_of(name.version), text_of(name.machine),  text_of(name.domainname)};
        header.status = compression_flag(compression);
        header.block_size = static_cast<uint32_t>(layout.page_size);
        header.sub_hdr_size = layout.sub_header_blocks;
        header.bitmap_blocks = layout.bitmap_blocks;
        header.max_mapnr = cut_to_32_bits(layout.max_mapnr);
        header.nr_cpus = snapshot.cpu_count;
        return header;
    }

    static Sub sub(const Snapshot& snapshot, uint32_t dump_level, const KdumpLayout& layout) {
        Sub header{};
        header.phys_base = long_of(snapshot.arch.phys_base.value);
        header.dump_level = dump_level;
        if (const auto& part = snapshot.vmcoreinfo_part) {
            header.offset_vmcoreinfo = layout.notes + part->offset;
            header.size_vmcoreinfo = long_of(part->size);
        } else if (Padded) {
            // libkdumpfile takes the form for i386's if the first 12 bytes of these fields are 0.
            header.offset_vmcoreinfo = layout.notes;
        }
        if (const auto& part = snapshot.erase_info_part) {
            header.offset_eraseinfo = layout.notes + part->offset;
            header.size_eraseinfo = long_of(part->size);
        }
        header.offset_note = layout.notes;
        header.size_note = long_of(snapshot.kdump_note_size);
        header.max_mapnr_64 = layout.max_mapnr;
        return header;
    }
};

template <class Headers>
std::vector<std::byte> put_together(const Snapshot& snapshot, Compression compression,
                                    uint32_t dump_level, const KdumpLayout& layout) {
    std::vector<std::byte> bytes(layout.bitmap1);
    const auto main = Headers::main(snapshot, compression, layout);
    const auto sub = Headers::sub(snapshot, dump_level, layout);
    std::memcpy(bytes.data(), &main, sizeof(main));
    std::memcpy(bytes.data() + layout.sub_header, &sub, sizeof(sub));
    std::copy(snapshot.notes.begin(), snapshot.notes.end(),
              bytes.begin() + static_cast<ptrdiff_t>(layout.notes));
    return bytes;
}

}  // namespace

uint32_t compression_flag(Compression compression) {
    switch (compression) {
        case Compression::zlib:
            return format::kPageZlib;
        case Compression::lzo:
            return format::kPageLzo;
        case Compression::snappy:
            return format::kPageSnappy;
        case Compression::zstd:
            break;
    }
    return format::kPageZstd;
}

std::vector<std::byte> kdump_header(const Snapshot& snapshot, Compression compression,
                                    uint32_t dump_level, const KdumpLayout& layout) {
    return format::with_layout(layout.elf_class, layout.order,
                               [&]<format::ElfClass C, std::endian O>(format::Layout<C, O>) {
                                   return layout.padded
                                              ? put_together<Headers<C, O, true>>(
                                                    snapshot, compression, dump_level, layout)
                                              : put_together<Headers<C, O, false>>(
                                                    snapshot, compression, dump_level, layout);
                               });
}

}  // namespace guestdump::dump
