// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/core_contents.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <charconv>
#include <string>

#include "util/text.h"
#include "util/unique_fd.h"

namespace guestdump::vm {
namespace {

constexpr char kFilter[] = "/proc/self/coredump_filter";

/// Private memory that was written, shared memory without and with a file, private and shared huge
/// pages. [linux core(5)]
constexpr unsigned kNeeded = 1u << 0 | 1u << 1 | 1u << 3 | 1u << 5 | 1u << 6;

Result<> widen_filter() {
    const util::UniqueFd file(open(kFilter, O_RDWR | O_CLOEXEC));
    char digits[16] = {};
    if (!file || read(file.get(), digits, sizeof digits - 1) < 0)
        return Error::from_errno(errno, "reading '%s'", kFilter);
    unsigned filter = 0;
    std::from_chars(digits, digits + sizeof digits, filter, 16);
    if ((filter & kNeeded) == kNeeded) return {};
    const std::string wider = util::text("0x%x", filter | kNeeded);
    if (pwrite(file.get(), wider.data(), wider.size(), 0) < 0)
        return Error::from_errno(errno, "writing %s to '%s', so that cores hold guest memory",
                                 wider.c_str(), kFilter);
    return {};
}

/// The whole mapping that contains @piece: a mapping of huge pages cannot be split anywhere.
Result<> advise(const MappedMemory& piece, int advice) {
    if (madvise(piece.host - piece.offset, piece.region->size(), advice) == 0) return {};
    return Error::from_errno(errno,
                             "telling the host whether cores hold the 0x%" PRIx64 " bytes of '%s'",
                             piece.region->size(), std::string(piece.region->name()).c_str());
}

}  // namespace

Result<> keep_in_core(const AddressSpace& memory, bool keep) {
    for (const MappedMemory& piece : memory.view()) {
        if (piece.host) TRY(advise(piece, keep ? MADV_DODUMP : MADV_DONTDUMP));
    }
    if (keep) TRY(widen_filter());
    return {};
}

}  // namespace guestdump::vm
