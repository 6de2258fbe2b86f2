// SPDX-License-Identifier: GPL-2.0-or-later
#include "target-i386/page_walk.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <cstring>

#include "target-i386/ram_runs.h"
#include "util/mapped_map.h"
#include "util/stored.h"

namespace guestdump::target_i386 {
namespace {

using guest::Gpa;
using guest::Gva;
using guest::MemoryMapping;

constexpr size_t kTableBytes = 4096;
constexpr size_t kMappingsPerTable = 32;  ///< cap on tables: that on mappings, divided by this,
constexpr size_t kFewestTables = 256;     ///< but at least this
/// The bound on the work for all of a guest's address spaces, in walks that reach all their bounds.
/// A bound for each walk alone would let 255 vCPUs take minutes.
constexpr size_t kMostWalks = 4;
constexpr uint64_t kMebibyte = uint64_t{1} << 20;

/// A copy of one table's bytes, because a device may write during the walk.
class Table {
  public:
    Result<> read(const guest::PageSource& memory, Gpa from, const Level& level) {
        entry_bytes_ = level.entry_bytes;
        const size_t size = size_t{level.entry_bytes} << level.index_bits;
        return memory.read_padded(from, std::span(bytes_).first(size));
    }

    uint64_t entry(size_t index) const {
        return entry_bytes_ == 8 ? load<util::le64>(index) : load<util::le32>(index);
    }

  private:
    template <class T>
    T load(size_t index) const {
        T value;
        std::memcpy(&value, &bytes_[index * sizeof(T)], sizeof(T));
        return value;
    }

    size_t entry_bytes_ = 8;
    std::array<std::byte, kTableBytes> bytes_;
};

/// One walk over the tables of one address space.
///
/// Time is bounded although tables can be shared. What a table maps depends only on its address and
/// its level, so each such pair is read once. Another reference to it copies the mappings that were
/// found the first time, moved to the new place. A copy of k mappings makes the list k or, if the
/// first one joins its neighbour, k - 1 longer, so all copies together cost no more than the list's
/// cap plus the number of references, both of which are bounded. The number of levels bounds the
/// depth, which also ends cycles: a table that refers to itself is another pair one level below.
///
/// If something below a table was left out because another walk has it at the same place, this walk
/// does not have all mappings of that table. Then the table is read again from a new place, which
/// counts as a table.
class PageWalk {
  public:
    PageWalk(const PagingMode& mode, const WalkScope& scope, size_t cap)
        : mode_(mode),
          scope_(scope),
          ram_(scope.memory.blocks()),
          found_(cap),
          most_tables_(std::max(cap / kMappingsPerTable, kFewestTables)) {}

    Result<> run() {
        TRY(visit_table(0, mode_.on_bus(mode_.root()), Gva{0}));
        return {};
    }

    /// Adds the mappings to @out, and the work and the tables to the scope.
    Result<> merge_into(guest::MemoryMappingList& out) && {
        scope_.walked.add_steps(steps());
        TRY(out.merge(std::move(found_)));
        return visits_.for_each([&](uint64_t table, const Visit& visit) {
            return scope_.walked.add({table, visit.base.value, mode_.identity()});
        });
    }

  private:
    /// Where the list contains the mappings of a table that has been read.
    struct Visit {
        Gva base;            ///< virtual address of the table's first entry
        size_t first;        ///< index of the first that can be one of its mappings
        bool whole = false;  ///< the list contains everything that it maps
    };

    uint64_t steps() const { return tables_ * kMappingsPerTable + repeats_ + found_.view().size(); }
    Result<> check_steps() const;
    Result<bool> follow(size_t level, Gpa table, Gva base);
    Result<bool> visit_table(size_t level, Gpa table, Gva base);
    bool is_outside(Gpa address, uint64_t length);
    Result<> repeat(const Visit& visit, uint64_t span, Gva base);
    Result<> add_page(Gpa page, Gva base, uint64_t length);
    Result<> add_parts(Gpa page, Gva base, uint64_t length);

