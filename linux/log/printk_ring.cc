// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/log/printk_ring.h"

#include <algorithm>
#include <cinttypes>

#include "linux/log/layout_lines.h"

namespace guestdump::linux_guest {
namespace {

using guest::Gva;

/// Offsets and sizes of the ring's structures from VMCOREINFO, bytes.
struct Layout {
    uint64_t desc_ring, text_ring;                        // of printk_ringbuffer
    uint64_t count_bits, descs, infos, head_id, tail_id;  // of prb_desc_ring
    uint64_t size_bits, data;                             // of prb_data_ring
    uint64_t desc_size, state, lpos;                      // of prb_desc
    uint64_t begin, next;                                 // of prb_data_blk_lpos
    uint64_t info_size, time, text_length;                // of printk_info
    std::optional<uint64_t> caller;
};

Result<Layout> layout_of(const Vmcoreinfo& vmcoreinfo) {
    LayoutLines lines(vmcoreinfo);
    const uint64_t counter = lines.offset("atomic_long_t.counter");
    Layout layout{
        .desc_ring = lines.offset("printk_ringbuffer.desc_ring"),
        .text_ring = lines.offset("printk_ringbuffer.text_data_ring"),
        .count_bits = lines.offset("prb_desc_ring.count_bits"),
        .descs = lines.offset("prb_desc_ring.descs"),
        .infos = lines.offset("prb_desc_ring.infos"),
        .head_id = lines.offset("prb_desc_ring.head_id") + counter,
        .tail_id = lines.offset("prb_desc_ring.tail_id") + counter,
        .size_bits = lines.offset("prb_data_ring.size_bits"),
        .data = lines.offset("prb_data_ring.data"),
        .desc_size = lines.size("prb_desc"),
        .state = lines.offset("prb_desc.state_var") + counter,
        .lpos = lines.offset("prb_desc.text_blk_lpos"),
        .begin = lines.offset("prb_data_blk_lpos.begin"),
        .next = lines.offset("prb_data_blk_lpos.next"),
        .info_size = lines.size("printk_info"),
        .time = lines.offset("printk_info.ts_nsec"),
        .text_length = lines.offset("printk_info.text_len"),
        .caller = std::nullopt,
    };
    if (lines.has_offset("printk_info.caller_id")) {
        layout.caller = lines.offset("printk_info.caller_id");
    }
    TRY(lines.failed());
    return layout;
}

/// Places and sizes of the two rings.
struct Rings {
    uint64_t count = 0;  ///< number of descriptors, a power of two
    Gva descs, infos;
    uint64_t head = 0, tail = 0;  ///< IDs of the newest and the oldest message
    uint64_t size = 0;            ///< size of the text ring, bytes, a power of two
    Gva text;
};

constexpr uint32_t kMostBits = 31;  ///< LOG_BUF_LEN_MAX is 2 GiB
/// An ID is a descriptor's state without its two highest bits.
constexpr uint64_t kIdMask = (uint64_t{1} << 62) - 1;

Result<uint64_t> power_of_two(const VirtualMemory& memory, Gva at, const char* what) {
    const uint32_t bits = TRY(read_u32(memory, at));
    if (bits > kMostBits) {
        return Error::make("the log's ring of %s has 2^%" PRIu32 " entries, more than 2^%" PRIu32,
                           what, bits, kMostBits);
    }
    return uint64_t{1} << bits;
}

Result<Rings> read_rings(const VirtualMemory& memory, const Layout& layout, Gva prb) {
    const uint64_t ring = prb.value + layout.desc_ring, data = prb.value + layout.text_ring;
    Rings rings;
    rings.count = TRY(power_of_two(memory, Gva{ring + layout.count_bits}, "descriptors"));
    rings.descs = TRY(read_pointer(memory, Gva{ring + layout.descs}));
    rings.infos = TRY(read_pointer(memory, Gva{ring + layout.infos}));
    rings.head = TRY(read_u64(memory, Gva{ring + layout.head_id})) & kIdMask;
    rings.tail = TRY(read_u64(memory, Gva{ring + layout.tail_id})) & kIdMask;
    rings.size = TRY(power_of_two(memory, Gva{data + layout.size_bits}, "text"));
    rings.text = TRY(read_pointer(memory, Gva{data + layout.data}));
    return rings;
}

/// Reads the text of a message. The text follows the message's ID, which has eight bytes. A block
/// that would cross the ring's end is stored at the ring's start.
Result<std::string> read_text(const VirtualMemory& memory, const Rings& rings, uint64_t begin,
                              uint64_t next, size_t length) {
    begin &= rings.size - 1;
    next &= rings.size - 1;
    // Odd positions mark a message that has no text, or has lost it.
    if (begin == next || begin % 8 != 0) return std::string();
    const uint64_t end = next == 0 ? rings.size : next;
    if (begin > end) begin = 0;
    if (end - begin <= 8) return std::string();
    std::string text(std::min<size_t>(length, end - begin - 8), '\0');
    TRY(memory.read(Gva{rings.text.value + begin + 8}, std::as_writable_bytes(std::span(text))));
    return text;
}

Result<std::optional<LogRecord>> read_record(const VirtualMemory& memory, const Layout& layout,
                                             const Rings& rings, uint64_t id) {
    const uint64_t index = id & (rings.count - 1);
    const uint64_t desc = rings.descs.value + index * layout.desc_size;
    const uint64_t state = TRY(read_u64(memory, Gva{desc + layout.state}));
    const uint64_t phase = state >> 62;  // 0 reserved, 1 committed, 2 finalized, 3 reusable
    if ((state & kIdMask) != id || phase == 0 || phase == 3) return std::optional<LogRecord>();
    const uint64_t begin = TRY(read_u64(memory, Gva{desc + layout.lpos + layout.begin}));
    const uint64_t next = TRY(read_u64(memory, Gva{desc + layout.lpos + layout.next}));

    const uint64_t info = rings.infos.value + index * layout.info_size;
    LogRecord record;
    record.time = TRY(read_u64(memory, Gva{info + layout.time}));
    // After the length: facility in 8 bits, flags in 5, level in 3.
    const uint32_t word = TRY(read_u32(memory, Gva{info + layout.text_length}));
    record.facility = static_cast<uint8_t>(word >> 16);
    record.level = static_cast<uint8_t>(word >> 29);
    if (layout.caller) {
        const uint32_t caller = TRY(read_u32(memory, Gva{info + *layout.caller}));
        record.caller = {.is_cpu = (caller >> 31) != 0, .number = caller & 0x7fffffff};
    }
    record.text = TRY(read_text(memory, rings, begin, next, word & 0xffff));
    return std::optional(std::move(record));
}

}  // namespace

Result<KernelLog> read_printk_ring(const VirtualMemory& memory, const Vmcoreinfo& vmcoreinfo) {
    const auto symbol = vmcoreinfo.symbol("prb");
    if (!symbol) return Error::make("VMCOREINFO does not have SYMBOL(prb)");
    const Layout layout = TRY(layout_of(vmcoreinfo));
    const Gva prb = TRY(read_pointer(memory, Gva{*symbol}));
    const Rings rings = TRY(read_rings(memory, layout, prb));

    KernelLog log;
    size_t text = 0;
    const uint64_t messages = std::min(((rings.head - rings.tail) & kIdMask) + 1, rings.count);
    for (uint64_t i = 0; i < messages; ++i) {
        auto record = read_record(memory, layout, rings, (rings.tail + i) & kIdMask);
        if (!record) {
            log.incomplete = record.error().message();
            break;
        }
        if (!*record) continue;
        text += (*record)->text.size();
        if (text > kMostLogText || log.records.size() == kMostLogRecords) {
            log.incomplete = "the log is too long";
            break;
        }
        log.records.push_back(std::move(**record));
    }
    return log;
}

}  // namespace guestdump::linux_guest
