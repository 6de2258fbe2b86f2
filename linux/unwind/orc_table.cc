// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/unwind/orc_table.h"

#include <algorithm>
#include <array>

#include "linux/types/struct_members.h"

namespace guestdump::linux_guest {
namespace {

constexpr uint64_t kLargestEntry = 16;  ///< an entry has six bytes
constexpr uint64_t kMostSamples = 64;   ///< entries by whose contents a table is recognised

using Base = OrcEntry::Base;

/// The meanings of the numbers from 0 on. [linux arch/x86/include/asm/orc_types.h]
constexpr Base kBasesSince4_14[] = {
    Base::undefined, Base::previous_sp, Base::dx,  Base::di,          Base::bp,
    Base::sp,        Base::r10,         Base::r13, Base::bp_indirect, Base::sp_indirect,
};
constexpr Base kBasesSince7[] = {
    Base::undefined, Base::ax,  Base::dx,          Base::sp,          Base::bp,          Base::di,
    Base::r10,       Base::r13, Base::previous_sp, Base::sp_indirect, Base::bp_indirect,
};

Base base_of(uint64_t number, OrcNumbers numbers) {
    const std::span<const Base> bases = numbers == OrcNumbers::since_7
                                            ? std::span<const Base>(kBasesSince7)
                                            : std::span<const Base>(kBasesSince4_14);
    return number < bases.size() ? bases[number] : Base::unknown;
}

}  // namespace

OrcLayout::Bits OrcLayout::bits_of(const Member& member) {
    const uint64_t count = member.bits != 0 ? member.bits : 8 * member.size;
    return {.first = static_cast<unsigned>(8 * member.offset + member.bit),
            .count = static_cast<unsigned>(count)};
}

Result<OrcLayout> OrcLayout::of(const Btf& types) {
    StructMembers entry(types, "orc_entry");
    OrcLayout layout;
    layout.size_ = entry.size();
    const std::pair<const char*, Bits*> wanted[] = {
        {"sp_offset", &layout.sp_offset_}, {"bp_offset", &layout.bp_offset_},
        {"sp_reg", &layout.sp_reg_},       {"bp_reg", &layout.bp_reg_},
        {"type", &layout.type_},
    };
    for (const auto& [name, bits] : wanted) {
        entry.offset(name);  // makes failed() return the error
        if (const auto member = entry.find(name)) *bits = bits_of(*member);
    }
    TRY(entry.failed());
    if (const auto member = entry.find("end")) layout.end_ = bits_of(*member);
    if (const auto member = entry.find("signal")) layout.signal_ = bits_of(*member);
    const bool fits = layout.size_ <= kLargestEntry && layout.size_ >= 6;
    if (!fits) {
        return Error::make("the kernel's struct orc_entry has %llu bytes, not 6",
                           static_cast<unsigned long long>(layout.size_));
    }
    return layout;
}

OrcLayout OrcLayout::before_6_3() {
    OrcLayout layout;
    layout.sp_offset_ = {0, 16};
    layout.bp_offset_ = {16, 16};
    layout.sp_reg_ = {32, 4};
    layout.bp_reg_ = {36, 4};
    layout.type_ = {40, 2};
    layout.end_ = Bits{42, 1};
    return layout;
}

OrcLayout OrcLayout::since_6_4() {
    OrcLayout layout;
    layout.sp_offset_ = {0, 16};
    layout.bp_offset_ = {16, 16};
    layout.sp_reg_ = {32, 4};
    layout.bp_reg_ = {36, 4};
    layout.type_ = {40, 3};
    layout.signal_ = Bits{43, 1};
    return layout;
}

uint64_t OrcLayout::extract(std::span<const std::byte> entry, Bits bits) {
    uint64_t value = 0;
    for (unsigned i = 0; i < bits.count && i < 64; ++i) {
        const unsigned place = bits.first + i;
        if (place / 8 >= entry.size()) break;
        value |= (static_cast<uint64_t>(entry[place / 8]) >> place % 8 & 1) << i;
    }
    return value;
}

OrcEntry OrcLayout::decode(std::span<const std::byte> entry) const {
    using Type = OrcEntry::Type;
    OrcEntry decoded;
    decoded.sp_offset = static_cast<int16_t>(extract(entry, sp_offset_));
    decoded.bp_offset = static_cast<int16_t>(extract(entry, bp_offset_));
    decoded.sp_base = base_of(extract(entry, sp_reg_), numbers_);
    decoded.bp_base = base_of(extract(entry, bp_reg_), numbers_);
    const uint64_t type = extract(entry, type_);
    if (end_) {
        static constexpr Type kTypes[] = {Type::call, Type::regs, Type::regs_partial};
        if (type < std::size(kTypes)) decoded.type = kTypes[type];
        if (extract(entry, *end_) != 0) decoded.type = Type::end_of_stack;
    } else {
        static constexpr Type kTypes[] = {Type::undefined, Type::end_of_stack, Type::call,
                                          Type::regs, Type::regs_partial};
        if (type < std::size(kTypes)) decoded.type = kTypes[type];
    }
    // Before Linux 6.3 exactly the frames with saved registers had an exact instruction pointer.
    decoded.signal = signal_ ? extract(entry, *signal_) != 0
                             : decoded.type == Type::regs || decoded.type == Type::regs_partial;
    return decoded;
}

Result<std::optional<OrcEntry>> OrcTable::find(const VirtualMemory& memory, const OrcLayout& layout,
                                               guest::Gva address) const {
    const auto place = [&](uint64_t index) -> Result<uint64_t> {
        const uint64_t at = places.value + 4 * index;
        const uint32_t offset = TRY(read_u32(memory, guest::Gva{at}));
        return at + static_cast<uint64_t>(static_cast<int32_t>(offset));
    };
    uint64_t low = 0, high = count;  // binary search for the last place that is not above @address
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        const uint64_t found = TRY(place(middle));
        if (found <= address.value)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0) return std::optional<OrcEntry>();
    std::array<std::byte, kLargestEntry> bytes;
    const auto entry = std::span(bytes).first(layout.entry_size());
    const guest::Gva at{entries.value + (low - 1) * layout.entry_size()};
    TRY(memory.read(at, entry));
    return std::optional(layout.decode(entry));
}

