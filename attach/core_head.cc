// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/core_head.h"

#include <algorithm>
#include <cinttypes>
#include <string>

#include "vmcore/contents.h"
#include "vmcore/elf/program_headers.h"

namespace guestdump::attach {
namespace {

/// Limit on the head, bytes. The notes of 4096 vCPUs and a million program headers need less.
constexpr uint64_t kMostHead = uint64_t{128} << 20;

/// The data that has been read from the pipe. Reads more when it is needed.
class PipeSource final : public vmcore::ByteSource {
  public:
    PipeSource(const HoldPipe& pipe, int interrupt) : pipe_(pipe), interrupt_(interrupt) {}

    const std::string& name() const override { return name_; }
    /// Unknown until the headers have been read, so it is no limit.
    uint64_t size() const override { return INT64_MAX; }
    guest::RamExtent extent(uint64_t offset, uint64_t limit) const override {
        return {.length = limit - offset, .populated = true};
    }

    Result<> read_at(uint64_t offset, std::span<std::byte> out) const override {
        TRY(read_up_to(offset + out.size()));
        std::copy_n(bytes_.begin() + static_cast<ptrdiff_t>(offset), out.size(), out.begin());
        return {};
    }

    Result<> read_up_to(uint64_t end) const {
        if (end > kMostHead) {
            return Error::make("the machine's dump has 0x%" PRIx64
                               " bytes ahead of memory, at most 0x%" PRIx64 " are believed",
                               end, kMostHead);
        }
        // Read in portions, so that wrong sizes in the headers do not cause a large allocation.
        constexpr uint64_t kPortion = 65536;
        while (bytes_.size() < end) {
            const uint64_t before = bytes_.size(), now = std::min(kPortion, end - before);
            bytes_.resize(before + now);
            TRY(pipe_.read(std::span(bytes_).subspan(before), interrupt_));
        }
        return {};
    }

    std::vector<std::byte> take() && { return std::move(bytes_); }

  private:
    const HoldPipe& pipe_;
    int interrupt_;
    std::string name_ = "the machine's dump";
    mutable std::vector<std::byte> bytes_;
};

Result<CoreLoad> load_of(uint64_t paddr, uint64_t size, uint64_t offset) {
    constexpr uint64_t kMost = vmcore::kMaxPhysicalAddress;
    if (paddr > kMost || size > kMost - paddr || offset > INT64_MAX - size) {
        return Error::make("PT_LOAD of 0x%" PRIx64 " bytes at 0x%" PRIx64 ", offset 0x%" PRIx64
                           ": x86 has physical addresses of 52 bits at most",
                           size, paddr, offset);
    }
    return CoreLoad{.range = {guest::Gpa{paddr}, size}, .offset = offset};
}

Result<> check_loads(const CoreHead& head) {
    uint64_t reached = head.bytes.size();
    for (const CoreLoad& load : head.loads) {
        if (load.offset < reached) {
            return Error::make("PT_LOAD at offset 0x%" PRIx64
                               " of the machine's dump: the one ahead of it ends at 0x%" PRIx64,
                               load.offset, reached);
        }
        reached = load.end();
    }
    return {};
}

template <format::ElfClass C, std::endian O>
Result<CoreHead> read_head_of_class(PipeSource source) {
    using Headers = vmcore::ProgramHeaders<C, O>;
    CoreHead head;
    const Headers headers = TRY(Headers::of(source));
    if (!headers.machine().is_x86()) {
        return Error::make("the machine's dump: e_machine is %u; only x86 is dumped from outside",
                           unsigned{headers.file_header().machine});
    }
    const auto add = [&](uint64_t, const typename Headers::Phdr& segment) -> Result<> {
        const uint64_t offset = segment.offset, size = segment.filesz;
        if (segment.type == format::kPtNote) {
            TRY(vmcore::check_inside(source, "PT_NOTE", offset, size));
            TRY(source.read_up_to(offset + size));
        }
        if (segment.type != format::kPtLoad || size == 0) return {};
        const CoreLoad load = TRY(load_of(segment.paddr, size, offset));
        head.loads.push_back(load);
        return {};
    };
    TRY(headers.for_each(add));
    head.bytes = std::move(source).take();
    std::ranges::sort(head.loads, {}, &CoreLoad::offset);
    TRY(check_loads(head));
    return head;
}

}  // namespace

Result<CoreHead> read_head(const HoldPipe& pipe, int interrupt) {
    PipeSource source(pipe, interrupt);
    const auto ident =
        TRY((vmcore::read_struct<std::array<uint8_t, format::kIdentSize>>(source, "e_ident", 0)));
    if (!std::equal(format::kElfMagic.begin(), format::kElfMagic.end(), ident.begin()))
        return Error::make("the machine's dump does not begin as an ELF file");
    const bool is_32 = ident[format::kIdentClass] == static_cast<uint8_t>(format::ElfClass::k32);
    const bool is_big = ident[format::kIdentData] == format::data_of(std::endian::big);
    return format::with_layout(is_32 ? format::ElfClass::k32 : format::ElfClass::k64,
                               is_big ? std::endian::big : std::endian::little,
                               [&]<format::ElfClass C, std::endian O>(format::Layout<C, O>) {
                                   return read_head_of_class<C, O>(std::move(source));
                               });
}

}  // namespace guestdump::attach
