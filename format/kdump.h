// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "format/elf.h"
#include "util/stored.h"

/// The kdump-compressed format on disk, in the byte order of the machine that wrote the file.
/// [makedumpfile IMPLEMENTATION, diskdump_mod.h]
///
/// A file is divided into blocks of block_size bytes: main header in block 0, sub header and notes
/// from block 1, then bitmap 1 and bitmap 2, then one PageDesc for each page of bitmap 2 in the
/// order of page frame numbers, then page data, which is not aligned. In a bitmap the page frame
/// number pfn is bit pfn & 7 of byte pfn >> 3.

namespace guestdump::format {

inline constexpr std::string_view kKdumpSignature = "KDUMP   ";
inline constexpr uint32_t kKdumpVersion = 6;  ///< the first version with 64-bit page frame numbers

// Bits of MainHeader::status: which compressions occur, and what is wrong with the file.
inline constexpr uint32_t kStatusZlib = 0x1;
inline constexpr uint32_t kStatusLzo = 0x2;
inline constexpr uint32_t kStatusSnappy = 0x4;
inline constexpr uint32_t kStatusIncomplete = 0x8;  ///< the target was full before the dump ended
inline constexpr uint32_t kStatusExcludedVmemmap = 0x10;  ///< makedumpfile -e
inline constexpr uint32_t kStatusZstd = 0x20;

// PageDesc::flags: how the page is stored; 0 means uncompressed, block_size bytes.
inline constexpr uint32_t kPageRaw = 0;
inline constexpr uint32_t kPageZlib = 0x1;  ///< a zlib stream (RFC 1950)
inline constexpr uint32_t kPageLzo = 0x2;   ///< lzo1x
inline constexpr uint32_t kPageSnappy = 0x4;
inline constexpr uint32_t kPageZstd = 0x20;

// SubHeader::dump_level: kinds of pages that were left out. QEMU writes 1 although its files
// contain all zero pages.
inline constexpr uint32_t kDumpLevelExcludeZero = 1;

/// The headers of one class; the class is that of the machine that wrote the file, or of the ELF
/// file that the same guest would get.
///
/// The 32-bit sub header has two forms: that of i386, where a 64-bit integer is aligned to 4 bytes,
/// and that of ARM, MIPS and PowerPC (@Padded), where it is aligned to 8. QEMU writes the form of
/// i386 for every machine.
template <ElfClass C, std::endian O = std::endian::little, bool Padded = false>
struct Kdump {
    static constexpr bool kIs64 = C == ElfClass::k64;

    using Word = util::Stored<uint32_t, O>;
    using Double = util::Stored<uint64_t, O>;
    /// `unsigned long` on a machine of this class.
    using Long = std::conditional_t<kIs64, Double, Word>;
    /// `unsigned long` that a 64-bit integer follows.
    struct GappedLong {
        Word value;
        std::array<uint8_t, 4> gap{};
        constexpr GappedLong() = default;
        constexpr GappedLong(Long number) : value(static_cast<uint32_t>(number)) {}
        constexpr operator uint64_t() const { return value; }
    };
    using LastLong = std::conditional_t<!kIs64 && Padded, GappedLong, Long>;

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
        Word max_mapnr;      ///< page frames; truncated to 32 bits, see SubHeader::max_mapnr_64
        Word total_ram_blocks, device_blocks, written_blocks, current_cpu;  ///< of diskdump; unused
        Word nr_cpus;                                                       ///< more than 0
    };

    struct SubHeader {
        Long phys_base;  ///< since version 0
        Word dump_level;
        Word split;                ///< 1 in a file of a split set; since version 2
        Long start_pfn;            ///< replaced by the 64-bit one
        LastLong end_pfn;          ///< replaced by the 64-bit one
        Double offset_vmcoreinfo;  ///< bytes from the start of the file; since version 3
        LastLong size_vmcoreinfo;  ///< bytes, of the descriptor alone
        Double offset_note;        ///< bytes from the start of the file; since version 4
        LastLong size_note;        ///< bytes
        Double offset_eraseinfo;   ///< since version 5
        LastLong size_eraseinfo;
        Double start_pfn_64, end_pfn_64;  ///< this file's part of a split set; since version 6
        Double max_mapnr_64;              ///< since version 6
    };
};

template <std::endian O>
struct PageDescIn {
    util::Stored<uint64_t, O> offset;      ///< of the page's data, bytes from the start of the file
    util::Stored<uint32_t, O> size;        ///< bytes of that data
    util::Stored<uint32_t, O> flags;       ///< kPage...
    util::Stored<uint64_t, O> page_flags;  ///< of struct page; unused, 0

    /// The same descriptor in another byte order.
    template <std::endian Other>
    PageDescIn<Other> to() const {
        return {uint64_t{offset}, uint32_t{size}, uint32_t{flags}, uint64_t{page_flags}};
    }
};
/// Byte order of descriptors in memory.
using PageDesc = PageDescIn<std::endian::little>;

using Kdump32 = Kdump<ElfClass::k32>;
using Kdump64 = Kdump<ElfClass::k64>;
using PaddedKdump32 = Kdump<ElfClass::k32, std::endian::little, true>;

static_assert(sizeof(Kdump32::MainHeader) == 452 && sizeof(Kdump64::MainHeader) == 464);
static_assert(offsetof(Kdump32::MainHeader, status) == 412 &&
              offsetof(Kdump64::MainHeader, status) == 424);
static_assert(sizeof(Kdump32::SubHeader) == 80 && sizeof(Kdump64::SubHeader) == 104);
static_assert(sizeof(PaddedKdump32::SubHeader) == 96 &&
              offsetof(PaddedKdump32::SubHeader, offset_note) == 40);
static_assert(offsetof(Kdump32::SubHeader, offset_note) == 32 &&
              offsetof(Kdump64::SubHeader, offset_note) == 48);
static_assert(sizeof(PageDesc) == 24);

}  // namespace guestdump::format