Result<std::optional<OrcLayout>> OrcTable::recognise_layout(const VirtualMemory& memory) const {
    constexpr uint64_t kTypeByte = 5, kTypeBits = 7;
    const OrcLayout old = OrcLayout::before_6_3(), now = OrcLayout::since_6_4();
    const uint64_t samples = std::min(count, kMostSamples);
    if (samples == 0) return std::optional<OrcLayout>();
    uint64_t zeros = 0, twos = 0;
    for (uint64_t i = 0; i < samples; ++i) {
        std::array<std::byte, 6> entry;
        const uint64_t index = i * (count / samples);
        TRY(memory.read(guest::Gva{entries.value + index * old.entry_size()}, entry));
        const uint64_t type = static_cast<uint64_t>(entry[kTypeByte]) & kTypeBits;
        zeros += type == 0;
        twos += type == 2;
    }
    if (2 * zeros >= samples) return std::optional(old);
    if (2 * twos >= samples) return std::optional(now);
    return std::optional<OrcLayout>();
}

Result<OrcNumbers> OrcTable::recognise_numbers(const VirtualMemory& memory,
                                               OrcLayout layout) const {
    layout.set_numbers(OrcNumbers::since_7);
    const uint64_t samples = std::min(count, kMostSamples);
    uint64_t old = 0, now = 0;
    for (uint64_t i = 0; i < samples; ++i) {
        std::array<std::byte, kLargestEntry> bytes;
        const auto entry = std::span(bytes).first(layout.entry_size());
        const uint64_t index = i * (count / samples);
        TRY(memory.read(guest::Gva{entries.value + index * layout.entry_size()}, entry));
        const OrcEntry decoded = layout.decode(entry);
        if (decoded.type != OrcEntry::Type::call) continue;
        old += decoded.sp_base == Base::di;  // the number of the stack pointer before
        now += decoded.sp_base == Base::sp;
    }
    return now > old ? OrcNumbers::since_7 : OrcNumbers::since_4_14;
}

}  // namespace guestdump::linux_guest
