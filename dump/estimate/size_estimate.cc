// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/estimate/size_estimate.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "dump/compress/compressor.h"
#include "dump/compress/page_sample.h"
#include "dump/elf/elf_layout.h"
#include "dump/estimate/page_survey.h"
#include "dump/kdump/flat_sink.h"
#include "dump/kdump/kdump_bitmap.h"
#include "dump/kdump/kdump_layout.h"
#include "format/flattened.h"
#include "util/round.h"

namespace guestdump::dump {
namespace {

constexpr double kDeviations = 3;

/// A number with its lower and upper bound.
struct Guess {
    double low = 0, value = 0, high = 0;

    Guess operator*(const Guess& other) const {
        return {low * other.low, value * other.value, high * other.high};
    }
};

Guess around(double value, double deviation) {
    return {std::max(0.0, value - kDeviations * deviation), value, value + kDeviations * deviation};
}

/// Factor of the deviation after @taken of @total were drawn without replacement.
double of_the_rest(double taken, double total) {
    return total > taken ? std::sqrt((total - taken) / total) : 0;
}

/// Pages of the dump that are not zero.
Guess filled_pages(const PageSurvey& survey) {
    const auto looks = static_cast<double>(survey.looks), total = static_cast<double>(survey.total);
    const double share = static_cast<double>(survey.filled) / looks;
    // Agresti and Coull's method: with four more looks, a share of 0 or 1 has a deviation too.
    const double careful = (static_cast<double>(survey.filled) + 2) / (looks + 4);
    const double deviation =
        std::sqrt(careful * (1 - careful) / (looks + 4)) * of_the_rest(looks, total);
    Guess pages = around(total * share, total * deviation);
    pages.high = std::min(pages.high, total);
    return pages;
}

/// A lower bound of the number of distinct pages, if @twice pages were seen twice. Chao's estimate
/// for drawing without replacement infers from the pages seen once and twice how many were not
/// seen. [Chao and Lin 2012, Statistica Sinica 22]
double least_distinct(const PageSurvey& survey, double filled, double twice) {
    const auto once = static_cast<double>(survey.seen_once);
    const double drawn = static_cast<double>(survey.filled) / filled;
    const auto distinct = static_cast<double>(survey.distinct);
    if (drawn >= 1) return distinct;
    return distinct + once * once / (2 * twice + drawn / (1 - drawn) * once + 1);
}

/// The number of distinct pages among @filled. It is higher than Chao's estimate. Its share is
/// lower than in the sample, because a larger set contains more equal pages. The expected value is
/// between the two.
Guess distinct_pages(const PageSurvey& survey, const Guess& filled) {
    if (survey.filled == 0) return filled;
    const auto sample = static_cast<double>(survey.filled);
    const auto twice = static_cast<double>(survey.seen_twice);
    const double share = static_cast<double>(survey.distinct) / sample;
    const double most_share =
        std::min(1.0, share + kDeviations * std::sqrt(share * (1 - share) / sample));
    const double most_twice = twice + kDeviations * (std::sqrt(twice) + 1);
    const double chao = std::min(least_distinct(survey, filled.value, twice), filled.value * share);
    return {std::min(least_distinct(survey, filled.low, most_twice), filled.low * share),
            std::sqrt(chao * filled.value * share),
            survey.whole() ? filled.value * share : filled.high * most_share};
}

/// Bytes of a compressed page.
Guess stored_bytes(const PageSurvey& survey) {
    if (survey.measured == 0) return {};
    const auto count = static_cast<double>(survey.measured);
    const double mean = static_cast<double>(survey.stored) / count;
    const double variance = std::max(0.0, survey.stored_squares / count - mean * mean);
    const double all =
        survey.whole() ? static_cast<double>(survey.distinct) : static_cast<double>(survey.total);
    return around(mean, std::sqrt(variance / count) * of_the_rest(count, all));
}

SizeEstimate estimate_of(uint64_t frame, const Guess& pages) {
    // Rounding in divisions and products must not change a whole number.
    constexpr double kRounding = 1e-3;
    return {.bytes = frame + static_cast<uint64_t>(std::llround(pages.value)),
            .lowest = frame + static_cast<uint64_t>(std::floor(pages.low + kRounding)),
            .highest = frame + static_cast<uint64_t>(std::ceil(pages.high - kRounding))};
}

/// Maximum number of bytes that a file system needs to record the holes: 12 in ext4 and 16 in xfs
/// for each piece between two holes, in whole blocks.
uint64_t most_for_holes(const Guess& filled, uint64_t total, uint64_t page_size) {
    constexpr double kRecord = 16;
    const double pieces = std::min(filled.high, static_cast<double>(total) - filled.low) + 2;
    return page_size + static_cast<uint64_t>(pieces * kRecord);
}

Result<SizeEstimate> estimate_elf(const Snapshot& snapshot, const guest::PageSource& source) {
    const ElfLayout layout = TRY(ElfLayout::of(snapshot));
    const uint64_t page_size = snapshot.arch.page_size;
    const PageSurvey survey = TRY(survey_pages(snapshot.pages, page_size, source, {}));
    // The pages before memory. If memory begins in the last of them, that page counts as memory.
    const uint64_t head = layout.notes + snapshot.notes.size();
    const bool shared = layout.blocks.front() < util::round_up(head, page_size);
    const auto bytes = static_cast<double>(page_size);
    const uint64_t frame = (head + (shared ? 0 : page_size - 1)) / page_size * page_size;
    const Guess filled = filled_pages(survey);
    SizeEstimate estimate = estimate_of(frame, filled * Guess{bytes, bytes, bytes});
    estimate.highest += most_for_holes(filled, survey.total, page_size);
    estimate.without_holes = layout.size;
    return estimate;
}

Result<std::unique_ptr<Compressor>> compressor_for(const KdumpRequest& request,
                                                   const Snapshot& snapshot,
                                                   const guest::PageSource& source) {
    const size_t page_size = snapshot.arch.page_size;
    const auto sample = TRY(sample_pages(snapshot.pages, page_size, source));
    return Compressor::create({request.compression, request.level, page_size, sample});
}

/// Adds the records of the flattened format: one a MiB, or more if pages come in smaller pieces.
void add_records(const KdumpLayout& layout, uint64_t runs, SizeEstimate& estimate) {
    const auto records = [](uint64_t count) {
        return sizeof(format::FlatHeader) + (count + 1) * sizeof(format::FlatRecord);
    };
    const uint64_t pieces = layout.page_count / 128 + runs + 16;
    estimate.lowest += records(1);
    estimate.bytes += records(estimate.bytes / FlatSink::kRecordBytes + 2);
    estimate.highest += records(estimate.highest / FlatSink::kRecordBytes + pieces);
}

Result<SizeEstimate> estimate_kdump(const Snapshot& snapshot, const KdumpRequest& request,
                                    const guest::PageSource& source) {
    const uint64_t page_size = snapshot.arch.page_size;
    KdumpLayout::Input input = KdumpLayout::Input::of(snapshot.arch);
    input.max_mapnr = snapshot.max_mapnr;
    input.page_count = snapshot.pages.count();
    input.note_size = snapshot.notes.size();
    const KdumpLayout layout = TRY(KdumpLayout::of(input));
    const auto compressor = TRY(compressor_for(request, snapshot, source));
    const SurveyOptions options{.find_equal = request.share_pages, .compressor = compressor.get()};
    const PageSurvey survey = TRY(survey_pages(snapshot.pages, page_size, source, options));
    const Guess filled = filled_pages(survey);
    const Guess pages = request.share_pages ? distinct_pages(survey, filled) : filled;
    uint64_t frame = layout.pages + page_size;
    if (request.flattened) {
        frame -= unwritten_bytes(layout.bitmap_size(), snapshot.existing) +
                 unwritten_bytes(layout.bitmap_size(), snapshot.pages);
    }
    SizeEstimate estimate = estimate_of(frame, pages * stored_bytes(survey));
    if (request.flattened) add_records(layout, snapshot.blocks.view().size(), estimate);
    estimate.without_holes = estimate.highest;
    return estimate;
}

/// Guest memory that cannot be read after cancellation. An estimate reads page by page, so it then
/// ends soon.
class WantedSource final : public guest::PageSource {
  public:
    WantedSource(const guest::PageSource& memory, const util::Cancellation& cancellation)
        : memory_(memory), cancellation_(cancellation) {}

