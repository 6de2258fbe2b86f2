// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/linux/btf_writer.h"

namespace guestdump::linux_guest {

uint32_t BtfWriter::text(std::string_view name) {
    if (name.empty()) return 0;
    const auto at = static_cast<uint32_t>(strings_.size());
    support::put_text(strings_, at, name);
    strings_.push_back(std::byte{0});
    return at;
}

uint32_t BtfWriter::add(std::string_view name, uint32_t kind, uint32_t count, bool flag,
                        uint32_t number) {
    word(text(name));
    word(count | kind << 24 | (flag ? 1u << 31 : 0));
    word(number);
    return ++count_;
}

uint32_t BtfWriter::integer(std::string_view name, uint32_t size) {
    const uint32_t type = add(name, 1, 0, false, size);
    word(8 * size);
    return type;
}

uint32_t BtfWriter::array(uint32_t type, uint32_t count) {
    const uint32_t number = add("", 3, 0, false, 0);
    word(type);
    word(0);
    word(count);
    return number;
}

uint32_t BtfWriter::structure(std::string_view name, uint32_t size,
                              const std::vector<WrittenMember>& members, bool is_union) {
    bool flag = false;
    for (const WrittenMember& member : members) flag |= member.bits != 0;
    const uint32_t number =
        add(name, is_union ? 5 : 4, static_cast<uint32_t>(members.size()), flag, size);
    for (const WrittenMember& member : members) {
        word(text(member.name));
        word(member.type);
        word(flag ? member.bit | member.bits << 24 : member.bit);
    }
    return number;
}

uint32_t BtfWriter::enumeration(std::string_view name,
                                const std::vector<std::pair<std::string, uint32_t>>& constants) {
    const uint32_t number = add(name, 6, static_cast<uint32_t>(constants.size()), false, 4);
    for (const auto& [constant, value] : constants) {
        word(text(constant));
        word(value);
    }
    return number;
}

support::Bytes BtfWriter::bytes() const {
    support::Bytes out;
    support::put_le16(out, 0, 0xeb9f);
    support::put_le16(out, 2, 1);   // version, flags
    support::put_le32(out, 4, 24);  // hdr_len
    support::put_le32(out, 8, 0);
    support::put_le32(out, 12, static_cast<uint32_t>(types_.size()));
    support::put_le32(out, 16, static_cast<uint32_t>(types_.size()));
    support::put_le32(out, 20, static_cast<uint32_t>(strings_.size()));
    support::put_bytes(out, 24, types_);
    support::put_bytes(out, 24 + types_.size(), strings_);
    return out;
}

}  // namespace guestdump::linux_guest
