// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <variant>
#include <vector>

#include "guest/address.h"
#include "guest/memory_map.h"
#include "qapi/types.h"

/// What a client asked for, checked: a request that makes no sense cannot be written down.

namespace guestdump::dump {

enum class Compression { zlib, lzo, snappy, zstd };

/// An ELF vmcore.
struct ElfRequest {
    bool paging = false;  ///< program headers by virtual address
    /// Separate mappings that page tables may hold.
    size_t most_mappings = guest::MemoryMappingList::kDefaultCap;
};

/// A kdump-compressed file.
struct KdumpRequest {
    Compression compression = Compression::zlib;
    std::optional<int64_t> level{};  ///< of the compressor; empty: its default
    bool flattened = true;           ///< makedumpfile's records, for targets that cannot seek
    bool share_pages = true;         ///< identical pages are stored once
};

/// A VirtualBox core.
struct VboxRequest {};

/// What every dump is asked for, and the format with what only that has.
struct Request {
    Request() = default;
    // Not explicit: a format alone is a request with the defaults for all else.
    Request(const ElfRequest& elf) : format(elf) {}
    Request(const KdumpRequest& kdump) : format(kdump) {}
    Request(const VboxRequest& vbox) : format(vbox) {}

    const ElfRequest* elf() const { return std::get_if<ElfRequest>(&format); }
    const KdumpRequest* kdump() const { return std::get_if<KdumpRequest>(&format); }
    const VboxRequest* vbox() const { return std::get_if<VboxRequest>(&format); }

    /// True if the file is written in places that are not in order: raw kdump formats.
    bool needs_random_access() const { return kdump() && !kdump()->flattened; }

    std::variant<ElfRequest, KdumpRequest, VboxRequest> format{};
    std::optional<guest::GpaRange> only{};  ///< dump nothing else
    /// 0: one for each processor that the process may use. The bytes are the same for any number.
    unsigned threads = 0;
    /// Look for Linux's VMCOREINFO in guest memory if the guest has handed over no note.
    bool find_vmcoreinfo = true;
};

/// Checks the arguments of dump-guest-memory in QEMU's order and with its words. Touches no target.
Result<Request> parse_request(const qapi::DumpGuestMemoryArguments& arguments);

/// Whether @format is a kdump-raw format, which needs a target that can seek.
bool is_kdump_raw(qapi::DumpGuestMemoryFormat format);

/// The formats that this build can write, in the order in which QEMU lists them, and then ours.
std::vector<qapi::DumpGuestMemoryFormat> supported_formats();

/// @threads, or the number of processors this process may run on if that is 0; from 1 to 64,
/// because more threads only wait for memory and the target.
unsigned thread_count(unsigned threads);

}  // namespace guestdump::dump
