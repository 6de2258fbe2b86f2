// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/log/log_buffer.h"

#include <cinttypes>

#include "linux/log/layout_lines.h"

namespace guestdump::linux_guest {
namespace {

using guest::Gva;

/// Offsets and sizes of struct printk_log (struct log before Linux 3.11), bytes.
struct Layout {
    uint64_t header, time, length, text_length, dict_length;
};

Result<Layout> layout_of(const Vmcoreinfo& vmcoreinfo) {
    LayoutLines lines(vmcoreinfo);
    const bool renamed = lines.has_offset("printk_log.ts_nsec");
    const std::string type = renamed ? "printk_log" : "log";
    const Layout layout{
        .header = lines.size(type.c_str()),
        .time = lines.offset((type + ".ts_nsec").c_str()),
        .length = lines.offset((type + ".len").c_str()),
        .text_length = lines.offset((type + ".text_len").c_str()),
        .dict_length = lines.offset((type + ".dict_len").c_str()),
    };
    TRY(lines.failed());
    return layout;
}

/// The buffer's variables.
struct Buffer {
    Gva start;
    uint32_t size = 0, first = 0, next = 0;  ///< bytes, from the start
};

Result<Gva> symbol(const Vmcoreinfo& vmcoreinfo, const char* name) {
    const auto address = vmcoreinfo.symbol(name);
    if (!address) return Error::make("VMCOREINFO does not have SYMBOL(%s)", name);
    return Gva{*address};
}

Result<Buffer> read_buffer(const VirtualMemory& memory, const Vmcoreinfo& vmcoreinfo) {
    const Gva start = TRY(symbol(vmcoreinfo, "log_buf"));
    const Gva size = TRY(symbol(vmcoreinfo, "log_buf_len"));
    const Gva first = TRY(symbol(vmcoreinfo, "log_first_idx"));
    const Gva next = TRY(symbol(vmcoreinfo, "log_next_idx"));
    Buffer buffer;
    buffer.start = TRY(read_pointer(memory, start));
    buffer.size = TRY(read_u32(memory, size));
    buffer.first = TRY(read_u32(memory, first));
    buffer.next = TRY(read_u32(memory, next));
    if (buffer.first >= buffer.size || buffer.next > buffer.size) {
        return Error::make("the log's messages go from %" PRIu32 " to %" PRIu32
                           " of a buffer of %" PRIu32 " bytes",
                           buffer.first, buffer.next, buffer.size);
    }
    return buffer;
}

/// A record, and where the next one begins.
struct Step {
    LogRecord record;
    uint32_t next = 0;
    bool wraps = false;  ///< there is no record here; the next one is at the buffer's start
};

Result<Step> read_step(const VirtualMemory& memory, const Layout& layout, const Buffer& buffer,
                       uint32_t at) {
    const uint64_t header = buffer.start.value + at;
    const uint64_t length = TRY(read_integer<uint16_t>(memory, Gva{header + layout.length}));
    Step step;
    step.wraps = length == 0;
    if (step.wraps) return step;
    const auto text = TRY(read_integer<uint16_t>(memory, Gva{header + layout.text_length}));
    if (length < layout.header + text || length > buffer.size - at) {
        return Error::make("the message at %" PRIu32 " of the log has %" PRIu64
                           " bytes, %u of them text",
                           at, length, unsigned{text});
    }
    step.next = static_cast<uint32_t>(at + length);
    step.record.time = TRY(read_u64(memory, Gva{header + layout.time}));
    // After the lengths: facility in 8 bits, flags in 5, level in 3.
    const auto word = TRY(read_integer<uint16_t>(memory, Gva{header + layout.dict_length + 2}));
    step.record.facility = static_cast<uint8_t>(word);
    step.record.level = static_cast<uint8_t>(word >> 13);
    step.record.text.resize(text);
    TRY(memory.read(Gva{header + layout.header},
                    std::as_writable_bytes(std::span(step.record.text))));
    return step;
}

}  // namespace

Result<KernelLog> read_log_buffer(const VirtualMemory& memory, const Vmcoreinfo& vmcoreinfo) {
    const Layout layout = TRY(layout_of(vmcoreinfo));
    const Buffer buffer = TRY(read_buffer(memory, vmcoreinfo));
    KernelLog log;
    size_t text = 0;
    bool wrapped = false;
    for (uint32_t at = buffer.first; at != buffer.next;) {
        auto step = read_step(memory, layout, buffer, at);
        if (step && step->wraps && wrapped) {
            step = Error::make("the log's messages do not end at %" PRIu32, buffer.next);
        }
        if (!step) {
            log.incomplete = step.error().message();
            break;
        }
        wrapped |= step->wraps;
        at = step->next;
        if (step->wraps) continue;
        text += step->record.text.size();
        if (text > kMostLogText || log.records.size() == kMostLogRecords) {
            log.incomplete = "the log is too long";
            break;
        }
        log.records.push_back(std::move(step->record));
        if (at == buffer.size && buffer.next != buffer.size) at = 0;
    }
    return log;
}

}  // namespace guestdump::linux_guest
