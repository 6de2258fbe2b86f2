// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/readers.h"

#include <algorithm>
#include <array>
#include <cinttypes>

#include "util/text.h"
#include "vmcore/elf/elf_reader.h"
#include "vmcore/foreign.h"
#include "vmcore/kdump/flat_source.h"
#include "vmcore/migration/migration_reader.h"
#include "vmcore/process/process_core.h"
#include "vmcore/wrapping.h"

namespace guestdump::vmcore {
namespace {

/// A file format that can be read.
struct FormatReader {
    /// Returns true if the first bytes of @source, or its notes, show this format.
    bool (*probe)(const ByteSource& source);
    /// Reads headers and notes; memory is read later, through the blocks of the result.
    Result<ReadFile> (*read)(const std::shared_ptr<const ByteSource>& source, OpenOptions options);
};

/// Pages of a file that stores them uncompressed do not share bytes, even if a page has several
/// virtual addresses. Without this check thousands of headers for the same bytes would claim
/// terabytes of memory.
Result<> check_shared(const ByteSource& source, const Contents& contents) {
    const uint64_t stored = contents.blocks.total_bytes() - total_bytes(contents.zero);
    if (stored <= source.size()) return {};
    return Error::make("'%s': 0x%" PRIx64 " bytes of memory in a file of 0x%" PRIx64
                       ": several PT_LOAD have the same bytes",
                       source.name().c_str(), stored, source.size());
}

/// A core that was cut off is always read as far as it goes, also without `partial`.
Result<ReadFile> read_as_process_core(const std::shared_ptr<const ByteSource>& source,
                                      OpenOptions /*options*/) {
    ReadFile file;
    file.contents = TRY(read_process_core(source));
    TRY(check_shared(*source, file.contents));
    return file;
}

Result<ReadFile> read_as_elf(const std::shared_ptr<const ByteSource>& source, OpenOptions options) {
    ReadFile file;
    file.contents = TRY(read_elf(source, options));
    if (file.contents.blocks.empty() && file.contents.missing.empty())
        return empty_elf_error(*source);
    TRY(check_shared(*source, file.contents));
    return file;
}

Result<ReadFile> read_as_kdump(const std::shared_ptr<const ByteSource>& source,
                               OpenOptions options) {
    ReadFile file;
    file.kdump = TRY(read_kdump(source, options));
    file.contents = std::move(file.kdump->contents);
    return file;
}

bool is_bare_stream(const ByteSource& source) {
    return is_migration_stream(source);
}

Result<ReadFile> read_as_migration(const std::shared_ptr<const ByteSource>& source,
                                   OpenOptions options) {
    ReadFile file;
    file.contents = TRY(read_migration(source, {.addresses = options.addresses}, options));
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
    FormatReader{is_bare_stream, read_as_migration},
};

void report_missing(Contents& contents) {
    if (contents.missing.empty()) return;
    contents.warnings.push_back(
        util::text("0x%" PRIx64 " bytes of memory are missing, from address 0x%" PRIx64
                   " on: the file was cut off or never completed",
                   total_bytes(contents.missing), contents.missing.front().start.value));
}

Result<ReadFile> read_carried(const std::shared_ptr<const ByteSource>& source,
                              OpenOptions options) {
    const auto reader = std::find_if(kReaders.begin(), kReaders.end(),
                                     [&](const FormatReader& r) { return r.probe(*source); });
    if (reader == kReaders.end()) return foreign_file_error(*source);
    ReadFile file = TRY(reader->read(source, options));
    report_missing(file.contents);
    return file;
}

Result<ReadFile> read_flattened(const std::shared_ptr<const ByteSource>& source,
                                OpenOptions options) {
    const std::shared_ptr<const FlatSource> carried = TRY(FlatSource::open(source, options));
    ReadFile file = TRY(read_carried(carried, options));
    file.flattened = true;
    if (carried->cut_off())
        file.contents.warnings.push_back("the flattened file was cut off: it has no end record");
    return file;
}

Result<ReadFile> read_libvirt_stream(const Unwrapped& file, OpenOptions options) {
    if (!is_migration_stream(*file.source, file.stream->offset)) {
        return Error::make("'%s': no migration stream follows libvirt's header, at offset %" PRIu64,
                           file.source->name().c_str(), file.stream->offset);
    }
    ReadFile result;
    result.contents = TRY(read_migration(file.source, *file.stream, options));
    report_missing(result.contents);
    return result;
}

Result<ReadFile> read_any(const Unwrapped& file, const OpenOptions& options) {
    if (file.stream) return read_libvirt_stream(file, options);
    return is_flattened(*file.source) ? read_flattened(file.source, options)
                                      : read_carried(file.source, options);
}

Result<ReadFile> read_unwrapped(const Unwrapped& file, const OpenOptions& options) {
    if (file.damage && !options.partial) return *file.damage;
    Result<ReadFile> result = read_any(file, options);
    if (!result && file.damage) return *file.damage;  // the cause of what the reader found
    if (!result) return result;
    result->contents.wrapping = file.wrapping;
    if (file.damage) result->contents.warnings.push_back(file.damage->message());
    return result;
}

}  // namespace

Result<ReadFile> read_file(const std::shared_ptr<const ByteSource>& source, OpenOptions options) {
    const Unwrapped unwrapped = TRY(unwrap(source, options));
    Result<ReadFile> file = read_unwrapped(unwrapped, options);
    if (file || options.partial) return file;
    options.partial = true;
    const Result<ReadFile> part = read_unwrapped(unwrapped, options);
    if (!part || part->contents.blocks.empty()) return file;
    return Error::make("%s; `guestdump convert --partial` saves what is there",
                       file.error().message().c_str());
}

}  // namespace guestdump::vmcore
