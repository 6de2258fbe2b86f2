// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/target-i386/test_memory.h"

#include "tests/support/results.h"

namespace guestdump::target_i386 {

support::ScriptedRam& TestMemory::add(uint64_t gpa, size_t size) {
    pieces_.push_back({gpa, std::make_shared<support::ScriptedRam>("ram", size)});
    return *pieces_.back().ram;
}

const TestMemory::RamAt* TestMemory::find(uint64_t gpa) const {
    for (const RamAt& piece : pieces_) {
        if (gpa >= piece.gpa && gpa - piece.gpa < piece.ram->size()) return &piece;
    }
    return nullptr;
}

void TestMemory::put(uint64_t gpa, uint64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; ++i) {
        const RamAt* piece = find(gpa + i);
        // Not an assertion, which only a test may make: fuzz targets have such memory too.
        if (!piece) ck_abort_msg("the test puts something where there is no memory");
        piece->ram->bytes()[gpa + i - piece->gpa] = static_cast<std::byte>(value >> (8 * i));
    }
}

uint64_t TestMemory::get(uint64_t gpa, size_t bytes) const {
    const RamAt* whole = find(gpa);
    if (whole && support::inside(whole->ram->bytes(), gpa - whole->gpa, bytes)) {
        return support::little_at(whole->ram->bytes(), gpa - whole->gpa, bytes);
    }
    uint64_t value = 0;
    for (size_t i = bytes; i-- > 0;) {
        const RamAt* piece = find(gpa + i);
        const std::byte byte = piece ? piece->ram->bytes()[gpa + i - piece->gpa] : std::byte{0};
        value = value << 8 | std::to_integer<uint64_t>(byte);
    }
    return value;
}

std::vector<std::pair<uint64_t, uint64_t>> TestMemory::pieces() const {
    std::vector<std::pair<uint64_t, uint64_t>> result;
    for (const RamAt& piece : pieces_) {
        result.emplace_back(piece.gpa, piece.gpa + piece.ram->size());
    }
    return result;
}

guest::GuestPhysBlockList TestMemory::blocks() const {
    guest::GuestPhysBlockList blocks;
    for (const RamAt& piece : pieces_) {
        support::must(blocks.add({{guest::Gpa{piece.gpa}, piece.ram->size()}, piece.ram}));
    }
    return blocks;
}

}  // namespace guestdump::target_i386
