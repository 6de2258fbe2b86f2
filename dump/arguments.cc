// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/arguments.h"

#include <algorithm>
#include <cinttypes>
#include <string>

#include "dump/compress/compressor.h"
#include "util/result.h"

namespace guestdump::dump {
namespace {

using Format = qapi::DumpGuestMemoryFormat;

/// Limit of 'threads': more than any machine has, and a bound on what a client can make us start.
constexpr uint32_t kMostThreads = 1024;

/// Limit of 'max-mappings'. Each program header takes 56 bytes of the file and up to 72 of memory.
constexpr uint32_t kMostMappings = 1u << 28;

/// Least 'live-memory': one page.
constexpr uint64_t kLeastPool = 4096;

struct KdumpKind {
    Format format;
    Compression compression;
    bool flattened;
};

/// In QEMU's order, followed by our own formats. [qemu query-dump-guest-memory-capability]
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
    if (!arguments.max_mappings) return ElfRequest::kDefaultMostMappings;
    if (!arguments.paging) return Error::make("parameter 'max-mappings' needs paging");
    if (*arguments.max_mappings < 1 || *arguments.max_mappings > kMostMappings) {
        return Error::make("parameter 'max-mappings' expects a value from 1 to %u, not %u",
                           kMostMappings, *arguments.max_mappings);
    }
    return static_cast<size_t>(*arguments.max_mappings);
}

Result<std::optional<LiveRequest>> parse_live(const qapi::DumpGuestMemoryArguments& arguments) {
    const bool live = arguments.live.value_or(false);
    if (!live && arguments.live_fallback)
        return Error::make("parameter 'live-fallback' needs live");
    if (!live && arguments.live_memory) return Error::make("parameter 'live-memory' needs live");
    if (!live) return std::optional<LiveRequest>();
    const uint64_t pool = arguments.live_memory.value_or(0);
    if (arguments.live_memory && pool < kLeastPool) {
        return Error::make("parameter 'live-memory' expects at least %" PRIu64
                           " bytes, not %" PRIu64,
                           kLeastPool, pool);
    }
    return std::optional(
        LiveRequest{.fall_back = arguments.live_fallback.value_or(false), .pool_bytes = pool});
}

/// Fails if @arguments contains a parameter that only formats with compressed pages support.
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
    TRY(parse_max_mappings(arguments));  // fails if given: it needs paging
    KdumpRequest request{.compression = kind.compression, .flattened = kind.flattened};
    request.share_pages = arguments.share_pages.value_or(true);
    request.level = arguments.level;
    TRY(check_compression(request.compression, request.level));
    return request;
}

Result<VboxRequest> parse_vbox(const qapi::DumpGuestMemoryArguments& arguments) {
    TRY(parse_max_mappings(arguments));  // fails if given: it needs paging
    TRY(refuse_compression(arguments, "vbox-core"));
    return VboxRequest{};
}

linux_guest::Exclusion exclusion_of(const std::vector<qapi::DumpExclude>& kinds) {
    linux_guest::Exclusion exclusion;
    for (const qapi::DumpExclude kind : kinds) {
        exclusion.zero |= kind == qapi::DumpExclude::zero;
        exclusion.cache |= kind == qapi::DumpExclude::cache;
        exclusion.cache_private |= kind == qapi::DumpExclude::cache_private;
        exclusion.user |= kind == qapi::DumpExclude::user;
        exclusion.free |= kind == qapi::DumpExclude::free;
    }
    return exclusion;
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

/// Parses the arguments that are specific to @format.
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

}  // namespace

Result<Request> parse_request(const qapi::DumpGuestMemoryArguments& arguments) {
    const Format format = arguments.format.value_or(Format::elf);
    TRY(check_paging(arguments, format));
    const std::optional<guest::GpaRange> only = TRY(parse_range(arguments));
    const unsigned threads = TRY(parse_threads(arguments));
    const std::optional<LiveRequest> live = TRY(parse_live(arguments));
    Request request = TRY(parse_format(arguments, format));
    request.only = only;
    request.threads = threads;
    if (arguments.exclude) request.exclude = exclusion_of(*arguments.exclude);
    request.live = live;
    request.find_vmcoreinfo = arguments.find_vmcoreinfo.value_or(true);
    return request;
}

std::vector<qapi::DumpExclude> kinds_of_level(uint32_t level) {
    // Bit i of a level is the kind number i.
    static_assert(static_cast<int>(qapi::DumpExclude::zero) == 0);
    static_assert(static_cast<int>(qapi::DumpExclude::free) == 4);
    std::vector<qapi::DumpExclude> kinds;
    for (int i = 0; i < 5; ++i) {
        if ((level >> i & 1) != 0) kinds.push_back(static_cast<qapi::DumpExclude>(i));
    }
    return kinds;
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

}  // namespace guestdump::dump
