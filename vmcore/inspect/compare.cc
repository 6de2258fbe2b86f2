// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/compare.h"

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <cstring>

#include "guest/page_source.h"
#include "target-i386/notes.h"
#include "util/text.h"
#include "vmcore/elf/note_list.h"
#include "vmcore/filter_note.h"
#include "vmcore/inspect/findings.h"
#include "vmcore/inspect/memory_scan.h"

namespace guestdump::vmcore {
namespace {

using guest::Gpa;
using guest::GpaRange;
using target_i386::Registers;

/// Limit on the ranges that are listed; of any more only the sum is reported.
constexpr size_t kMostRanges = 10;

std::string note_name(const Note& note) {
    return util::text("%s note of type 0x%x", std::string(note.name).c_str(), note.type);
}

/// Returns the parts of @registers that all formats record. A segment's flags may contain those
/// bits of a descriptor that belong to its base and limit: QEMU's software CPU keeps them there,
/// and no processor does. Only some formats record EFER.
Registers comparable(Registers registers) {
    constexpr uint32_t kMeaningful = 0x00f0ff00;
    for (auto* segment : {&registers.cs, &registers.ds, &registers.es, &registers.fs, &registers.gs,
                          &registers.ss, &registers.ldt, &registers.tr}) {
        segment->flags &= kMeaningful;
    }
    registers.efer = 0;
    return registers;
}

bool same_qemu_state(const Note& one, const Note& other) {
    const auto left = target_i386::parse_qemu_note(one.descriptor);
    const auto right = target_i386::parse_qemu_note(other.descriptor);
    return left && right && comparable(*left) == comparable(*right);
}

bool same_descriptor(const Note& one, const Note& other) {
    if (std::equal(one.descriptor.begin(), one.descriptor.end(), other.descriptor.begin(),
                   other.descriptor.end())) {
        return true;
    }
    return one.name == "QEMU" && same_qemu_state(one, other);
}

/// Compares the guest's notes, for files that have no vCPU notes of the same kind.
void compare_guest_notes(const Vmcore& a, const Vmcore& b, Comparison& result) {
    const auto left = a.guest_note(), right = b.guest_note();
    if (left == right) return;
    const auto told = [](const std::optional<guest::GuestNote>& note) {
        return note ? util::text("%zu bytes", note->size()) : std::string("none");
    };
    result.differences.push_back(
        util::text("the guest's note: %s against %s", told(left).c_str(), told(right).c_str()));
}

/// A VirtualBox core has other notes than other formats, but they contain the same.
void compare_vcpus(const Vmcore& a, const Vmcore& b, Comparison& result) {
    const size_t left = a.vcpus().size(), right = b.vcpus().size();
    if (left != right)
        result.differences.push_back(util::text("vCPUs: %zu against %zu", left, right));
    for (size_t i = 0; i < std::min(left, right); ++i) {
        if (comparable(a.vcpus()[i]) == comparable(b.vcpus()[i])) continue;
        result.differences.push_back(util::text("vCPU %zu: registers differ", i));
    }
    compare_guest_notes(a, b, result);
}

/// The notes, without those that say what the ranges say too.
NoteList comparable_notes(const Vmcore& vmcore) {
    NoteList list = vmcore.contents().note_list();
    std::erase_if(list.notes, is_filter_note);
    return list;
}

void compare_notes(const Vmcore& a, const Vmcore& b, Comparison& result) {
    const NoteList left = comparable_notes(a), right = comparable_notes(b);
    if (left.notes.size() != right.notes.size()) {
        result.differences.push_back(
            util::text("notes: %zu against %zu", left.notes.size(), right.notes.size()));
    }
    const size_t both = std::min(left.notes.size(), right.notes.size());
    for (size_t i = 0; i < both; ++i) {
        const Note &one = left.notes[i], &other = right.notes[i];
        if (one.name != other.name || one.type != other.type) {
            result.differences.push_back(util::text(
                "note %zu: %s against %s", i, note_name(one).c_str(), note_name(other).c_str()));
        } else if (!same_descriptor(one, other)) {
            result.differences.push_back(
                util::text("note %zu: two kinds of %s", i, note_name(one).c_str()));
        }
    }
}

/// @what is printed after each range: "is only in the first".
void tell_ranges(const char* what, const RangeList& ranges, Comparison& result) {
    uint64_t rest = 0;
    for (size_t i = 0; i < ranges.size(); ++i) {
        if (i >= kMostRanges) {
            rest += ranges[i].size;
            continue;
        }
        result.differences.push_back(util::text("memory 0x%" PRIx64 "-0x%" PRIx64 " %s",
                                                ranges[i].start.value, ranges[i].last(), what));
    }
    if (rest != 0) {
        result.differences.push_back(util::text("another 0x%" PRIx64
                                                " bytes in %zu ranges: each %s",
                                                rest, ranges.size() - kMostRanges, what));
    }
}

/// Phrases for memory that one file has or knows of and the other does not have.
struct RangeWords {
    const char* only;      ///< unknown to the other file
    const char* left_out;  ///< left out of the other file by a filter
    const char* missing;   ///< the other file was cut off
    const char* unknown;   ///< left out of this file and unknown to the other
};
constexpr RangeWords kOfFirst = {
    .only = "is only in the first",
    .left_out = "is left out of the second",
    .missing = "is missing in the second",
    .unknown = "is left out of the first, and does not exist in the second"};
constexpr RangeWords kOfSecond = {
    .only = "is only in the second",
    .left_out = "is left out of the first",
    .missing = "is missing in the first",
    .unknown = "is left out of the second, and does not exist in the first"};

void compare_ranges(const Contents& one, const Contents& other, const RangeWords& words,
                    Comparison& result) {
    const RangeList has = ranges_of(one.blocks), others = ranges_of(other.blocks);
    const RangeList unshared = ranges_without(has, others);
    const auto absent = [&](const RangeList& ranges) {
        return ranges_without(ranges_without(ranges, other.left_out), other.missing);
    };
    tell_ranges(words.only, absent(unshared), result);
    tell_ranges(words.left_out, common_ranges(unshared, other.left_out), result);
    tell_ranges(words.missing, common_ranges(unshared, other.missing), result);
    tell_ranges(words.unknown, absent(ranges_without(one.left_out, others)), result);
}

/// Compares pieces. Contains the buffers of one thread.
class Pair {
  public:
    /// @page_size: the smaller one of the two files, bytes.
    explicit Pair(uint64_t page_size) : page_size_(page_size) {}

