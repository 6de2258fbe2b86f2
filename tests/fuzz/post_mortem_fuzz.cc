// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/fuzz/vmcore_input.h"
#include "tests/vmcore/small_core.h"
#include "vmcore/process/post_mortem_record.h"

using namespace guestdump;

/// Reads any bytes as a core of the process, and as a record in a core. The record's checksums are
/// corrected, so that the code after the checks is reached.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const auto vmcore = vmcore::Vmcore::read(fuzz::source_of(data, size));
    if (vmcore) fuzz::look_at(**vmcore);

    const auto bytes = std::as_bytes(std::span(data, size));
    vmcore::Bytes record(bytes.begin(), bytes.end());
    record.resize(vmcore::SmallRecord::kLength);
    const uint32_t blocks = support::le32_at(record, 48);
    if (blocks <= 40) vmcore::mend_header(record, blocks);
    for (const unsigned number : {0u, 1u}) {
        const uint64_t at = vmcore::SmallRecord::kCopies + number * vmcore::SmallRecord::kCopySize;
        if (support::le32_at(record, at + 8) <= vmcore::SmallRecord::kCopySize - 16)
            vmcore::mend_copy(record, number);
    }
    const uint64_t address = vmcore::SmallRecord{}.address;
    const auto in_core = vmcore::Vmcore::read(vmcore::in_memory(
        vmcore::core_file({{.address = 0x10000, .contents = vmcore::Bytes(0x3000)},
                           {.address = address, .contents = record}})));
    if (in_core) fuzz::look_at(**in_core);
    return 0;
}
