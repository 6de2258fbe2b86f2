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

struct ElfRequest {
    bool paging = false;  ///< program headers by virtual address
    size_t most_mappings = guest::MemoryMappingList::kDefaultCap;  ///< that page tables may hold
    std::optional<guest::GpaRange> only{};                         ///< dump nothing else
    unsigned threads = 0;         ///< 0: one for each processor that the process may use
    bool find_vmcoreinfo = true;  ///< in guest memory, where the guest has handed over no note
};

struct KdumpRequest {
    Compression compression = Compression::zlib;
    std::optional<int64_t> level{};  ///< of the compressor; empty: its default
    bool flattened = true;           ///< makedumpfile's records, for targets that cannot seek
    bool share_pages = true;         ///< identical pages are stored once
    std::optional<guest::GpaRange> only{};  ///< other pages are absent
    unsigned threads = 0;         ///< as in ElfRequest; the bytes are the same for any number
    bool find_vmcoreinfo = true;  ///< as in ElfRequest
};

/// A VirtualBox core.
struct VboxRequest {
    std::optional<guest::GpaRange> only{};
    unsigned threads = 0;         ///< as in ElfRequest
    bool find_vmcoreinfo = true;  ///< as in ElfRequest
};

using Request = std::variant<ElfRequest, KdumpRequest, VboxRequest>;

/// What all kinds of requests have.
std::optional<guest::GpaRange> range_of(const Request& request);
unsigned threads_of(const Request& request);
bool finds_vmcoreinfo(const Request& request);

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