    const PagingMode& mode_;
    const WalkScope& scope_;
    RamRuns ram_;
    guest::MemoryMappingList found_;
    util::MappedMap<uint64_t, Visit> visits_;  ///< by address | level; tables are 4 KiB aligned
    size_t most_tables_;
    size_t tables_ = 0;  ///< that were read, without the top one
    size_t repeats_ = 0;
};

Result<> PageWalk::check_steps() const {
    // Steps of a walk that reaches its bounds: tables, references, mappings.
    const uint64_t one = most_tables_ * kMappingsPerTable + 2 * uint64_t{found_.cap()};
    if (scope_.walked.steps() + steps() <= kMostWalks * one) return {};
    return Error::make("the page tables of the guest's vCPUs take more than %" PRIu64
                       " steps to walk",
                       kMostWalks * one);
}

/// Continues with a table of level @level at @table that maps addresses from @base. Returns true if
/// the list then contains everything that it maps.
Result<bool> PageWalk::follow(size_t level, Gpa table, Gva base) {
    const uint64_t key = table.value | level;
    if (!scope_.walked.empty() && scope_.walked.has({key, base.value, mode_.identity()}))
        return false;
    TRY(scope_.cancellation.check());
    TRY(check_steps());
    const size_t first = found_.view().empty() ? 0 : found_.view().size() - 1;
    const auto [visit, is_new] = TRY(visits_.try_emplace(key, Visit{base, first}));
    if (!is_new && ++repeats_ > found_.cap()) {
        return Error::make("the guest's page tables refer to tables again more than %zu times",
                           found_.cap());
    }
    if (visit->whole) {
        const Level& shape = mode_.levels()[level];
        TRY(repeat(*visit, uint64_t{1} << (shape.shift + shape.index_bits), base));
        return true;
    }
    if (++tables_ > most_tables_)
        return Error::make("the guest has more than %zu page tables", most_tables_);
    const bool whole = TRY(visit_table(level, table, base));
    if (!whole) return false;
    // Looked up again, because the map has grown.
    const auto [again, _] = TRY(visits_.try_emplace(key, {}));
    *again = {base, first, true};
    return true;
}

/// As follow(), for a table that has not been read.
Result<bool> PageWalk::visit_table(size_t level, Gpa address, Gva base) {
    const Level& shape = mode_.levels()[level];
    Table table;
    TRY(table.read(scope_.memory, address, shape));
    bool whole = true;
    for (uint64_t i = 0; i < uint64_t{1} << shape.index_bits; ++i) {
        const Entry entry = mode_.decode(level, table.entry(i));
        if (entry.kind == Entry::Kind::absent) continue;
        const bool is_page = entry.kind == Entry::Kind::page;
        const uint64_t length = is_page ? uint64_t{1} << shape.shift : kTableBytes;
        if (is_outside(entry.address, length)) continue;
        const uint64_t virt = base.value | i << shape.shift;
        const Gva from = level == 0 ? mode_.canonical(virt) : Gva{virt};
        if (is_page) {
            TRY(add_page(entry.address, from, length));
        } else {
            whole &= TRY(follow(level + 1, mode_.on_bus(entry.address), from));
        }
    }
    return whole;
}

/// True if none of the bytes is memory. (The bytes onto which the A20 line folds a large page are
/// part of the page.)
bool PageWalk::is_outside(Gpa address, uint64_t length) {
    const Gpa first = mode_.on_bus(address);
    const RamRuns::Run& run = ram_.at(first);
    return !run.is_ram && run.last - first.value >= length - 1;
}

/// Adds the mappings within @span bytes of @visit.base once more, now from @base.
Result<> PageWalk::repeat(const Visit& visit, uint64_t span, Gva base) {
    const uint64_t first = visit.base.value, last = visit.base.value + (span - 1);
    for (size_t i = visit.first; i < found_.view().size(); ++i) {
        // A copy, because adding may move the list. Its ends may be joined with a neighbour's.
        const MemoryMapping mapping = found_.view()[i];
        if (mapping.virt.value > last) break;
        const uint64_t from = std::max(first, mapping.virt.value);
        const uint64_t to = std::min(last, mapping.virt.value + (mapping.length - 1));
        if (from > to) continue;
        TRY(found_.add({.phys = Gpa{mapping.phys.value + (from - mapping.virt.value)},
                        .virt = Gva{base.value + (from - first)},
                        .length = to - from + 1}));
    }
    return {};
}

/// Adds the parts of a page that are memory.
Result<> PageWalk::add_page(Gpa page, Gva base, uint64_t length) {
    const bool is_whole = ram_.at(page).last - page.value >= length - 1;
    if (!mode_.a20() || !is_whole) return add_parts(page, base, length);
    return found_.add({.phys = page, .virt = base, .length = length});
}

/// As add_page(), for a page that is memory only in parts, or that the A20 line folds.
Result<> PageWalk::add_parts(Gpa page, Gva base, uint64_t length) {
    for (uint64_t done = 0; done < length;) {
        const Gpa phys = mode_.on_bus(Gpa{page.value + done});
        const RamRuns::Run& run = ram_.at(phys);
        uint64_t part = std::min(length - done - 1, run.last - phys.value) + 1;
        if (!mode_.a20()) part = std::min(part, kMebibyte - phys.value % kMebibyte);
        if (run.is_ram) {
            TRY(found_.add({.phys = phys, .virt = Gva{base.value + done}, .length = part}));
        }
        done += part;
    }
    return {};
}

}  // namespace

Result<> walk_pages(const PagingMode& mode, const WalkScope& scope, guest::MemoryMappingList& out) {
    PageWalk walk(mode, scope, out.cap());
    TRY(walk.run());
    return std::move(walk).merge_into(out);
}

}  // namespace guestdump::target_i386
