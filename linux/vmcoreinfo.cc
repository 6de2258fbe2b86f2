// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/vmcoreinfo.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cinttypes>
#include <cstring>

#include "format/elf.h"
#include "format/filter_note.h"
#include "util/as_text.h"

namespace guestdump::linux_guest {
namespace {

using util::as_text;

/// @size rounded up: name and descriptor are each padded to a multiple of this. [gabi ch5]
constexpr uint64_t padded(uint64_t size) {
    return (size + 3) / 4 * 4;
}

/// True if @name is one of a dump's own notes. Compares up to the first NUL, as readers do,
/// whatever length the note claims.
bool is_a_dumps_own(std::string_view name) {
    constexpr std::array<std::string_view, 5> kOwn = {"CORE", "QEMU", "VBCORE", "VBCPU",
                                                      format::kFilterNoteName};
    return std::find(kOwn.begin(), kOwn.end(), name.substr(0, name.find('\0'))) != kOwn.end();
}

/// Parses all of @digits as a number; empty if it is not one.
template <class T>
std::optional<T> parse_number(std::string_view digits, int base) {
    T value{};
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, value, base);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return value;
}

}  // namespace

Result<NoteView> parse_note(std::span<const std::byte> note) {
    format::Nhdr header;
    if (note.size() < sizeof(header)) {
        return Error::make("a note of %zu bytes has no room for its header of %zu", note.size(),
                           sizeof(header));
    }
    if (note.size() > guest::kMaxGuestNote) {
        return Error::make("a note of %zu bytes is larger than %u", note.size(),
                           guest::kMaxGuestNote);
    }
    std::memcpy(&header, note.data(), sizeof(header));
    const uint64_t name_size = header.namesz;
    const uint64_t descriptor_size = header.descsz;
    const uint64_t descriptor_offset = sizeof(header) + padded(name_size);
    if (descriptor_offset + descriptor_size > note.size()) {
        return Error::make("a name of %" PRIu64 " and a descriptor of %" PRIu64
                           " bytes do not fit a note of %zu",
                           name_size, descriptor_size, note.size());
    }
    std::string_view name = as_text(note.subspan(sizeof(header), name_size));
    if (name.ends_with('\0')) name.remove_suffix(1);
    if (is_a_dumps_own(name)) {
        return Error::make("a note of the guest has the name '%s' of a dump's own",
                           std::string(name).c_str());
    }
    return NoteView{name, header.type, descriptor_offset,
                    note.subspan(descriptor_offset, descriptor_size),
                    note.first(descriptor_offset + descriptor_size)};
}

std::optional<std::string_view> Vmcoreinfo::value(std::string_view key) const {
    std::string_view rest = text_;
    while (!rest.empty()) {
        const size_t end = rest.find('\n');
        const std::string_view line = rest.substr(0, end);
        if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == '=') {
            return line.substr(key.size() + 1);
        }
        rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
    }
    return std::nullopt;
}

std::optional<uint64_t> Vmcoreinfo::number(std::string_view name) const {
    const auto digits = value("NUMBER(" + std::string(name) + ")");
    const auto number = digits ? parse_number<int64_t>(*digits, 10) : std::nullopt;
    if (!number) return std::nullopt;
    return static_cast<uint64_t>(*number);
}

std::optional<uint64_t> Vmcoreinfo::symbol(std::string_view name) const {
    const auto digits = value("SYMBOL(" + std::string(name) + ")");
    return digits ? parse_number<uint64_t>(*digits, 16) : std::nullopt;
}

std::optional<uint64_t> Vmcoreinfo::decimal(std::string_view kind, std::string_view name) const {
    const auto digits = value(std::string(kind) + "(" + std::string(name) + ")");
    return digits ? parse_number<uint64_t>(*digits, 10) : std::nullopt;
}

std::optional<uint64_t> Vmcoreinfo::offset(std::string_view name) const {
    return decimal("OFFSET", name);
}

std::optional<uint64_t> Vmcoreinfo::size(std::string_view name) const {
    return decimal("SIZE", name);
}

std::optional<uint64_t> Vmcoreinfo::length(std::string_view name) const {
    return decimal("LENGTH", name);
}

}  // namespace guestdump::linux_guest
