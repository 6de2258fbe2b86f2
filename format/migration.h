// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string_view>

#include "util/stored.h"

/// QEMU's migration stream, and the header that libvirt puts before it. Constants and structures
/// only. [qemu migration/savevm.c, migration/ram.c, migration/vmstate.c]
///
/// All integers of a stream are big-endian. A stream is a header, the configuration, sections, the
/// byte kSectionEof and a description of the device sections in JSON.

namespace guestdump::format {

using be32 = util::Stored<uint32_t, std::endian::big>;

inline constexpr std::string_view kStreamMagic = "QEVM";
inline constexpr uint32_t kStreamVersion = 3;

// The byte that begins each section.
inline constexpr uint8_t kSectionEof = 0;
inline constexpr uint8_t kSectionStart = 1;   ///< be32 id, name, be32 instance, be32 version, data
inline constexpr uint8_t kSectionPart = 2;    ///< be32 id, data
inline constexpr uint8_t kSectionEnd = 3;     ///< as kSectionPart
inline constexpr uint8_t kSectionFull = 4;    ///< as kSectionStart
inline constexpr uint8_t kSubsection = 5;     ///< name, be32 version, data
inline constexpr uint8_t kDescription = 6;    ///< be32 size, JSON
inline constexpr uint8_t kConfiguration = 7;  ///< be32 size, name of the machine type
inline constexpr uint8_t kCommand = 8;        ///< be16 command, be16 size, data
inline constexpr uint8_t kSectionFooter = 0x7e;  ///< be32 id, after the data of a section

inline constexpr uint16_t kCommandPostcopyAdvise = 3;

// The configuration's subsections.
inline constexpr std::string_view kPageBits = "configuration/target-page-bits";
inline constexpr std::string_view kCapabilities = "configuration/capabilities";
inline constexpr std::string_view kUuid = "configuration/uuid";

inline constexpr std::string_view kRamSection = "ram";
inline constexpr uint32_t kRamVersion = 4;

// The low bits of each be64 of a RAM section; the others are an offset in a block, bytes.
inline constexpr uint64_t kRamFlags = 0xfff;
inline constexpr uint64_t kRamZero = 0x02;
inline constexpr uint64_t kRamBlocks = 0x04;  ///< the offset is the size of all blocks; their list
inline constexpr uint64_t kRamPage = 0x08;
inline constexpr uint64_t kRamEnd = 0x10;        ///< end of the section's data
inline constexpr uint64_t kRamSameBlock = 0x20;  ///< no name of a block follows
inline constexpr uint64_t kRamXbzrle = 0x40;
inline constexpr uint64_t kRamHook = 0x80;
inline constexpr uint64_t kRamCompressed = 0x100;
inline constexpr uint64_t kRamMultifdFlush = 0x200;

/// Follows the size of a block in the list if the capability mapped-ram is on.
struct MappedRamHeader {
    be32 version;              ///< kMappedRamVersion
    util::be64 page_size;      ///< bytes
    util::be64 bitmap_offset;  ///< in the file, of a bitmap of the pages that are not zero
    util::be64 pages_offset;   ///< in the file, of the block's first page
};
static_assert(sizeof(MappedRamHeader) == 28 && alignof(MappedRamHeader) == 1);

inline constexpr uint32_t kMappedRamVersion = 1;

inline constexpr std::string_view kLibvirtMagic = "LibvirtQemudSave";
/// As long as the image is being written, and for ever if that was interrupted.
inline constexpr std::string_view kLibvirtPartMagic = "LibvirtQemudPart";
inline constexpr uint32_t kLibvirtVersion = 2;

/// The header of a file that libvirt saved; data_size bytes of XML and cookie follow, then the
/// stream. Written in the byte order of the host. [libvirt src/qemu/qemu_saveimage.h]
struct LibvirtHeader {
    char magic[16];
    util::le32 version;
    util::le32 data_size;  ///< bytes
    util::le32 was_running;
    util::le32 compressed;  ///< a LibvirtPacking
    util::le32 cookie_offset;
    uint8_t unused[56];
};
static_assert(sizeof(LibvirtHeader) == 92 && alignof(LibvirtHeader) == 1);

}  // namespace guestdump::format
