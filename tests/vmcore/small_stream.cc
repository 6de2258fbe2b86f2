// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/vmcore/small_stream.h"

#include <algorithm>

namespace guestdump::vmcore {
namespace {

void append_text(Bytes& bytes, std::string_view text) {
    support::put_text(bytes, bytes.size(), text);
}

void append_name(Bytes& bytes, std::string_view name) {
    append_be(bytes, name.size(), 1);
    append_text(bytes, name);
}

void append_bytes(Bytes& bytes, support::View data) {
    bytes.insert(bytes.end(), data.begin(), data.end());
}

void append_section(Bytes& bytes, uint8_t type, uint32_t id, std::string_view name,
                    uint32_t instance, uint32_t version) {
    append_be(bytes, type, 1);
    append_be(bytes, id, 4);
    append_name(bytes, name);
    append_be(bytes, instance, 4);
    append_be(bytes, version, 4);
}

void put_be(Bytes& bytes, size_t at, uint64_t value, size_t size) {
    Bytes number;
    append_be(number, value, size);
    support::put_bytes(bytes, at, number);
}

}  // namespace

void append_be(Bytes& bytes, uint64_t value, size_t size) {
    for (size_t i = size; i-- > 0;) bytes.push_back(static_cast<std::byte>(value >> 8 * i));
}

std::string StreamDevice::description() const {
    std::string json = "{\"name\": \"" + name + "\", \"instance_id\": " + std::to_string(instance) +
                       ", \"vmsd_name\": \"" + name +
                       "\", \"version\": " + std::to_string(version) + ", \"fields\": [";
    std::vector<Field> all = fields;
    if (all.empty()) all.push_back({.name = "data", .size = data.size()});
    for (size_t i = 0; i < all.size(); ++i) {
        json += (i > 0 ? ", " : "") + std::string("{\"name\": \"") + all[i].name + "\"";
        if (all[i].count != 1) json += ", \"array_len\": " + std::to_string(all[i].count);
        json += ", \"type\": \"buffer\", \"size\": " + std::to_string(all[i].size) + "}";
    }
    return json + "]}";
}

Bytes SmallStream::file() const {
    Bytes bytes = before;
    append_text(bytes, "QEVM");
    append_be(bytes, 3, 4);
    append_be(bytes, 7, 1);
    append_be(bytes, machine.size(), 4);
    append_text(bytes, machine);
    if (!capabilities.empty()) {
        append_be(bytes, 5, 1);
        append_name(bytes, "configuration/capabilities");
        append_be(bytes, 1, 4);
        append_be(bytes, capabilities.size(), 4);
        for (const std::string& capability : capabilities) append_name(bytes, capability);
    }
    const auto footer = [&](uint32_t id) {
        if (!footers) return;
        append_be(bytes, 0x7e, 1);
        append_be(bytes, id, 4);
    };
    append_section(bytes, 1, 2, "ram", 0, 4);
    uint64_t total = 0;
    for (const Block& block : blocks) total += block.size;
    append_be(bytes, total | 4, 8);
    for (const Block& block : blocks) {
        append_name(bytes, block.name);
        append_be(bytes, block.size, 8);
        if (mapped_ram) append_mapped(bytes, block);
    }
    append_be(bytes, 0x10, 8);
    footer(2);
    after_list = bytes.size();
    // QEMU ends a part after some milliseconds; here, after two pages.
    const StreamPage* last = nullptr;
    const size_t count = mapped_ram ? 0 : pages.size();
    for (size_t i = 0; i < count || i == 0; i += 2) {
        const bool ends = i + 2 >= count;
        append_be(bytes, ends ? 3 : 2, 1);
        append_be(bytes, 2, 4);
        for (size_t j = i; j < std::min(i + 2, count); ++j) {
            const StreamPage& page = pages[j];
            const bool same = last && last->block == page.block;
            const bool zero = page.contents.empty();
            append_be(bytes, page.offset | (zero ? 0x2 : 0x8) | (same ? 0x20 : 0), 8);
            if (!same) append_name(bytes, page.block);
            if (zero) append_be(bytes, 0, 1);
            append_bytes(bytes, page.contents);
            last = &page;
        }
        if (ends) append_bytes(bytes, more_words);
        append_be(bytes, 0x10, 8);
        footer(2);
    }
    after_ram = bytes.size();
    std::string json;
    for (uint32_t i = 0; i < devices.size(); ++i) {
        const StreamDevice& device = devices[i];
        append_section(bytes, 4, 10 + i, device.name, device.instance, device.version);
        append_bytes(bytes, device.data);
        footer(10 + i);
        json += (json.empty() ? "" : ", ") + device.description();
    }
    append_be(bytes, 0, 1);
    at_description = bytes.size();
    if (!description) return bytes;
    json = "{\"page_size\": 4096, \"devices\": [" + json + "]}";
    append_be(bytes, 6, 1);
    append_be(bytes, json.size(), 4);
    append_text(bytes, json);
    return bytes;
}

/// QEMU aligns the pages to 1 MiB; readers go by the offset.
void SmallStream::append_mapped(Bytes& bytes, const Block& block) const {
    const size_t bitmap = bytes.size() + 28, bitmap_size = (block.size / 4096 + 63) / 64 * 8;
    const size_t first = (bitmap + bitmap_size + 4095) / 4096 * 4096;
    append_be(bytes, 1, 4);
    append_be(bytes, 4096, 8);
    append_be(bytes, bitmap, 8);
    append_be(bytes, first, 8);
    bytes.resize(first + block.size);
    for (const StreamPage& page : pages) {
        if (page.block != block.name || page.contents.empty()) continue;
        const size_t number = page.offset / 4096;
        bytes[bitmap + number / 8] |= static_cast<std::byte>(1 << number % 8);
        support::put_bytes(bytes, first + page.offset, page.contents);
    }
}

StreamDevice stream_cpu(uint32_t index, uint64_t mark) {
    Bytes data(864);
    for (size_t i = 0; i < 17; ++i) put_be(data, 8 * i, mark + i, 8);  // and eip
    put_be(data, 136, 0x202, 8);
    for (size_t i = 0; i < 6; ++i) {
        put_be(data, 236 + 20 * i, 0x10 + i, 4);
        put_be(data, 236 + 20 * i + 4, mark + 0x100 + i, 8);
        put_be(data, 236 + 20 * i + 12, 0xffffffff, 4);
        put_be(data, 236 + 20 * i + 16, i == 1 ? 0xa09b00 : 0xc09300, 4);
    }
    put_be(data, 396 + 4, 0xfffffe0000001000, 8);  // gdt
    put_be(data, 396 + 12, 0x7f, 4);
    put_be(data, 416 + 4, 0xfffffe0000000000, 8);  // idt
    put_be(data, 416 + 12, 0xfff, 4);
    put_be(data, 456, 0x80050033, 8);
    put_be(data, 464, 0x7f0000001234, 8);
    put_be(data, 472, 0x2c0a000, 8);
    put_be(data, 480, 0x6f0, 8);
    put_be(data, 816, 0xd01, 8);
    put_be(data, 856, mark + 0x200, 8);
    return {.name = "cpu",
            .instance = index,
            .version = 12,
            .data = std::move(data),
            .fields = {{"env.regs", 8, 16},    {"env.eip", 8},
                       {"env.eflags", 8},      {"env.hflags", 4},
                       {"env.fpu", 8},         {"env.fpregs", 10, 8},
                       {"env.segs", 20, 6},    {"env.ldt", 20},
                       {"env.tr", 20},         {"env.gdt", 20},
                       {"env.idt", 20},        {"env.sysenter", 20},
                       {"env.cr[0]", 8},       {"env.cr[2]", 8},
                       {"env.cr[3]", 8},       {"env.cr[4]", 8},
                       {"env.dr", 8, 8},       {"env.a20_mask", 4},
                       {"env.mxcsr", 4},       {"env.xmm_regs[0]", 16, 16},
                       {"env.efer", 8},        {"env.star", 8, 4},
                       {"env.kernelgsbase", 8}}};
}

StreamDevice stream_host_bridge(uint8_t pam0) {
    Bytes data(276);
    put_be(data, 4 + 0x0a, 0x0006, 2);  // a host bridge
    for (size_t i = 0; i < 7; ++i) put_be(data, 4 + 0x59 + i, i == 0 ? pam0 : 0x33, 1);
    put_be(data, 4 + 0x72, 0x02, 1);
    return {.name = "0000:00:00.0/I440FX",
            .version = 3,
            .data = std::move(data),
            .fields = {{"version_id", 4}, {"config[0]", 256}, {"irq_state", 16}}};
}

StreamDevice stream_cmos(uint64_t below, uint64_t above) {
    Bytes data(128);
    const uint64_t kib = below / 1024 - 1024;
    support::put_le16(data, 0x30, static_cast<uint16_t>(std::min<uint64_t>(kib, 65535)));
    if (below > 0x1000000)
        support::put_le16(data, 0x34, static_cast<uint16_t>((below - 0x1000000) >> 16));
    support::put_little(data, 0x5b, above >> 16, 3);
    return {.name = "mc146818rtc", .data = std::move(data), .fields = {{"cmos_data", 128}}};
}

StreamDevice stream_vga(uint32_t bar) {
    Bytes data(276 + 4 + 1 + 8 + 1 + 16 + 4);
    support::put_le16(data, 4 + 0x04, 0x0007);
    support::put_le16(data, 4 + 0x0a, 0x0300);
    support::put_le32(data, 4 + 0x10, bar | 8);
    return {.name = "0000:00:02.0/vga",
            .version = 2,
            .data = std::move(data),
            .fields = {{"version_id", 4},
                       {"config[0]", 256},
                       {"irq_state", 16},
                       {"latch", 4},
                       {"sr_index", 1},
                       {"sr", 8},
                       {"gr_index", 1},
                       {"gr", 16},
                       {"bank_offset", 4}}};
}

StreamDevice stream_slots(size_t used) {
    Bytes data(2 + 20);
    for (size_t i = 0; i < used; ++i) data[2 + 10 * i] = std::byte{1};
    return {.name = "0000:00:01.3/piix4_pm",
            .data = std::move(data),
            .fields = {{"selector", 2}, {"devs", 10, 2}, {"ost_event", 0}}};
}

StreamDevice stream_note(uint64_t address, uint32_t size) {
    Bytes data;
    append_be(data, 1, 1);
    append_be(data, 0, 2);
    append_be(data, 1, 2);
    append_be(data, size, 4);
    append_be(data, address, 8);
    return {.name = "vmcoreinfo",
            .data = std::move(data),
            .fields = {{"has_vmcoreinfo", 1},
                       {"vmcoreinfo.host_format", 2},
                       {"vmcoreinfo.guest_format", 2},
                       {"vmcoreinfo.size", 4},
                       {"vmcoreinfo.paddr", 8}}};
}

Bytes libvirt_header(std::string_view xml, uint32_t packing, std::string_view magic) {
    Bytes bytes(92);
    support::put_text(bytes, 0, magic);
    support::put_le32(bytes, 16, 2);
    support::put_le32(bytes, 20, static_cast<uint32_t>(xml.size() + 1));
    support::put_le32(bytes, 24, 1);
    support::put_le32(bytes, 28, packing);
    support::put_text(bytes, 92, xml);
    bytes.push_back(std::byte{0});
    return bytes;
}

}  // namespace guestdump::vmcore
