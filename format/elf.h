// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include "format/elf_machine.h"
#include "util/stored.h"

/// ELF core files on disk: structures and constants, for both classes and both byte orders.

namespace guestdump::format {

// The bytes of e_ident. [gabi ch4]
inline constexpr size_t kIdentSize = 16;
inline constexpr std::string_view kElfMagic = "\177ELF";  ///< e_ident[0..3]
inline constexpr size_t kIdentClass = 4;                  ///< an ElfClass
inline constexpr size_t kIdentData = 5;
inline constexpr size_t kIdentVersion = 6;
inline constexpr uint8_t kDataLittleEndian = 1;  ///< ELFDATA2LSB
inline constexpr uint8_t kDataBigEndian = 2;     ///< ELFDATA2MSB
inline constexpr uint8_t kVersionCurrent = 1;    ///< EV_CURRENT, in e_ident and in e_version

/// The value of e_ident[EI_DATA].
constexpr uint8_t data_of(std::endian order) {
    return order == std::endian::big ? kDataBigEndian : kDataLittleEndian;
}

inline constexpr uint16_t kTypeCore = 4;  ///< e_type ET_CORE [gabi ch4]

/// With this many program headers or more, e_phnum holds this value and sh_info of section 0 holds
/// the count. [gabi ch4, e_phnum]
inline constexpr uint32_t kPnXnum = 0xffff;

inline constexpr uint32_t kPtLoad = 1;   ///< p_type [gabi ch5]
inline constexpr uint32_t kPtNote = 4;   ///< p_type [gabi ch5]
inline constexpr uint32_t kShtNull = 0;  ///< sh_type of section 0 [gabi ch4]

/// p_offset of memory that is not in the file; p_filesz is then 0. [qemu dump/dump.c]
inline constexpr uint64_t kNoOffset = UINT64_MAX;

/// n_type of a note named "CORE" that holds a thread's registers. [linux include/uapi/linux/elf.h]
inline constexpr uint32_t kNtPrstatus = 1;
/// n_type of a note named "QEMU" that holds a vCPU's registers. [qemu target/i386/arch_dump.c]
inline constexpr uint32_t kNtQemu = 0;
/// Names and descriptors are padded to a multiple of this, in ELF64 too. [linux fs/binfmt_elf.c]
inline constexpr size_t kNoteAlign = 4;

/// The structures of one class and byte order, members named as in the gABI without their prefix.
/// [gabi ch4, ch5]
template <ElfClass C, std::endian O = std::endian::little>
struct Elf {
    static constexpr bool kIs64 = C == ElfClass::k64;

    using Half = util::Stored<uint16_t, O>;
    using Word = util::Stored<uint32_t, O>;
    /// ElfN_Addr, ElfN_Off, and the fields that are 64 bits wide in class 64 only.
    using Wide = std::conditional_t<kIs64, util::Stored<uint64_t, O>, Word>;

    struct Ehdr {
        std::array<uint8_t, kIdentSize> ident{};
        Half type, machine;
        Word version;
        Wide entry, phoff, shoff;
        Word flags;
        Half ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
    };

    struct Phdr32 {
        Word type;
        Wide offset, vaddr, paddr, filesz, memsz;
        Word flags;
        Wide align;
    };
    struct Phdr64 {
        Word type, flags;
        Wide offset, vaddr, paddr, filesz, memsz, align;
    };
    using Phdr = std::conditional_t<kIs64, Phdr64, Phdr32>;

    struct Shdr {
        Word name, type;
        Wide flags, addr, offset, size;
        Word link, info;
        Wide addralign, entsize;
    };
};

/// The header of a note, the same in both classes. Name and descriptor follow, each padded to
/// kNoteAlign.
template <std::endian O>
struct NhdrIn {
    util::Stored<uint32_t, O> namesz;  ///< bytes, including the NUL
    util::Stored<uint32_t, O> descsz;  ///< bytes
    util::Stored<uint32_t, O> type;
};
using Nhdr = NhdrIn<std::endian::little>;

/// Class and byte order of a file, as a parameter of functions.
template <ElfClass C, std::endian O>
struct Layout {
    static constexpr ElfClass kClass = C;
    static constexpr std::endian kOrder = O;
};

/// Returns @visit(Layout<C, O>()) for the class and byte order of a file.
template <class Visit>
auto with_layout(ElfClass elf_class, std::endian order, Visit visit) {
    constexpr auto kLittle = std::endian::little, kBig = std::endian::big;
    if (elf_class == ElfClass::k64) {
        return order == kBig ? visit(Layout<ElfClass::k64, kBig>())
                             : visit(Layout<ElfClass::k64, kLittle>());
    }
    return order == kBig ? visit(Layout<ElfClass::k32, kBig>())
                         : visit(Layout<ElfClass::k32, kLittle>());
}

using Elf32 = Elf<ElfClass::k32>;
using Elf64 = Elf<ElfClass::k64>;

static_assert(sizeof(Elf32::Ehdr) == 52 && sizeof(Elf64::Ehdr) == 64);
static_assert(sizeof(Elf32::Phdr) == 32 && sizeof(Elf64::Phdr) == 56);
static_assert(sizeof(Elf32::Shdr) == 40 && sizeof(Elf64::Shdr) == 64);
static_assert(sizeof(Nhdr) == 12);
static_assert(offsetof(Elf32::Ehdr, phnum) == 44 && offsetof(Elf64::Ehdr, phnum) == 56);
static_assert(offsetof(Elf32::Shdr, info) == 28 && offsetof(Elf64::Shdr, info) == 44);

}  // namespace guestdump::format
