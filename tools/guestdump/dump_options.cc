// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/dump_options.h"

#include <algorithm>
#include <cinttypes>
#include <string>

#include "dump/arguments.h"
#include "tools/guestdump/terminal_output.h"

namespace guestdump::tools {
namespace {

Error no_format(const char* given) {
    std::string list;
    for (const qapi::DumpGuestMemoryFormat format : dump::supported_formats())
        list += (list.empty() ? "" : ", ") + std::string(to_string(format));
    return Error::make("there is no format '%s'; the formats are %s", given, list.c_str());
}

}  // namespace

std::vector<GOptionEntry> DumpOptions::entries() {
    return {
        {"format", 0, 0, G_OPTION_ARG_STRING, format_.address(),
         "elf (the default), kdump-zlib, kdump-lzo, kdump-snappy, kdump-zstd, kdump-raw-..., "
         "vbox-core",
         "F"},
        {"paging", 0, 0, G_OPTION_ARG_NONE, &paging_, "program headers by virtual address",
         nullptr},
        {"begin", 0, 0, G_OPTION_ARG_STRING, begin_.address(),
         "first guest-physical address to dump", "A"},
        {"length", 0, 0, G_OPTION_ARG_STRING, length_.address(),
         "number of bytes to dump; K, M, G or T may follow", "BYTES"},
        {"threads", 0, 0, G_OPTION_ARG_INT, &threads_,
         "number of threads (default: one per processor)", "N"},
        {"level", 0, 0, G_OPTION_ARG_STRING, level_.address(),
         "compression level: zlib 1 to 12, zstd -10 to 19", "N"},
        {"no-share-pages", 0, 0, G_OPTION_ARG_NONE, &no_share_,
         "store equal pages repeatedly (kdump)", nullptr},
        {"no-find-vmcoreinfo", 0, 0, G_OPTION_ARG_NONE, &no_find_,
         "do not search memory for VMCOREINFO if the guest passed none", nullptr},
        {"exclude", 0, 0, G_OPTION_ARG_STRING, exclude_.address(),
         "kinds of pages to leave out: zero,cache,cache-private,user,free", "KINDS"},
        {"dump-level", 'd', 0, G_OPTION_ARG_STRING, dump_level_.address(),
         "the same as a sum: 1 zero, 2 cache, 4 cache-private, 8 user, 16 free", "LEVEL"},
        {"find-vmcoreinfo", 0, 0, G_OPTION_ARG_STRING, find_.address(),
         "when to search memory for VMCOREINFO: missing (the default), never, always", "WHEN"},
        {"max-mappings", 0, 0, G_OPTION_ARG_STRING, max_mappings_.address(),
         "number of mappings that --paging may find", "N"},
        {"force", 0, 0, G_OPTION_ARG_NONE, &force_, "write even to a terminal", nullptr},
    };
}

Result<FindVmcoreinfo> parse_find_vmcoreinfo(const OptionText& text) {
    const std::string when = text.get() ? text.get() : "missing";
    if (when != "missing" && when != "never" && when != "always") {
        return Error::make("--find-vmcoreinfo expects missing, never or always, not '%s'",
                           when.c_str());
    }
    return FindVmcoreinfo{.search = when != "never", .replace = when == "always"};
}

/// The union of --exclude and -d.
Result<std::optional<std::vector<qapi::DumpExclude>>> DumpOptions::excluded() const {
    std::vector<qapi::DumpExclude> kinds;
    const std::optional<uint64_t> level = TRY(parse_number("dump-level", dump_level_));
    if (level) {
        if (*level > 31)
            return Error::make("-d expects a dump level from 0 to 31, not %" PRIu64, *level);
        kinds = dump::kinds_of_level(static_cast<uint32_t>(*level));
    }
    std::string_view rest = exclude_.get() ? exclude_.get() : "";
    while (!rest.empty()) {
        const std::string_view word = rest.substr(0, rest.find(','));
        const auto kind = qapi::parse_dump_exclude(word);
        if (!kind) {
            return Error::make(
                "--exclude: there is no kind of pages '%s'; there are zero, cache, "
                "cache-private, user and free",
                std::string(word).c_str());
        }
        kinds.push_back(*kind);
        rest.remove_prefix(std::min(rest.size(), word.size() + 1));
    }
    return kinds.empty() ? std::nullopt : std::optional(std::move(kinds));
}

Result<qapi::DumpGuestMemoryArguments> DumpOptions::arguments() const {
    qapi::DumpGuestMemoryArguments arguments;
    arguments.paging = paging_ != FALSE;
    arguments.begin = TRY(parse_bytes("begin", begin_));
    arguments.length = TRY(parse_bytes("length", length_));
    if (threads_ != 0) arguments.threads = TRY(parse_threads(threads_));
    arguments.level = TRY(parse_signed("level", level_));
    if (no_share_) arguments.share_pages = false;
    const FindVmcoreinfo when = TRY(parse_find_vmcoreinfo(find_));
    if (no_find_ || !when.search) arguments.find_vmcoreinfo = false;
    arguments.exclude = TRY(excluded());
    const auto most = TRY(parse_number("max-mappings", max_mappings_));
    if (most) {
        // A value of more than 32 bits is capped: the dump then refuses it and prints its own
        // limit.
        arguments.max_mappings = static_cast<uint32_t>(std::min<uint64_t>(*most, UINT32_MAX));
    }
    if (format_.get()) {
        arguments.format = qapi::parse_dump_guest_memory_format(format_.get());
        if (!arguments.format) return no_format(format_.get());
    }
    return arguments;
}

Result<> DumpOptions::check_output(const std::string& output) const {
    if (force_) return {};
    return refuse_terminal(output);
}

}  // namespace guestdump::tools
