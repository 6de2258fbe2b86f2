// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/request.h"

#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "dump/compress/compressor.h"

namespace guestdump::dump {
namespace {

using Format = qapi::DumpGuestMemoryFormat;

/// More threads than any machine has; a bound for what a client can make us start.
constexpr uint32_t kMostThreads = 1024;

/// More wait for memory and the target, and cost memory.
constexpr unsigned kMostUsefulThreads = 64;

/// What program headers can be asked for: each takes 56 bytes of the file and up to 72 of memory.
constexpr uint32_t kMostMappings = 1u << 28;

struct KdumpKind {
    Format format;
    Compression compression;
    bool flattened;
};

/// In the order in which QEMU lists them, and then ours. [qemu query-dump-guest-memory-capability]
constexpr KdumpKind kKdumpKinds[] = {
    {Format::kdump_zlib, Compression::zlib, true},
    {Format::kdump_raw_zlib, Compression::zlib, false},
    {Format::kdump_lzo, Compression::lzo, true},
    {Format::kdump_raw_lzo, Compression::lzo, false},
    {Format::kdump_snappy, Compression::snappy, true},
    {Format::kdump_raw_snappy, Compression::snappy, false},
    {Format::kdump_zstd, Compression::zstd, true},
    {Format::kdump_raw_zstd, Compression::zstd, false},
};

Result<std::optional<guest::GpaRange>> parse_range(
    const qapi::DumpGuestMemoryArguments& arguments) {
    if (arguments.begin && !arguments.length) return Error::make("Parameter 'length' is missing");
    if (!arguments.begin && arguments.length) return Error::make("Parameter 'begin' is missing");
    if (!arguments.begin) return std::optional<guest::GpaRange>();
    if (*arguments.length == 0) return Error::make("parameter 'length' expects a non-zero size");
    const guest::GpaRange range =
        TRY(guest::GpaRange::make(guest::Gpa{*arguments.begin}, *arguments.length));
    return std::optional(range);
}

Result<unsigned> parse_threads(const qapi::DumpGuestMemoryArguments& arguments) {
    if (!arguments.threads) return 0u;
    if (*arguments.threads < 1 || *arguments.threads > kMostThreads) {
        return Error::make("parameter 'threads' expects a value from 1 to %u, not %u", kMostThreads,
                           *arguments.threads);
    }
    return static_cast<unsigned>(*arguments.threads);
}

Result<size_t> parse_max_mappings(const qapi::DumpGuestMemoryArguments& arguments) {
    if (!arguments.max_mappings) return guest::MemoryMappingList::kDefaultCap;
    if (!arguments.paging) return Error::make("parameter 'max-mappings' needs paging");
    if (*arguments.max_mappings < 1 || *arguments.max_mappings > kMostMappings) {
        return Error::make("parameter 'max-mappings' expects a value from 1 to %u, not %u",
                           kMostMappings, *arguments.max_mappings);
    }
    return static_cast<size_t>(*arguments.max_mappings);
}

/// What only formats with compressed pages have.
Result<> refuse_compression(const qapi::DumpGuestMemoryArguments& arguments, const char* format) {
    const char* name = arguments.level ? "level" : arguments.share_pages ? "share-pages" : nullptr;
    if (!name) return {};
    return Error::make("format '%s' does not support parameter '%s'", format, name);
}

Result<ElfRequest> parse_elf(const qapi::DumpGuestMemoryArguments& arguments) {
    ElfRequest request{.paging = arguments.paging};
    request.most_mappings = TRY(parse_max_mappings(arguments));
    TRY(refuse_compression(arguments, "elf"));
    return request;
}

Result<KdumpRequest> parse_kdump(const qapi::DumpGuestMemoryArguments& arguments,
                                 const KdumpKind& kind) {
    TRY(parse_max_mappings(arguments));  // without paging it has no meaning
    KdumpRequest request{.compression = kind.compression, .flattened = kind.flattened};
    request.share_pages = arguments.share_pages.value_or(true);
    request.level = arguments.level;
    TRY(check_compression(request.compression, request.level));
    return request;
}

Result<VboxRequest> parse_vbox(const qapi::DumpGuestMemoryArguments& arguments) {
    TRY(parse_max_mappings(arguments));  // without paging it has no meaning
    TRY(refuse_compression(arguments, "vbox-core"));
    return VboxRequest{};
}

const KdumpKind* find_kdump(Format format) {
    const auto* found = std::find_if(std::begin(kKdumpKinds), std::end(kKdumpKinds),
                                     [format](const auto& kind) { return kind.format == format; });
    return found != std::end(kKdumpKinds) ? found : nullptr;
}

Result<> check_paging(const qapi::DumpGuestMemoryArguments& arguments, Format format) {
    if (!arguments.paging || format == Format::elf) return {};
    if (find_kdump(format))
        return Error::make("kdump-compressed format doesn't support paging or filter");
    return Error::make("format '%s' does not support parameter 'paging'",
                       std::string(to_string(format)).c_str());
}

/// What only @format has.
Result<Request> parse_format(const qapi::DumpGuestMemoryArguments& arguments, Format format) {
    if (const KdumpKind* kind = find_kdump(format)) {
        const KdumpRequest request = TRY(parse_kdump(arguments, *kind));
        return Request(request);
    }
    if (format == Format::vbox_core) {
        const VboxRequest request = TRY(parse_vbox(arguments));
        return Request(request);
    }
    if (format == Format::elf) {
        const ElfRequest request = TRY(parse_elf(arguments));
        return Request(request);
    }
    return Error::make("%s is not available now", std::string(to_string(format)).c_str());
}

/// Processors this process may run on; at least 1.
unsigned processors() {
    // The mask needs a bit for every processor that the host can have; no call returns that number.
    constexpr size_t kMostSets = 64;
    for (size_t sets = 1; sets <= kMostSets; sets *= 2) {
        std::vector<cpu_set_t> allowed(sets);
        const size_t size = sets * sizeof(cpu_set_t);
        if (::sched_getaffinity(0, size, allowed.data()) == 0)
            return static_cast<unsigned>(std::max(1, CPU_COUNT_S(size, allowed.data())));
        if (errno != EINVAL) break;
    }
    return 1;
}

}  // namespace

Result<Request> parse_request(const qapi::DumpGuestMemoryArguments& arguments) {
    const Format format = arguments.format.value_or(Format::elf);
    TRY(check_paging(arguments, format));
    const std::optional<guest::GpaRange> only = TRY(parse_range(arguments));
    const unsigned threads = TRY(parse_threads(arguments));
    Request request = TRY(parse_format(arguments, format));
    request.only = only;
    request.threads = threads;
    request.find_vmcoreinfo = arguments.find_vmcoreinfo.value_or(true);
    return request;
}

bool is_kdump_raw(Format format) {
    return std::any_of(
        std::begin(kKdumpKinds), std::end(kKdumpKinds),
        [format](const KdumpKind& kind) { return kind.format == format && !kind.flattened; });
}

std::vector<Format> supported_formats() {
    std::vector<Format> formats = {Format::elf};
    for (const KdumpKind& kind : kKdumpKinds) {
        if (check_compression(kind.compression, std::nullopt)) formats.push_back(kind.format);
    }
    formats.push_back(Format::vbox_core);
    return formats;
}

unsigned thread_count(unsigned threads) {
    return std::min(threads != 0 ? threads : processors(), kMostUsefulThreads);
}

}  // namespace guestdump::dump
