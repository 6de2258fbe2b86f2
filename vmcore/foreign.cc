// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/foreign.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <vector>

#include "format/elf.h"
#include "util/text.h"

namespace guestdump::vmcore {
namespace {

using namespace std::string_view_literals;

/// A kind of file that is often mistaken for a vmcore.
struct ForeignFormat {
    std::string_view magic;  ///< the bytes at @offset, in file order
    uint64_t offset;         ///< bytes from the start of the file
    const char* name;        ///< with the article
    const char* advice;      ///< what to do; FILE stands for the file's path
};

constexpr const char* kVolatility = "volatility3 reads it (`vol -f FILE ...`)";
constexpr const char* kVmware = "`vmss2core -N FILE` makes a vmcore of it and its .vmem file";
constexpr const char* kWindows = "WinDbg opens it (`windbg -z FILE`)";
constexpr const char* kCrash = "crash opens it (`crash VMLINUX FILE`)";
constexpr const char* kSadump = "`makedumpfile -c -x VMLINUX FILE OUT` makes a vmcore of it";
constexpr const char* kHibernated = "start the machine from it, and dump it then";
constexpr const char* kXenSave =
    "restore it with `xl restore FILE`, then `xl dump-core DOMAIN OUT`, which crash opens";

// To add a format, add a row with bytes that no other kind of file has at that offset. The first
// row that matches counts. Sources: [lime] doc/README.md, [avml] README, [libvirt]
// src/qemu/qemu_saveimage.h, [qemu] migration/savevm.c, [crash] vmware_vmss.h, sadump.h,
// lkcd_vmdump_v1.h to lkcd_dump_v8.h, diskdump.h, xendump.h, [volatility] vmware.py (0xbed2bed0),
// [vbox] SSM.cpp, [xen] tools/xl/xl.h, [linux] kernel/power/swap.c; for compressed files, the
// specifications of their formats.
constexpr std::array kForeign = {
    // Compressed files: decompress and convert.
    ForeignFormat{"\x1f\x8b"sv, 0, "compressed by gzip",
                  "`gzip -dc FILE | guestdump convert - OUT` unpacks and converts it"},
    ForeignFormat{"\xfd"
                  "7zXZ\0"sv,
                  0, "compressed by xz",
                  "`xz -dc FILE | guestdump convert - OUT` unpacks and converts it"},
    ForeignFormat{"\x28\xb5\x2f\xfd"sv, 0, "compressed by zstd",
                  "`zstd -dc FILE | guestdump convert - OUT` unpacks and converts it"},
    ForeignFormat{"\x04\x22\x4d\x18"sv, 0, "compressed by lz4",
                  "`lz4 -dc FILE | guestdump convert - OUT` unpacks and converts it"},
    ForeignFormat{"BZh"sv, 0, "compressed by bzip2",
                  "`bzip2 -dc FILE | guestdump convert - OUT` unpacks and converts it"},
    ForeignFormat{"\x89LZO\0\r\n\x1a\n"sv, 0, "compressed by lzop",
                  "`lzop -dc FILE | guestdump convert - OUT` unpacks and converts it"},
    ForeignFormat{"PK\x03\x04"sv, 0, "a zip archive", "`unzip FILE` takes it apart"},
    ForeignFormat{"7z\xbc\xaf\x27\x1c"sv, 0, "a 7-Zip archive", "`7z x FILE` takes it apart"},
    ForeignFormat{"ustar"sv, 257, "a tar archive", "`tar -xf FILE` takes it apart"},
    // Memory images of other programs.
    ForeignFormat{"EMiL"sv, 0, "a LiME memory image", kVolatility},
    ForeignFormat{"AVML"sv, 0, "an AVML memory image",
                  "`avml-convert FILE OUT` makes a LiME image of it, which volatility3 reads"},
    ForeignFormat{"DISKDUMP"sv, 0, "a diskdump of an old kernel", kCrash},
    ForeignFormat{"\xed\x23\x8f\x61\x73\x01\x19\xa8"sv, 0, "an LKCD dump", kCrash},
    ForeignFormat{"\xcd\x23\x8f\x61\x73\x01\x19\xa8"sv, 0, "an LKCD dump of a live system", kCrash},
    ForeignFormat{"sadump\0\0"sv, 0, "a sadump dump", kSadump},
    ForeignFormat{"PAGEDU64"sv, 0, "a Windows crash dump (64-bit)", kWindows},
    ForeignFormat{"PAGEDUMP"sv, 0, "a Windows crash dump (32-bit)", kWindows},
    // Saved virtual machines.
    ForeignFormat{
        "QFI\xfb"sv, 0, "a qcow2 disk image",
        "it holds no vmcore; dump the machine with `virsh dump --memory-only DOMAIN OUT`"},
    ForeignFormat{"\xd2\xbe\xd2\xbe"sv, 0, "a machine that VMware saved", kVmware},
    ForeignFormat{"\xd1\xba\xd1\xba"sv, 0, "a machine that VMware saved", kVmware},
    ForeignFormat{"\xd0\xbe\xd2\xbe"sv, 0, "a machine that VMware saved", kVmware},
    ForeignFormat{"\xd0\xbe\xd0\xbe"sv, 0, "a machine that VMware saved", kVmware},
    ForeignFormat{"\xd2\xba\xd2\xba"sv, 0, "a machine that VMware saved", kVmware},
    ForeignFormat{"\xd3\xbe\xd3\xbe"sv, 0, "a machine that VMware saved", kVmware},
    ForeignFormat{"\x7fVirtualBox SavedState"sv, 0, "a machine that VirtualBox saved",
                  "start it, then `VBoxManage debugvm NAME dumpvmcore --filename OUT`"},
    ForeignFormat{"\xed\xeb\x0f\xf0"sv, 0, "a Xen core of an old kind", kCrash},
    ForeignFormat{"\xee\xeb\x0f\xf0"sv, 0, "a Xen core of an old kind", kCrash},
    ForeignFormat{"LinuxGuestRecord"sv, 0, "a machine that Xen saved", kXenSave},
    ForeignFormat{"Xen saved domain, xl format\n"sv, 0, "a machine that Xen saved", kXenSave},
    ForeignFormat{"xen-3.0-"sv, 0, "a memory image of a Xen guest", kXenSave},
    // Hibernated systems.
    ForeignFormat{"HIBR"sv, 0, "a Windows hibernation file", kVolatility},
    ForeignFormat{"hibr"sv, 0, "a Windows hibernation file", kVolatility},
    ForeignFormat{"WAKE"sv, 0, "a Windows hibernation file that was resumed", kVolatility},
    ForeignFormat{"wake"sv, 0, "a Windows hibernation file that was resumed", kVolatility},
    ForeignFormat{"S1SUSPEND"sv, 4086, "a hibernated Linux system", kHibernated},
};

bool begins_with(const ByteSource& source, const ForeignFormat& format) {
    std::string bytes(format.magic.size(), '\0');
    return source.size() >= format.offset + bytes.size() &&
           bool(source.read_at(format.offset, std::as_writable_bytes(std::span(bytes)))) &&
           bytes == format.magic;
}

std::string first_bytes(const ByteSource& source) {
    std::vector<std::byte> bytes(std::min<uint64_t>(source.size(), 8));
    if (!source.read_at(0, bytes)) return "?";
    std::string text;
    for (const std::byte byte : bytes)
        text += util::text("%s%02x", text.empty() ? "" : " ", std::to_integer<unsigned>(byte));
    return text;
}

/// A section of a Xen core. Section names are in the section whose index is e_shstrndx.
constexpr std::string_view kXenSection = ".xen_pages";

template <format::ElfClass C>
bool has_xen_section(const ByteSource& source) {
    using Elf = format::Elf<C>;
    constexpr uint64_t kMostNames = 4096;
    const auto header = read_struct<typename Elf::Ehdr>(source, "the ELF header", 0);
    if (!header || header->shoff == 0) return false;
    const uint64_t at = uint64_t{header->shstrndx} * sizeof(typename Elf::Shdr);
    if (header->shoff > source.size() || at > source.size() - header->shoff) return false;
    const auto names =
        read_struct<typename Elf::Shdr>(source, "the section of names", header->shoff + at);
    if (!names) return false;
    std::string text(std::min<uint64_t>(names->size, kMostNames), '\0');
    if (!source.read_at(names->offset, std::as_writable_bytes(std::span(text)))) return false;
    return text.find(kXenSection) != text.npos;
}

}  // namespace

std::string advice_for(std::string advice, const std::string& path) {
    constexpr std::string_view kPlaceholder = "FILE";
    const bool plain = std::all_of(path.begin(), path.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 ||
               "/._-+=,:@%"sv.find(static_cast<char>(c)) != std::string_view::npos;
    });
    const size_t at = advice.find(kPlaceholder);
    const bool is_stream = path == "stdin";
    if (plain && !is_stream && at != advice.npos) advice.replace(at, kPlaceholder.size(), path);
    return advice;
}

Error foreign_file_error(const ByteSource& source) {
    const char* name = source.name().c_str();
    if (source.size() == 0) return Error::make("'%s' is empty", name);
    const auto format = std::find_if(kForeign.begin(), kForeign.end(), [&](const ForeignFormat& f) {
        return begins_with(source, f);
    });
    if (format != kForeign.end()) {
        return Error::make("'%s' is no vmcore but %s: %s", name, format->name,
                           advice_for(format->advice, source.name()).c_str());
    }
    return Error::make(
        "'%s' is no vmcore: neither ELF nor kdump-compressed, it begins with %s; if "
        "it is raw memory from address 0, `%s` opens it",
        name, first_bytes(source).c_str(),
        advice_for("crash VMLINUX FILE@0", source.name()).c_str());
}

Error empty_elf_error(const ByteSource& source) {
    const char* name = source.name().c_str();
    const bool xen = has_xen_section<format::ElfClass::k64>(source) ||
                     has_xen_section<format::ElfClass::k32>(source);
    if (!xen) return Error::make("'%s' holds no guest memory", name);
    return Error::make("'%s' is a Xen core (xl dump-core): %s", name,
                       advice_for(kCrash, source.name()).c_str());
}

}  // namespace guestdump::vmcore
