// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration/libvirt_image.h"

#include <charconv>
#include <cinttypes>
#include <optional>

#include "format/migration.h"

namespace guestdump::vmcore {
namespace {

/// Limit on XML and cookie, bytes. Domains have some KiB.
constexpr uint32_t kMostXml = 16u << 20;

std::string magic_of(const ByteSource& source) {
    std::string magic(format::kLibvirtMagic.size(), '\0');
    if (source.size() < magic.size()) return {};
    if (!source.read_at(0, std::as_writable_bytes(std::span(magic)))) return {};
    return magic;
}

/// The text between @begin and @end of @text from @from on. Empty if it is not there; otherwise
/// @from is moved after it.
std::optional<std::string_view> between(std::string_view text, std::string_view begin,
                                        std::string_view end, size_t& from) {
    const size_t at = text.find(begin, from);
    if (at == text.npos) return std::nullopt;
    const size_t start = at + begin.size(), stop = text.find(end, start);
    if (stop == text.npos) return std::nullopt;
    from = stop + end.size();
    return text.substr(start, stop - start);
}

std::string_view attribute(std::string_view element, std::string_view name) {
    size_t from = 0;
    const std::string begin = std::string(name) + "='";
    return between(element, begin, "'", from).value_or("");
}

std::optional<uint64_t> hexadecimal(std::string_view text) {
    if (!text.starts_with("0x")) return std::nullopt;
    uint64_t value = 0;
    const auto parsed = std::from_chars(text.data() + 2, text.data() + text.size(), value, 16);
    const bool whole = parsed.ec == std::errc{} && parsed.ptr == text.data() + text.size();
    return whole ? std::optional(value) : std::nullopt;
}

}  // namespace

bool is_libvirt_image(const ByteSource& source) {
    const std::string magic = magic_of(source);
    return magic == format::kLibvirtMagic || magic == format::kLibvirtPartMagic;
}

Result<LibvirtImage> read_libvirt_image(const ByteSource& source, OpenOptions options) {
    const char* const name = source.name().c_str();
    const auto header =
        TRY(read_struct<format::LibvirtHeader>(source, "the header of a libvirt save image", 0));
    if (header.version == 0 || header.version > format::kLibvirtVersion) {
        return Error::make("'%s': a libvirt save image of version %u, versions 1 to %u are known",
                           name, uint32_t{header.version}, format::kLibvirtVersion);
    }
    LibvirtImage image;
    image.complete = magic_of(source) == format::kLibvirtMagic;
    if (!image.complete && !options.partial) {
        return Error::make(
            "'%s': libvirt has not finished this save image: `virsh save` was "
            "interrupted, or still runs; `guestdump convert --partial` saves what is there",
            name);
    }
    const uint32_t size = header.data_size;
    if (size > kMostXml) {
        return Error::make("'%s': %u bytes of XML in a libvirt save image, at most %u are believed",
                           name, size, kMostXml);
    }
    TRY(check_inside(source, "the XML of a libvirt save image", sizeof header, size));
    std::string xml(size, '\0');
    TRY(source.read_at(sizeof header, std::as_writable_bytes(std::span(xml))));
    image.stream = sizeof header + size;
    image.addresses = dimm_addresses(xml);
    return image;
}

/// libvirt calls the memory of a DIMM "mem" and its alias, which is "dimm" and its slot unless the
/// user chose another. [libvirt src/qemu/qemu_alias.c]
RamAddresses dimm_addresses(std::string_view xml) {
    RamAddresses addresses;
    size_t at = 0;
    while (const auto memory = between(xml, "<memory model='dimm'", "</memory>", at)) {
        size_t inside = 0;
        const auto address = between(*memory, "<address type='dimm'", "/>", inside);
        if (!address) continue;
        inside = 0;
        const auto alias = between(*memory, "<alias ", "/>", inside);
        const std::string slot(attribute(*address, "slot"));
        const std::string dimm = alias ? std::string(attribute(*alias, "name")) : "dimm" + slot;
        const auto base = hexadecimal(attribute(*address, "base"));
        if (base) addresses.dimms["mem" + dimm] = *base;
    }
    return addresses;
}

}  // namespace guestdump::vmcore
