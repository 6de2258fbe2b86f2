// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/readers.h"

#include <algorithm>
#include <array>
#include <cinttypes>

#include "vmcore/elf/elf_reader.h"
#include "vmcore/foreign.h"
#include "vmcore/kdump/flat_source.h"
#include "vmcore/process/process_core.h"

namespace guestdump::vmcore {
namespace {

/// A file format that can be read.
struct FormatReader {
    /// Returns true if the first bytes of @source, or its notes, show this format.
    bool (*probe)(const ByteSource& source);
    /// Reads headers and notes; memory is read later, through the blocks of the result.
    Result<ReadFile> (*read)(const std::shared_ptr<const ByteSource>& source);
};

/// A page may have several virtual addresses, but no two pages share bytes of a file that stores
/// them uncompressed: thousands of headers over the same bytes would claim terabytes of memory.
Result<> check_shared(const ByteSource& source, const guest::GuestPhysBlockList& blocks) {
    if (blocks.total_bytes() <= source.size()) return {};
    return Error::make("'%s': 0x%" PRIx64 " bytes of memory in a file of 0x%" PRIx64
                       ": several PT_LOAD have the same bytes",
                       source.name().c_str(), blocks.total_bytes(), source.size());
}

Result<ReadFile> read_as_process_core(const std::shared_ptr<const ByteSource>& source) {
    ReadFile file;
    file.contents = TRY(read_process_core(source));
    TRY(check_shared(*source, file.contents.blocks));
    return file;
}

Result<ReadFile> read_as_elf(const std::shared_ptr<const ByteSource>& source) {
    ReadFile file;
    file.contents = TRY(read_elf(source));
    if (file.contents.blocks.empty()) return empty_elf_error(*source);
    TRY(check_shared(*source, file.contents.blocks));
    return file;
}

Result<ReadFile> read_as_kdump(const std::shared_ptr<const ByteSource>& source) {
    ReadFile file;
    file.kdump = TRY(read_kdump(source));
    file.contents = std::move(file.kdump->contents);
    return file;
}

// To add a reader:
//  1. Put it into a folder of its own here, with the on-disk structures in format/.
//  2. Write a probe that looks at a few bytes only and never fails: every file that is no vmcore
//     is shown to it too.
//  3. Write a read function that fills Contents. It checks every offset and size against the file,
//     and every count against a limit, before it uses them. Page contents stay in the file: give
//     each block a RamRegion that reads them.
//  4. Add a row below. A format that is a special case of another one comes before it: the core of
//     a process is also an ELF file.
//  5. Add tests in tests/vmcore, a corpus for the fuzzer, and a section in docs/formats.md.
// The first reader whose probe succeeds gets the file.
constexpr std::array kReaders = {
    FormatReader{is_process_core, read_as_process_core},
    FormatReader{is_elf, read_as_elf},
    FormatReader{is_kdump, read_as_kdump},
};

}  // namespace

Result<ReadFile> read_file(std::shared_ptr<const ByteSource> source) {
    const bool flattened = is_flattened(*source);
    if (flattened) source = TRY(FlatSource::open(source));
    const auto reader = std::find_if(kReaders.begin(), kReaders.end(),
                                     [&](const FormatReader& r) { return r.probe(*source); });
    if (reader == kReaders.end()) {
        return foreign_file_error(*source);
    }
    ReadFile file = TRY(reader->read(source));
    file.flattened = flattened;
    return file;
}

}  // namespace guestdump::vmcore
