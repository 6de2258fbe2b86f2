// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "dump/compress/compressor.h"
#include "target-i386/cpu.h"
#include "tests/dump/dumping.h"
#include "tests/fuzz/layout_input.h"
#include "tests/vmcore/memory_source.h"
#include "vmcore/vmcore.h"

using namespace guestdump;

namespace {

constexpr size_t kMostBlocks = 12;
constexpr uint64_t kPage = 4096;

/// Takes objects from the front of an input.
class Input {
  public:
    Input(const uint8_t* data, size_t size) : left_(std::as_bytes(std::span(data, size))) {}

    template <class T>
    bool take(T& object) {
        if (left_.size() < sizeof object) return false;
        std::memcpy(&object, left_.data(), sizeof object);
        left_ = left_.subspan(sizeof object);
        return true;
    }

  private:
    support::View left_;
};

support::Bytes contents_of(const fuzz::LayoutBlock& block, uint64_t size,
                           const support::Bytes& first) {
    if (block.contents == 2) return support::noise(size, size);
    support::Bytes bytes(size, static_cast<std::byte>(block.contents > 3 ? block.contents : 0));
    if (block.contents == 3)
        std::copy_n(first.begin(), std::min(size, first.size()), bytes.begin());
    return bytes;
}

std::unique_ptr<support::ScriptedGuest> guest_of(const fuzz::LayoutHeader& header, Input& input) {
    auto guest = std::make_unique<support::ScriptedGuest>();
    if (header.traits & fuzz::k32Bit) {
        guest->arch.machine = format::kEm386;
        guest->arch.elf_class = format::ElfClass::k32;
    }
    for (unsigned left = header.traits / fuzz::kTraits % 4 + 1u; left > 0; --left)
        guest->add_cpu(target_i386::make_cpu(target_i386::Registers{}));
    support::Bytes first;
    uint64_t at = 0;
    fuzz::LayoutBlock block;
    for (size_t count = 0; count < kMostBlocks && input.take(block); ++count) {
        const uint64_t size = (block.size + 1u) * fuzz::kGrain;
        at += block.gap * fuzz::kGrain;
        support::ScriptedRam& ram = guest->add_ram(at, contents_of(block, size, first));
        // A page of the host is never populated in part; and reading a hole fails the test.
        if (block.contents == 1 && at % kPage == 0 && size % kPage == 0) ram.make_hole(0, size);
        if (count == 0) first.assign(ram.bytes().begin(), ram.bytes().end());
        at += size;
    }
    return guest;
}

dump::Request format_of(const fuzz::LayoutHeader& header) {
    const unsigned format = header.format % fuzz::kLayoutFormats;
    if (format == 0) return dump::ElfRequest{.paging = (header.traits & fuzz::kPaging) != 0};
    if (format == 1) return dump::VboxRequest{};
    return dump::KdumpRequest{.compression = static_cast<dump::Compression>((format - 2) % 4),
                              .flattened = format >= 6,
                              .share_pages = (header.traits & fuzz::kShare) != 0};
}

dump::Request request_of(const fuzz::LayoutHeader& header) {
    dump::Request request = format_of(header);
    request.threads = header.traits & fuzz::kTwoThreads ? 2 : 1;
    if (header.length > 0) {
        request.only =
            guest::GpaRange{guest::Gpa{header.begin * fuzz::kGrain}, header.length * fuzz::kGrain};
    }
    return request;
}

/// The part of @block that the file must contain: the bytes in the range; for kdump files, all of
/// the pages that the range touches.
std::optional<guest::GpaRange> expected_of(const guest::GuestPhysBlock& block,
                                           const dump::Request& request) {
    std::optional<guest::GpaRange> only = request.only;
    if (!only) return block.range;
    if (request.kdump()) {
        const uint64_t first = only->start.value / kPage * kPage;
        only = guest::GpaRange{guest::Gpa{first}, (only->last() | (kPage - 1)) - first + 1};
    }
    return block.range.overlap(*only);
}

void check(const guest::Guest& guest, const dump::Request& request, const vmcore::Vmcore& vmcore) {
    if (vmcore.cpus().size() != guest.cpus().size()) std::abort();
    const guest::GuestPhysBlockList memory = guest.blocks(), found = vmcore.blocks();
    for (const guest::GuestPhysBlock& block : memory.view()) {
        const auto part = expected_of(block, request);
        if (!part) continue;
        const uint64_t skip = part->start.value - block.range.start.value;
        const support::View there(block.region->mapped() + block.offset + skip, part->size);
        support::Bytes here(part->size);
        if (!found.read(part->start, here) || !support::same(here, there)) std::abort();
    }
}

}  // namespace

/// Dumps any layout of memory in any format. The file must be readable and equal to the guest's
/// memory.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Input input(data, size);
    fuzz::LayoutHeader header;
    if (!input.take(header)) return 0;
    const auto guest = guest_of(header, input);
    const dump::Request request = request_of(header);
    const dump::KdumpRequest* kdump = request.kdump();
    using Order = support::MemorySink::Order;
    support::MemorySink sink(kdump && kdump->flattened ? Order::growing : Order::any);
    const guest::GuestPhysBlockList memory = guest->blocks();
    const bool has_some = std::any_of(memory.view().begin(), memory.view().end(),
                                      [&](const guest::GuestPhysBlock& block) {
                                          return expected_of(block, request).has_value();
                                      });
    // Some builds lack some of the libraries.
    const bool can_compress = !kdump || dump::check_compression(kdump->compression, {});
    const auto done = dump::dump_to(sink, *guest, request);
    if (bool{done} != (has_some && can_compress)) std::abort();
    if (!done) return 0;
    const auto vmcore = vmcore::Vmcore::read(vmcore::in_memory(sink.bytes()));
    if (!vmcore) std::abort();
    check(*guest, request, **vmcore);
    return 0;
}
