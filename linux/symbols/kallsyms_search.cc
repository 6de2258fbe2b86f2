// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/symbols/kallsyms_search.h"

#include <array>
#include <cinttypes>
#include <cstring>
#include <string_view>

#include "linux/symbols/byte_stream.h"

namespace guestdump::linux_guest {
namespace {

using guest::Gva;
using namespace std::string_view_literals;

constexpr uint64_t kPage = 4096;
/// Limit on the distance of the tables from _stext, bytes. In Debian 11's kernel it is 14 MiB.
constexpr uint64_t kMostImage = 128u << 20;
constexpr uint64_t kAlignment = 8;  ///< of each table
constexpr size_t kTokens = 256;
constexpr size_t kMostTokenText = 16384;  ///< limit on all tokens together, bytes
constexpr uint32_t kNamesPerMarker = 256;
constexpr uint64_t kLongestEntry = 256;  ///< a compressed name with its length, bytes

/// A token is the character with its number, unless no symbol has that character: then it stands
/// for several characters. Symbols have all digits, so the tokens '0' to '9' are the digits.
constexpr std::string_view kDigits = "0\0001\0002\0003\0004\0005\0006\0007\0008\0009\0"sv;
constexpr size_t kFirstDigit = '0';

uint64_t aligned(uint64_t address) {
    return (address + kAlignment - 1) / kAlignment * kAlignment;
}

struct Tokens {
    Gva table, index;
};

/// The tables of tokens, if the tokens of the digits are at @digits. Errors: they are not; those of
/// reading.
Result<Tokens> tokens_around(const VirtualMemory& memory, Gva digits) {
    std::array<uint64_t, kTokens> starts{};  // from '0' on, relative to @digits
    ByteStream stream(memory, digits);
    uint64_t at = 0;
    for (size_t token = kFirstDigit; token < kTokens; ++token) {
        starts[token] = at;
        for (bool ended = false; !ended;) {
            const uint8_t byte = TRY(stream.next());
            ended = byte == 0;
            if (++at > kMostTokenText) return Error::make("the tokens are too long");
        }
    }
    Tokens tokens{.table = {}, .index = Gva{aligned(digits.value + at)}};
    std::array<util::le16, kTokens> index;
    TRY(memory.read(tokens.index, std::as_writable_bytes(std::span(index))));
    const uint64_t before = index[kFirstDigit];
    tokens.table = Gva{digits.value - before};
    for (size_t token = kFirstDigit; token < kTokens; ++token) {
        if (index[token] != before + starts[token]) return Error::make("the index does not fit");
    }
    if (index[0] != 0 || tokens.table.value % kAlignment != 0)
        return Error::make("the table of tokens does not begin where the index says");
    return tokens;
}

/// The offsets of every 256th name. They ascend from 0.
struct Markers {
    Gva table;
    uint32_t count = 0, second = 0, last = 0;  ///< number of markers; markers 1 and count - 1
};

/// The markers that end before @end. Errors: there are none; those of reading.
Result<Markers> markers_before(const VirtualMemory& memory, Gva end) {
    Markers markers;
    Gva at{end.value - 4};
    uint32_t value = TRY(read_u32(memory, at));
    if (value == 0) {  // padding
        at.value -= 4;
        value = TRY(read_u32(memory, at));
    }
    markers.last = value;
    for (markers.count = 1; value != 0; ++markers.count) {
        markers.second = value;
        at.value -= 4;
        const uint32_t previous = TRY(read_u32(memory, at));
        if (previous >= value || markers.count > kMostSymbols / kNamesPerMarker)
            return Error::make("the markers of names do not ascend");
        value = previous;
    }
    if (markers.count < 2) return Error::make("there are no markers of names");
    markers.table = at;
    return markers;
}

/// True if the first 256 names at @names have as many bytes as the markers say.
Result<bool> names_fit(const VirtualMemory& memory, Gva names, const Markers& markers) {
    ByteStream stream(memory, names);
    uint64_t size = 0;
    for (uint32_t i = 0; i < kNamesPerMarker; ++i) {
        const uint8_t length = TRY(stream.next());
        for (uint8_t byte = 0; byte < length; ++byte) TRY(stream.next());
        size += 1u + length;
        if (size > markers.second) return false;
    }
    return size == markers.second;
}

/// The address of num_syms: it is followed by the names, which end before @markers. Errors: it is
/// not there; those of reading.
Result<Gva> count_before(const VirtualMemory& memory, const Markers& markers) {
    const uint64_t highest =
        (markers.table.value - markers.last - kAlignment) / kAlignment * kAlignment;
    const uint64_t most = kNamesPerMarker * kLongestEntry;
    for (uint64_t back = 0; back < most; back += kAlignment) {
        const uint64_t at = highest - back;
        const uint64_t count = TRY(read_u64(memory, Gva{at}));  // padded with zeros
        const uint64_t all = uint64_t{markers.count} * kNamesPerMarker;
        if (count > all || count + kNamesPerMarker <= all) continue;
        const bool fits = TRY(names_fit(memory, Gva{at + kAlignment}, markers));
        if (fits) return Gva{at};
    }
    return Error::make("no number of symbols fits the markers of names");
}

Result<KallsymsTables> tables_around(const VirtualMemory& memory, Gva digits, Gva stext) {
    const Tokens tokens = TRY(tokens_around(memory, digits));
    const Markers markers = TRY(markers_before(memory, tokens.table));
    const Gva count_at = TRY(count_before(memory, markers));
    const uint32_t count = TRY(read_u32(memory, count_at));
    const Gva base{count_at.value - kAlignment};
    return KallsymsTables{.names = Gva{count_at.value + kAlignment},
                          .num_syms = count_at,
                          .token_table = tokens.table,
                          .token_index = tokens.index,
                          .offsets = Gva{base.value - aligned(uint64_t{count} * 4)},
                          .relative_base = base,
                          .stext = stext.value};
}

}  // namespace

Result<KallsymsTables> find_kallsyms(const VirtualMemory& memory, Gva stext) {
    std::array<char, kDigits.size() + kPage> window;
    size_t kept = 0;  // bytes of the page before that the digits may begin in
    const uint64_t first = stext.value / kPage * kPage;
    for (uint64_t done = 0; done < kMostImage && first + done >= first; done += kPage) {
        const uint64_t page = first + done;
        const auto fresh = std::span(window).subspan(kept, kPage);
        if (!memory.read(Gva{page}, std::as_writable_bytes(fresh))) {
            kept = 0;
            continue;
        }
        const std::string_view text(window.data(), kept + kPage);
        for (size_t at = 0; (at = text.find(kDigits, at)) != text.npos; ++at) {
            auto tables = tables_around(memory, Gva{page - kept + at}, stext);
            if (tables) return tables;
        }
        kept = kDigits.size() - 1;
        std::memmove(window.data(), text.data() + text.size() - kept, kept);
    }
    return Error::make("there are no tables of symbols in the %" PRIu64 " MiB from _stext on",
                       kMostImage >> 20);
}

}  // namespace guestdump::linux_guest