    void compare(const guest::GuestPhysBlockList& a, const guest::GuestPhysBlockList& b,
                 GpaRange piece, Findings& found) {
        left_.resize(kScanPiece);
        right_.resize(kScanPiece);
        const bool read = a.read(piece.start, std::span(left_).first(piece.size)) &&
                          b.read(piece.start, std::span(right_).first(piece.size));
        if (read && std::memcmp(left_.data(), right_.data(), piece.size) == 0) return;
        for (uint64_t at = 0; at < piece.size;) {
            const uint64_t from = piece.start.value + at;
            const uint64_t size =
                std::min<uint64_t>(piece.size - at, page_size_ - from % page_size_);
            compare_page(a, b, {Gpa{from}, size}, found);
            at += size;
        }
    }

  private:
    void compare_page(const guest::GuestPhysBlockList& a, const guest::GuestPhysBlockList& b,
                      GpaRange page, Findings& found) {
        const uint64_t from = page.start.value;
        const auto left = std::span(left_).first(page.size);
        const auto right = std::span(right_).first(page.size);
        const Result<> one = a.read(page.start, left), other = b.read(page.start, right);
        if (!one) {
            found.add(from, one.error().message());
        } else if (!other) {
            found.add(from, other.error().message());
        } else if (std::memcmp(left.data(), right.data(), page.size) != 0) {
            found.add(from, util::text("the page at 0x%" PRIx64 " differs", from));
        }
    }

    uint64_t page_size_;
    std::vector<std::byte> left_, right_;
};

/// Populated if either source is: a hole in both need not be compared.
guest::RamExtent either_extent(const guest::RamSource& a, const guest::RamSource& b, Gpa from,
                               uint64_t limit) {
    const guest::RamExtent one = a.extent(from, limit), other = b.extent(from, limit);
    if (one.populated == other.populated) {
        return {.length = std::min(one.length, other.length), .populated = one.populated};
    }
    return one.populated ? one : other;
}

Result<> compare_memory(const Vmcore& a, const Vmcore& b, unsigned threads,
                        dump::Progress* progress, Comparison& result) {
    const guest::GuestPhysBlockList left = a.blocks(), right = b.blocks();
    const RangeList left_ranges = ranges_of(left), right_ranges = ranges_of(right);
    compare_ranges(a.contents(), b.contents(), kOfFirst, result);
    compare_ranges(b.contents(), a.contents(), kOfSecond, result);
    tell_ranges("is missing in both", common_ranges(a.contents().missing, b.contents().missing),
                result);
    const RangeList both = common_ranges(left_ranges, right_ranges);
    const uint64_t page = std::min(a.contents().page_size, b.contents().page_size);
    std::vector<Pair> pairs(size_t{threads} * 2, Pair(page));
    Findings found;
    const guest::RamSource left_source(left), right_source(right);
    const auto extent_of = [&](Gpa from, uint64_t limit) {
        return either_extent(left_source, right_source, from, limit);
    };
    TRY(scan(both, extent_of, threads, progress, [&](size_t slot, GpaRange piece) -> Result<> {
        pairs[slot].compare(left, right, piece, found);
        return {};
    }));
    result.bytes = total_bytes(both);
    result.different_pages = found.count();
    for (std::string& text : found.texts()) result.differences.push_back(std::move(text));
    return {};
}

}  // namespace

Result<Comparison> compare(const Vmcore& a, const Vmcore& b, unsigned threads,
                           dump::Progress* progress) {
    Comparison result;
    const Machine &one = a.contents().machine, &other = b.contents().machine;
    if (one.number != other.number || one.order != other.order) {
        result.differences.push_back(
            util::text("machine: %s against %s", name_of(one).c_str(), name_of(other).c_str()));
    }
    const bool other_kind = !a.vbox() != !b.vbox();
    if (other_kind) {
        compare_vcpus(a, b, result);
    } else {
        compare_notes(a, b, result);
    }
    TRY(compare_memory(a, b, threads, progress, result));
    return result;
}

}  // namespace guestdump::vmcore
