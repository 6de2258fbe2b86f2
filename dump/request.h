// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

#include "guest/address.h"
#include "linux/page_classes.h"

/// What a dump is to contain, and its format. Contradictory options cannot be represented.

namespace guestdump::dump {

enum class Compression { zlib, lzo, snappy, zstd };

/// An ELF vmcore.
struct ElfRequest {
    bool paging = false;  ///< program headers describe virtual addresses
    /// Maximum number of separate mappings in the page tables; if there are more, the dump fails.
    size_t most_mappings = kDefaultMostMappings;

    static constexpr size_t kDefaultMostMappings = size_t{1} << 22;
};

/// A kdump-compressed file.
struct KdumpRequest {
    Compression compression = Compression::zlib;
    std::optional<int64_t> level{};  ///< compression level; empty: the default
    bool flattened = true;           ///< makedumpfile's records, for targets that cannot seek
    bool share_pages = true;         ///< identical pages are stored once
};

/// A VirtualBox core.
struct VboxRequest {};

/// A dump while the guest runs.
struct LiveRequest {
    bool fall_back = false;   ///< stop the guest if the host lacks what is needed
    uint64_t pool_bytes = 0;  ///< bound on copies of pages; 0: the machine's default
};

/// Options of every dump, and the format with its own options.
struct Request {
    Request() = default;
    // Not explicit: a format alone is a request with defaults for everything else.
    Request(const ElfRequest& elf) : format(elf) {}
    Request(const KdumpRequest& kdump) : format(kdump) {}
    Request(const VboxRequest& vbox) : format(vbox) {}

    const ElfRequest* elf() const { return std::get_if<ElfRequest>(&format); }
    const KdumpRequest* kdump() const { return std::get_if<KdumpRequest>(&format); }
    const VboxRequest* vbox() const { return std::get_if<VboxRequest>(&format); }

    /// True for raw kdump formats, whose file is not written in order of offsets.
    bool needs_random_access() const { return kdump() && !kdump()->flattened; }

    std::variant<ElfRequest, KdumpRequest, VboxRequest> format{};
    std::optional<guest::GpaRange> only{};  ///< dump only this range; empty: all memory
    /// 0: one for each processor that the process may use. The output is the same for any number.
    unsigned threads = 0;
    std::optional<LiveRequest> live{};  ///< dump the guest while it runs
    linux_guest::Exclusion exclude{};   ///< kinds of pages to leave out
    /// Search guest memory for Linux's VMCOREINFO if the guest has not passed a note.
    bool find_vmcoreinfo = true;
    /// Search also if there is a note of VMCOREINFO; what is found replaces it.
    bool replace_vmcoreinfo = false;
};

/// @threads, or if it is 0, the number of processors that this process may run on. The result is 1
/// to 64; more threads would only wait for memory and the target.
unsigned thread_count(unsigned threads);

}  // namespace guestdump::dump
