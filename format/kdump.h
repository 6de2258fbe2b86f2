// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "format/elf.h"
#include "util/stored.h"

/// The kdump-compressed format as it lies on disk, little-endian. [makedumpfile IMPLEMENTATION,
/// diskdump_mod.h]
///
/// A file is counted in blocks of block_size bytes: main header in block 0, sub header and the
/// notes from block 1, bitmap 1 and bitmap 2 behind them, then one PageDesc for each page of bitmap
/// 2 in the order of page frame numbers, then page data, which is not aligned. In a bitmap the page
/// frame number pfn is bit pfn & 7 of byte pfn >> 3.

namespace guestdump::format {

inline constexpr std::string_view kKdumpSignature = "KDUMP   ";
inline constexpr uint32_t kKdumpVersion = 6;  ///< the first with 64-bit page frame numbers

// Bits of MainHeader::status: which compressions occur, and what is wrong with the file.
inline constexpr uint32_t kStatusZlib = 0x1;
inline constexpr uint32_t kStatusLzo = 0x2;
inline constexpr uint32_t kStatusSnappy = 0x4;
inline constexpr uint32_t kStatusIncomplete = 0x8;  ///< the target was full before the dump ended
inline constexpr uint32_t kStatusExcludedVmemmap = 0x10;  ///< makedumpfile -e
inline constexpr uint32_t kStatusZstd = 0x20;

// PageDesc::flags: how the page is stored; 0 means as it is, block_size bytes.
inline constexpr uint32_t kPageRaw = 0;
inline constexpr uint32_t kPageZlib = 0x1;  ///< a zlib stream (RFC 1950)
inline constexpr uint32_t kPageLzo = 0x2;   ///< lzo1x
inline constexpr uint32_t kPageSnappy = 0x4;
inline constexpr uint32_t kPageZstd = 0x20;

// SubHeader::dump_level: kinds of pages that were left out. QEMU says 1 though its zero pages are
// all there.
inline constexpr uint32_t kDumpLevelExcludeZero = 1;

/// The headers of one class; the class is that of the machine that wrote the file, or of the ELF
/// file that the same guest would get.
///
/// The 32-bit sub header is the one of i386, where a 64-bit integer is aligned to 4 bytes. ARM,
/// MIPS and PowerPC pad it; no x86 guest needs that.
template <ElfClass C>
struct Kdump {
    static constexpr bool kIs64 = C == ElfClass::k64;

    using Word = util::le32;
    /// `unsigned long` on the machine that the format was born on.
    using Long = std::conditional_t<kIs64, util::le64, util::le32>;

    /// Six strings, NUL-terminated. [linux include/uapi/linux/utsname.h]
    struct Utsname {
        using Text = std::array<char, 65>;
        Text sysname{}, nodename{}, release{}, version{}, machine{}, domainname{};
    };

    struct MainHeader {
        std::array<char, 8> signature{};
        Word header_version;
        Utsname utsname;
        std::array<uint8_t, kIs64 ? 6 : 2> pad{};
        Long seconds, microseconds;  ///< when the dump was made
        Word status;
        Word block_size;     ///< bytes, the page size
        Word sub_hdr_size;   ///< blocks: sub header and notes
        Word bitmap_blocks;  ///< blocks of both bitmaps
        Word max_mapnr;      ///< page frames; cut to 32 bits, see SubHeader::max_mapnr_64
        Word total_ram_blocks, device_blocks, written_blocks, current_cpu;  ///< of diskdump; unused
        Word nr_cpus;                                                       ///< more than 0
    };

    struct SubHeader {
        Long phys_base;  ///< since version 0
        Word dump_level;
        Word split;                    ///< 1 in a file of a split set; since version 2
        Long start_pfn, end_pfn;       ///< superseded by the 64-bit ones
        util::le64 offset_vmcoreinfo;  ///< bytes from the start of the file; since version 3
        Long size_vmcoreinfo;          ///< bytes, of the descriptor alone
        util::le64 offset_note;        ///< bytes from the start of the file; since version 4
        Long size_note;                ///< bytes
        util::le64 offset_eraseinfo;   ///< since version 5
        Long size_eraseinfo;
        util::le64 start_pfn_64, end_pfn_64;  ///< the part of a split set; since version 6
        util::le64 max_mapnr_64;              ///< since version 6
    };
};

struct PageDesc {
    util::le64 offset;      ///< of the page's data, bytes from the start of the file
    util::le32 size;        ///< bytes there
    util::le32 flags;       ///< kPage...
    util::le64 page_flags;  ///< of struct page; unused, 0
};

using Kdump32 = Kdump<ElfClass::k32>;
using Kdump64 = Kdump<ElfClass::k64>;

static_assert(sizeof(Kdump32::MainHeader) == 452 && sizeof(Kdump64::MainHeader) == 464);
static_assert(offsetof(Kdump32::MainHeader, status) == 412 &&
              offsetof(Kdump64::MainHeader, status) == 424);
static_assert(sizeof(Kdump32::SubHeader) == 80 && sizeof(Kdump64::SubHeader) == 104);
static_assert(offsetof(Kdump32::SubHeader, offset_note) == 32 &&
              offsetof(Kdump64::SubHeader, offset_note) == 48);
static_assert(sizeof(PageDesc) == 24);

}  // namespace guestdump::format
