// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/memory_maps.h"

#include <sys/sysmacros.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace guestdump::attach {
namespace {

/// Splits a line into its fields, from left to right.
class Fields {
  public:
    explicit Fields(std::string_view line) : rest_(line) {}

    std::string_view word() {
        rest_.remove_prefix(std::min(rest_.find_first_not_of(' '), rest_.size()));
        return take(rest_.find(' '));
    }

  private:
    std::string_view take(size_t size) {
        const std::string_view word = rest_.substr(0, size);
        rest_.remove_prefix(word.size());
        return word;
    }

    std::string_view rest_;
};

std::optional<uint64_t> number(std::string_view digits, int base) {
    uint64_t value = 0;
    const char* end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, value, base);
    if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
    return value;
}

struct Pair {
    uint64_t first, second;
};

/// Parses two hexadecimal numbers that are separated by @between.
std::optional<Pair> pair(std::string_view text, char between) {
    const size_t middle = text.find(between);
    if (middle == std::string_view::npos) return std::nullopt;
    const auto first = number(text.substr(0, middle), 16);
    const auto second = number(text.substr(middle + 1), 16);
    if (!first || !second) return std::nullopt;
    return Pair{*first, *second};
}

/// Parses a line such as "7f41dffff000-7f41fffff000 rw-s 00000000 00:01 2049  /memfd:ram
/// (deleted)".
std::optional<MemoryMap> parse_line(std::string_view line) {
    Fields fields(line);
    const std::string_view range = fields.word(), rights = fields.word();
    const auto addresses = pair(range, '-');
    const auto offset = number(fields.word(), 16);
    const auto device = pair(fields.word(), ':');
    const auto inode = number(fields.word(), 10);
    if (!addresses || !offset || !device || !inode || rights.size() != 4) return std::nullopt;
    if (addresses->first >= addresses->second) return std::nullopt;
    return MemoryMap{.start = addresses->first,
                     .end = addresses->second,
                     .readable = rights[0] == 'r',
                     .shared = rights[3] == 's',
                     .offset = *offset,
                     .device = makedev(static_cast<unsigned>(device->first),
                                       static_cast<unsigned>(device->second)),
                     .inode = *inode,
                     .range = std::string(range)};
}

}  // namespace

Result<std::vector<MemoryMap>> parse_maps(std::string_view text) {
    std::vector<MemoryMap> maps;
    while (!text.empty()) {
        const std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(line.size() + 1, text.size()));
        std::optional<MemoryMap> map = parse_line(line);
        if (!map) {
            return Error::make("a line of /proc/PID/maps is not understood: '%s'",
                               std::string(line).c_str());
        }
        maps.push_back(std::move(*map));
    }
    return maps;
}

}  // namespace guestdump::attach
