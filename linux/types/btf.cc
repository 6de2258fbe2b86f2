// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/types/btf.h"

#include <cinttypes>
#include <cstring>

namespace guestdump::linux_guest {
namespace {

constexpr uint16_t kMagic = 0xeb9f;
constexpr uint64_t kHeaderSize = 24;
constexpr uint64_t kTypeSize = 12;
constexpr unsigned kDeepest = 16;  ///< limit on nested types; C code nests less deeply
/// Limit on the members that one lookup compares. Without it, nested unnamed structs could make a
/// lookup take exponential time.
constexpr unsigned kMostCompared = 1u << 20;

/// Kinds of types. [linux include/uapi/linux/btf.h]
enum Kind : unsigned {
    kInt = 1,
    kPtr = 2,
    kArray = 3,
    kStruct = 4,
    kUnion = 5,
    kEnum = 6,
    kForward = 7,
    kTypedef = 8,
    kVolatile = 9,
    kConst = 10,
    kRestrict = 11,
    kFunc = 12,
    kFuncProto = 13,
    kVar = 14,
    kDataSection = 15,
    kFloat = 16,
    kDeclTag = 17,
    kTypeTag = 18,
    kEnum64 = 19,
};

/// Number of bytes that follow the first twelve of a type with @count elements. Empty if there is
/// no such kind.
std::optional<uint64_t> extra_bytes(unsigned kind, uint64_t count) {
    switch (kind) {
        case kInt:
        case kVar:
        case kDeclTag:
            return 4;
        case kArray:
            return 12;
        case kStruct:
        case kUnion:
        case kDataSection:
        case kEnum64:
            return 12 * count;
        case kEnum:
        case kFuncProto:
            return 8 * count;
        case kPtr:
        case kForward:
        case kTypedef:
        case kVolatile:
        case kConst:
        case kRestrict:
        case kFunc:
        case kFloat:
        case kTypeTag:
            return 0;
        default:
            return std::nullopt;
    }
}

bool is_modifier(unsigned kind) {
    return (kind >= kTypedef && kind <= kRestrict) || kind == kTypeTag;
}

}  // namespace

/// The first twelve bytes of a type.
struct Btf::Type {
    uint64_t start;  ///< offset in bytes_
    unsigned kind;
    uint32_t count;   ///< number of members, constants or parameters
    bool flag;        ///< kind_flag: members' offsets contain the sizes of bit-fields
    uint32_t number;  ///< depending on the kind, the size in bytes or the number of a type
};

uint32_t Btf::word(uint64_t offset) const {
    util::le32 value;
    std::memcpy(&value, bytes_.data() + offset, sizeof value);
    return value;
}

Result<Btf> Btf::read(const VirtualMemory& memory, guest::Gva from, uint64_t size) {
    if (size < kHeaderSize || size > kMostBytes) {
        return Error::make("the kernel's BTF has %" PRIu64 " bytes, not %" PRIu64 " to %" PRIu64,
                           size, kHeaderSize, kMostBytes);
    }
    Btf btf;
    btf.bytes_ = TRY(util::MappedArray<std::byte>::make(size));
    TRY(memory.read(from, std::span(btf.bytes_)));
    if ((btf.word(0) & 0xffff) != kMagic) {
        return Error::make("the kernel's BTF begins with 0x%04" PRIx32 ", not 0x%04x",
                           btf.word(0) & 0xffff, kMagic);
    }
    const uint64_t body = btf.word(4);
    const uint64_t types = body + btf.word(8), types_size = btf.word(12);
    btf.strings_ = body + btf.word(16);
    btf.strings_size_ = btf.word(20);
    if (types + types_size > size || btf.strings_ + btf.strings_size_ > size) {
        return Error::make("the sections of the kernel's BTF end at %" PRIu64 " and %" PRIu64
                           " of %" PRIu64 " bytes",
                           types + types_size, btf.strings_ + btf.strings_size_, size);
    }
    TRY(btf.index(types, types + types_size));
    return btf;
}

Result<> Btf::index(uint64_t begin, uint64_t end) {
    for (uint64_t at = begin; at < end;) {
        const bool fits = end - at >= kTypeSize;
        const uint32_t info = fits ? word(at + 4) : 0;
        const auto extra = extra_bytes(info >> 24 & 0x1f, info & 0xffff);
        if (!extra || kTypeSize + *extra > end - at || starts_.size() == kMostTypes) {
            return Error::make("type %zu of the kernel's BTF, of kind %" PRIu32
                               ", does not fit the %" PRIu64 " bytes that are left",
                               starts_.size() + 1, info >> 24 & 0x1f, end - at);
        }
        TRY(starts_.push_back(static_cast<uint32_t>(at)));
        at += kTypeSize + *extra;
    }
    return {};
}

/// Whether the text at @offset is @name. Does not search for the end of the text: the guest may
/// have made it megabytes long, and a lookup compares millions of texts.
bool Btf::text_is(uint32_t offset, std::string_view name) const {
    if (offset >= strings_size_ || strings_size_ - offset <= name.size()) return false;
    const char* const start = reinterpret_cast<const char*>(bytes_.data()) + strings_ + offset;
    return std::memcmp(start, name.data(), name.size()) == 0 && start[name.size()] == '\0';
}

std::optional<Btf::Type> Btf::type(uint32_t number) const {
    if (number == 0 || number > starts_.size()) return std::nullopt;  // 0 is void
    const uint64_t start = starts_.view()[number - 1];
    const uint32_t info = word(start + 4);
    return Type{.start = start,
                .kind = info >> 24 & 0x1f,
                .count = info & 0xffff,
                .flag = (info >> 31) != 0,
                .number = word(start + 8)};
}

/// The type without typedefs and qualifiers.
std::optional<Btf::Type> Btf::resolved(uint32_t number) const {
    std::optional<Type> found = type(number);
    for (unsigned depth = 0; found && is_modifier(found->kind); ++depth) {
        if (depth == kDeepest) return std::nullopt;
        found = type(found->number);
    }
    return found;
}

std::optional<uint32_t> Btf::find_struct(std::string_view name) const {
    for (uint32_t number = 1; number <= starts_.size(); ++number) {
        const uint64_t start = starts_.view()[number - 1];
        const unsigned kind = word(start + 4) >> 24 & 0x1f;
        if (kind != kStruct && kind != kUnion) continue;
        if (text_is(word(start), name)) return number;
    }
    return std::nullopt;
}

std::optional<uint64_t> Btf::size_of(uint32_t number) const {
    return size_of(number, 0);
}

std::optional<uint64_t> Btf::size_of(uint32_t number, unsigned depth) const {
    const auto found = resolved(number);
    if (!found || depth == kDeepest) return std::nullopt;
    switch (found->kind) {
        case kInt:
        case kStruct:
        case kUnion:
        case kEnum:
        case kEnum64:
        case kFloat:
        case kDataSection:
            return found->number;
        case kPtr:
            return 8;
        case kArray: {
            const auto element = size_of(word(found->start + kTypeSize), depth + 1);
            uint64_t size = 0;
            if (!element || __builtin_mul_overflow(*element, word(found->start + 20), &size)) {
                return std::nullopt;
            }
            return size;
        }
        default:
            return std::nullopt;
    }
}

std::optional<Member> Btf::named_member(uint32_t number, std::string_view name, unsigned depth,
                                        unsigned& budget) const {
    const auto outer = resolved(number);
    if (!outer || depth == kDeepest) return std::nullopt;
    if (outer->kind != kStruct && outer->kind != kUnion) return std::nullopt;
    for (uint32_t i = 0; i < outer->count && budget > 0; ++i, --budget) {
        const uint64_t at = outer->start + kTypeSize + 12 * i;
        const uint32_t place = word(at + 8);
        const uint64_t bit = outer->flag ? place & 0xffffff : place;
        if (text_is(word(at), name)) {
            return Member{.offset = bit / 8,
                          .size = size_of(word(at + 4)).value_or(0),
                          .bit = static_cast<unsigned>(bit % 8),
                          .bits = outer->flag ? place >> 24 : 0,
                          .type = word(at + 4)};
        }
        if (!text_is(word(at), "")) continue;
        auto inner = named_member(word(at + 4), name, depth + 1, budget);
        if (!inner) {
            if (budget == 0) break;
            continue;
        }
        inner->offset += bit / 8;
        return inner;
    }
    return std::nullopt;
}

std::optional<Member> Btf::member(uint32_t type, std::string_view path) const {
    Member place{.type = type};
    unsigned budget = kMostCompared;
    while (!path.empty()) {
        const std::string_view name = path.substr(0, path.find('.'));
        path.remove_prefix(std::min(path.size(), name.size() + 1));
        auto inner = named_member(place.type, name, 0, budget);
        if (!inner) return std::nullopt;
        inner->offset += place.offset;
        place = *inner;
    }
    return place;
}

std::optional<Member> Btf::member(std::string_view struct_name, std::string_view path) const {
    const auto type = find_struct(struct_name);
    return type ? member(*type, path) : std::nullopt;
}

std::optional<int64_t> Btf::enumerator(std::string_view name) const {
    for (uint32_t number = 1; number <= starts_.size(); ++number) {
        const auto found = type(number);
        if (!found || (found->kind != kEnum && found->kind != kEnum64)) continue;
        const uint64_t size = found->kind == kEnum ? 8 : 12;
        for (uint32_t i = 0; i < found->count; ++i) {
            const uint64_t at = found->start + kTypeSize + size * i;
            if (!text_is(word(at), name)) continue;
            const uint32_t low = word(at + 4);
            if (size == 8) return static_cast<int32_t>(low);
            return static_cast<int64_t>(low | uint64_t{word(at + 8)} << 32);
        }
    }
    return std::nullopt;
}

std::optional<uint32_t> Btf::array_length(uint32_t type) const {
    const auto found = resolved(type);
    if (!found || found->kind != kArray) return std::nullopt;
    return word(found->start + 20);
}

}  // namespace guestdump::linux_guest
