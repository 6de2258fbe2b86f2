// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "tests/support/bytes.h"

namespace guestdump::vmcore {

using support::Bytes;

/// A page of a RAM section; zero if it has no contents.
struct StreamPage {
    std::string block = "pc.ram";
    uint64_t offset = 0;  ///< in the block, bytes
    Bytes contents{};     ///< 4096 bytes
};

/// A device of a stream: its data, and the fields that the description says it has.
struct StreamDevice {
    struct Field {
        std::string name;
        uint64_t size = 0, count = 1;
    };
    std::string name;
    uint32_t instance = 0, version = 1;
    Bytes data{};
    std::vector<Field> fields{};
    /// Says as much as the data have, if there are no fields.
    std::string description() const;
};

/// A small migration stream in the layout of QEMU 7.2, built by literal offsets.
struct SmallStream {
    struct Block {
        std::string name;
        uint64_t size = 0;
    };

    std::string machine = "pc-i440fx-7.2";
    std::vector<std::string> capabilities{};
    std::vector<Block> blocks = {{"pc.ram", 0x100000}};
    std::vector<StreamPage> pages{};
    std::vector<StreamDevice> devices{};
    bool footers = true, description = true;
    /// The pages lie at fixed places, as with the capability mapped-ram; the RAM sections are
    /// empty.
    bool mapped_ram = false;
    Bytes before{};      ///< put before the stream: libvirt's header
    Bytes more_words{};  ///< put into the RAM section after the pages

    Bytes file() const;

    /// Adds a block of mapped-ram: its header, its bitmap and its pages.
    void append_mapped(Bytes& bytes, const Block& block) const;

    /// Offsets in file(): after the list of blocks, after the RAM sections, of the description.
    mutable size_t after_list = 0, after_ram = 0, at_description = 0;
};

// Devices as QEMU 7.2 has them.

/// A vCPU in long mode. Register number i of the encoding's order holds @mark + i; RIP is @mark
/// + 16.
StreamDevice stream_cpu(uint32_t index, uint64_t mark);
/// The host bridge of pc: all RAM, unless @pam0 says so for 0xf0000-0xfffff.
StreamDevice stream_host_bridge(uint8_t pam0 = 0x30);
/// A CMOS that records RAM below and above 4 GiB, bytes.
StreamDevice stream_cmos(uint64_t below, uint64_t above);
/// A VGA card whose video memory is at @bar.
StreamDevice stream_vga(uint32_t bar);
/// ACPI memory hotplug with two slots, of which @used are.
StreamDevice stream_slots(size_t used);
/// A guest's note of @size bytes at @address.
StreamDevice stream_note(uint64_t address, uint32_t size);

/// A libvirt save image's header and XML. @packing: 0 raw, 1 gzip, 2 bzip2, 3 xz, 4 lzop.
Bytes libvirt_header(std::string_view xml, uint32_t packing = 0,
                     std::string_view magic = "LibvirtQemudSave");

/// Big-endian numbers, appended to @bytes.
void append_be(Bytes& bytes, uint64_t value, size_t size);

}  // namespace guestdump::vmcore
