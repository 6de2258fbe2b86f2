// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/symbols/kallsyms.h"

#include <array>
#include <cinttypes>
#include <string>
#include <vector>

#include "linux/symbols/byte_stream.h"
#include "util/mapped_array.h"

namespace guestdump::linux_guest {
namespace {

using guest::Gva;

constexpr size_t kTokens = 256;
/// Limit on an expanded name with its type, bytes: KSYM_NAME_LEN, which is 512 since Linux 6.1.
constexpr size_t kLongestName = 512;
constexpr size_t kMostText = 64u << 20;  ///< limit on all names together, bytes

/// The tokens: the text for each value of a byte of a compressed name.
using Tokens = std::array<std::string, kTokens>;

Result<Tokens> read_tokens(const VirtualMemory& memory, const KallsymsTables& tables) {
    Tokens tokens;
    std::array<util::le16, kTokens> index;
    TRY(memory.read(tables.token_index, std::as_writable_bytes(std::span(index))));
    for (size_t i = 0; i < kTokens; ++i) {
        const Gva at{tables.token_table.value + index[i]};
        tokens[i] = TRY(read_string(memory, at, kLongestName));
    }
    return tokens;
}

/// Reads the length of the next compressed name. It has one byte, or since Linux 6.1 one or two.
Result<size_t> read_length(ByteStream& names) {
    const uint8_t low = TRY(names.next());
    if (!(low & 0x80)) return size_t{low};
    const uint8_t high = TRY(names.next());
    return size_t{low & 0x7fu} | size_t{high} << 7;
}

/// Expands the next symbol's name into @out. Its first character is the symbol's type.
Result<> read_name(ByteStream& names, const Tokens& tokens, uint32_t number, std::string& out) {
    out.clear();
    const size_t length = TRY(read_length(names));
    for (size_t i = 0; i < length; ++i) {
        const uint8_t token = TRY(names.next());
        out += tokens[token];
        if (out.size() > kLongestName) {
            return Error::make("the name of the kernel's symbol %" PRIu32
                               " is longer than %zu bytes",
                               number, kLongestName);
        }
    }
    if (out.size() < 2) return Error::make("the kernel's symbol %" PRIu32 " has no name", number);
    return {};
}

/// The meaning of the numbers in kallsyms_offsets.
enum class Meaning {
    relative,      ///< unsigned, from relative_base
    absolute_cpu,  ///< not negative: absolute (per-CPU); else -1 - offset from relative_base
    place,         ///< relative to the number's own address (since Linux 7.0)
};
constexpr Meaning kMeanings[] = {Meaning::absolute_cpu, Meaning::relative, Meaning::place};

struct Offsets {
    util::MappedArray<util::le32> values;
    Gva start;
    std::optional<uint64_t> base;

    std::optional<uint64_t> address(size_t index, Meaning meaning) const {
        const uint32_t value = values[index];
        const auto extended = static_cast<uint64_t>(static_cast<int32_t>(value));
        if (meaning == Meaning::place) return start.value + 4 * index + extended;
        if (!base) return std::nullopt;
        if (meaning == Meaning::relative) return *base + value;
        return static_cast<int32_t>(value) >= 0 ? value : *base - 1 - extended;
    }
};

Result<Offsets> read_offsets(const VirtualMemory& memory, const KallsymsTables& tables,
                             uint32_t count) {
    Offsets offsets;
    offsets.start = tables.offsets;
    if (tables.relative_base) offsets.base = TRY(read_u64(memory, *tables.relative_base));
    offsets.values = TRY(util::MappedArray<util::le32>::make(count));
    TRY(memory.read(tables.offsets, std::as_writable_bytes(std::span(offsets.values))));
    return offsets;
}

Result<Meaning> meaning_of(const Offsets& offsets, std::optional<size_t> stext, uint64_t address) {
    if (!stext) return Error::make("the kernel's symbols have no _stext");
    for (const Meaning meaning : kMeanings) {
        if (offsets.address(*stext, meaning) == address) return meaning;
    }
    return Error::make("the kernel's symbols do not put _stext at 0x%" PRIx64
                       ", where VMCOREINFO has it",
                       address);
}

/// The names of all symbols, concatenated.
struct Names {
    std::string text;
    std::vector<uint16_t> lengths;
    std::optional<size_t> stext;  ///< index of _stext
};

Result<Names> read_names(const VirtualMemory& memory, const KallsymsTables& tables,
                         uint32_t count) {
    const Tokens tokens = TRY(read_tokens(memory, tables));
    ByteStream stream(memory, tables.names);
    Names names;
    std::string name;
    for (uint32_t i = 0; i < count; ++i) {
        TRY(read_name(stream, tokens, i, name));
        if (!names.stext && std::string_view(name).substr(1) == "_stext") names.stext = i;
        names.text += name;
        if (names.text.size() > kMostText) {
            return Error::make("the names of the kernel's %" PRIu32 " symbols exceed %zu bytes",
                               count, kMostText);
        }
        names.lengths.push_back(static_cast<uint16_t>(name.size()));
    }
    return names;
}

}  // namespace

Result<KallsymsTables> KallsymsTables::of(const Vmcoreinfo& vmcoreinfo) {
    KallsymsTables tables;
    const std::pair<const char*, Gva*> wanted[] = {
        {"kallsyms_names", &tables.names},
        {"kallsyms_num_syms", &tables.num_syms},
        {"kallsyms_token_table", &tables.token_table},
        {"kallsyms_token_index", &tables.token_index},
        {"kallsyms_offsets", &tables.offsets},
    };
    for (const auto& [name, address] : wanted) {
        const auto symbol = vmcoreinfo.symbol(name);
        if (!symbol) return Error::make("VMCOREINFO does not have SYMBOL(%s)", name);
        *address = Gva{*symbol};
    }
    if (const auto base = vmcoreinfo.symbol("kallsyms_relative_base")) {
        tables.relative_base = Gva{*base};
    }
    const auto stext = vmcoreinfo.symbol("_stext");
    if (!stext) return Error::make("VMCOREINFO does not have SYMBOL(_stext)");
    tables.stext = *stext;
    return tables;
}

Result<SymbolTable> read_kallsyms(const VirtualMemory& memory, const KallsymsTables& tables) {
    const uint32_t count = TRY(read_u32(memory, tables.num_syms));
    if (count == 0 || count > kMostSymbols) {
        return Error::make("the kernel has %" PRIu32 " symbols, not 1 to %" PRIu32, count,
                           kMostSymbols);
    }
    const Names names = TRY(read_names(memory, tables, count));
    const Offsets offsets = TRY(read_offsets(memory, tables, count));
    const Meaning meaning = TRY(meaning_of(offsets, names.stext, tables.stext));
    SymbolTable symbols;
    TRY(symbols.reserve(count));
    size_t at = 0;
    for (uint32_t i = 0; i < count; ++i) {
        const std::string_view name = std::string_view(names.text).substr(at, names.lengths[i]);
        TRY(symbols.add(*offsets.address(i, meaning), name.substr(1)));
        at += name.size();
    }
    TRY(symbols.finish());
    return symbols;
}

}  // namespace guestdump::linux_guest