    const guest::GuestPhysBlockList& blocks() const override { return memory_.blocks(); }
    Result<> read(guest::Gpa from, std::span<std::byte> out) const override {
        TRY(cancellation_.check());
        return memory_.read(from, out);
    }
    Result<> read_padded(guest::Gpa from, std::span<std::byte> out) const override {
        TRY(cancellation_.check());
        return memory_.read_padded(from, out);
    }
    guest::RamExtent extent(guest::Gpa from, uint64_t limit) const override {
        return memory_.extent(from, limit);
    }
    bool pages_stay() const override { return memory_.pages_stay(); }

  private:
    const guest::PageSource& memory_;
    const util::Cancellation& cancellation_;
};

}  // namespace

Result<SizeEstimate> estimate_size(const Capture& capture, const Request& request,
                                   const util::Cancellation& cancellation) {
    Request by_class = request;
    by_class.exclude.zero = false;  // it would take all of memory to find them
    const Snapshot snapshot = TRY(Snapshot::prepare(capture, by_class, cancellation));
    SizeEstimate estimate =
        TRY(estimate_size(snapshot, by_class, WantedSource(*snapshot.memory, cancellation)));
    const bool judged = snapshot.page_counts.has_value();
    estimate.level = linux_guest::Exclusion{.zero = request.exclude.zero}.level() |
                     (judged ? by_class.exclude.level() : 0);
    estimate.page_counts = snapshot.page_counts;
    estimate.warnings = snapshot.warnings;
    return estimate;
}

Result<SizeEstimate> estimate_size(const Snapshot& snapshot, const Request& request,
                                   const guest::PageSource& pages) {
    // A VirtualBox core has the size of an ELF file.
    if (!request.kdump()) return estimate_elf(snapshot, pages);
    return estimate_kdump(snapshot, *request.kdump(), pages);
}

}  // namespace guestdump::dump
