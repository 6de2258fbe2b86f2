// SPDX-License-Identifier: GPL-2.0-or-later
#include <filesystem>

#include "guest/note_builder.h"
#include "tests/fuzz/fw_cfg_input.h"
#include "tests/fuzz/guest_note_input.h"
#include "tests/fuzz/layout_input.h"
#include "tests/fuzz/seeds.h"
#include "tests/support/scripted_guest.h"

using namespace guestdump;

/// Writes the seeds of the fuzz targets of guests and of what they hand over: guest_seeds FOLDER.

namespace {

using support::Bytes;

constexpr std::string_view kLines =
    "OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff81003040\n"
    "OFFSET(uts_namespace.name)=8\nSYMBOL(_stext)=ffffffff81003000\n"
    "SYMBOL(swapper_pg_dir)=ffffffff81400000\nNUMBER(phys_base)=-16777216\n"
    "NUMBER(KERNEL_IMAGE_SIZE)=1073741824\n";

/// An input with @note, and memory that contains the kernel's name and, at 0x6000, @text.
Bytes guest_with(const Bytes& note, std::string_view text) {
    const bool none = note.empty();
    Bytes ram(fuzz::kRam);
    const char* fields[] = {"Linux", "host", "6.1.0", "#1 SMP", "x86_64", "(none)"};
    for (size_t i = 0; i < std::size(fields); ++i)
        support::put_text(ram, 0x3048 + 65 * i, fields[i]);
    support::put_text(ram, 0x6000, text);
    Bytes input;
    support::put_le16(input, 0, none ? fuzz::kNoNote : static_cast<uint16_t>(note.size()));
    support::put_bytes(input, 2, note);
    support::put_bytes(input, 2 + note.size(), ram);
    return input;
}

/// A note that claims a third vCPU, alone or after @front.
Bytes forged(const Bytes& front) {
    guest::NoteBuilder builder;
    if (!front.empty()) builder.append_raw(front);
    builder.append("CORE", 1, Bytes(336));
    return std::move(builder).take();
}

/// A sequence of steps.
struct Steps {
    Bytes bytes;

    void add(fuzz::FwCfgStep step, const Bytes& operands, size_t quotient = 0) {
        bytes.push_back(static_cast<std::byte>(step + quotient * fuzz::kFwCfgSteps));
        bytes.insert(bytes.end(), operands.begin(), operands.end());
    }

    void store(uint16_t offset, const Bytes& data) {
        Bytes operands(3);
        support::put_le16(operands, 0, offset);
        support::put_bytes(operands, 3, data);
        add(fuzz::kStore, operands, data.size());
    }

    void transfer(uint32_t control, uint32_t length, uint32_t data) {
        Bytes request(16);
        put_be32(request, 0, control);
        put_be32(request, 4, length);
        put_be32(request, 12, data);
        store(0x1000, request);
        Bytes low(4);
        put_be32(low, 0, 0x1000);
        add(fuzz::kDmaHigh, Bytes(4));
        add(fuzz::kDmaLow, low);
    }

    static void put_be32(Bytes& bytes, size_t at, uint32_t value) {
        for (size_t i = 0; i < 4; ++i)
            bytes[at + i] = static_cast<std::byte>(value >> (24 - 8 * i));
    }
};

Bytes handing_over() {
    Steps steps;
    Bytes file(16);
    support::put_le16(file, 2, 1);
    support::put_le32(file, 4, 60);
    support::put_le64(file, 8, 0x5000);
    steps.store(0x2000, file);
    steps.transfer(0x200000 | 8 | 16, 16, 0x2000);  // select the file, write
    steps.transfer(0x190000 | 8 | 2, 68, 0x3000);   // select the directory, read
    steps.transfer(4, 4, 0);                        // skip
    return steps.bytes;
}

Bytes by_ports() {
    Steps steps;
    Bytes item(2);
    support::put_le16(item, 0, 0x19);
    steps.add(fuzz::kSelect, item);
    for (int i = 0; i < 5; ++i) steps.add(fuzz::kRead, {});
    steps.add(fuzz::kAnyPort, {std::byte{0x14}, std::byte{5}, {}, {}, {}, {}}, 4);
    steps.add(fuzz::kReset, {});
    return steps.bytes;
}

/// Blocks with each kind of contents, adjacent or with a gap.
Bytes layout(uint8_t format, uint8_t traits, uint16_t begin, uint16_t length) {
    fuzz::LayoutHeader header{.format = format, .traits = traits};
    header.begin = begin;
    header.length = length;
    Bytes input;
    const auto append = [&input](const auto& object) {
        const auto bytes = util::bytes_of(object);
        input.insert(input.end(), bytes.begin(), bytes.end());
    };
    append(header);
    for (uint8_t kind = 0; kind < 6; ++kind) {
        fuzz::LayoutBlock block{.size = static_cast<uint8_t>(16 * kind + 7), .contents = kind};
        block.gap = static_cast<uint16_t>(kind % 2 * 0x123);
        append(block);
    }
    return input;
}

}  // namespace

void fuzz::write_seeds(const std::filesystem::path& folder) {
    fuzz::write_seed(folder / "guest_note" / "handed-over",
                     guest_with(support::vmcoreinfo_note(kLines), ""));
    fuzz::write_seed(folder / "guest_note" / "in-memory", guest_with({}, kLines));
    fuzz::write_seed(folder / "guest_note" / "forged", guest_with(forged({}), ""));
    fuzz::write_seed(folder / "guest_note" / "forged-behind",
                     guest_with(forged(support::vmcoreinfo_note(kLines)), ""));
    fuzz::write_seed(folder / "fw_cfg" / "handing-over", handing_over());
    fuzz::write_seed(folder / "fw_cfg" / "by-ports", by_ports());
    for (uint8_t format = 0; format < fuzz::kLayoutFormats; ++format) {
        const bool part = format % 3 == 0;
        fuzz::write_seed(folder / "layout" / ("format" + std::to_string(format)),
                         part ? layout(format, 0x07, 0x20, 0x155) : layout(format, 0x1a, 0, 0));
    }
}
