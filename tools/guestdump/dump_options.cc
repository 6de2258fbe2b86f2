// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/dump_options.h"

#include <algorithm>

namespace guestdump::tools {

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
        {"length", 0, 0, G_OPTION_ARG_STRING, length_.address(), "number of bytes to dump",
         "BYTES"},
        {"threads", 0, 0, G_OPTION_ARG_INT, &threads_,
         "number of threads (default: one per processor)", "N"},
        {"level", 0, 0, G_OPTION_ARG_STRING, level_.address(),
         "compression level: zlib 1 to 12, zstd -10 to 19", "N"},
        {"no-share-pages", 0, 0, G_OPTION_ARG_NONE, &no_share_,
         "store equal pages repeatedly (kdump)", nullptr},
        {"no-find-vmcoreinfo", 0, 0, G_OPTION_ARG_NONE, &no_find_,
         "do not search memory for VMCOREINFO if the guest passed none", nullptr},
        {"max-mappings", 0, 0, G_OPTION_ARG_STRING, max_mappings_.address(),
         "number of mappings that --paging may find", "N"},
    };
}

Result<qapi::DumpGuestMemoryArguments> DumpOptions::arguments() const {
    qapi::DumpGuestMemoryArguments arguments;
    arguments.paging = paging_ != FALSE;
    arguments.begin = TRY(parse_number("begin", begin_));
    arguments.length = TRY(parse_number("length", length_));
    if (threads_ != 0) arguments.threads = TRY(parse_threads(threads_));
    arguments.level = TRY(parse_signed("level", level_));
    if (no_share_) arguments.share_pages = false;
    if (no_find_) arguments.find_vmcoreinfo = false;
    const auto most = TRY(parse_number("max-mappings", max_mappings_));
    if (most) {
        // What is too much for 32 bits is too much for a dump: it says so, and how much is not.
        arguments.max_mappings = static_cast<uint32_t>(std::min<uint64_t>(*most, UINT32_MAX));
    }
    if (format_.get()) {
        arguments.format = qapi::parse_dump_guest_memory_format(format_.get());
        if (!arguments.format) return Error::make("there is no format '%s'", format_.get());
    }
    return arguments;
}

}  // namespace guestdump::tools
