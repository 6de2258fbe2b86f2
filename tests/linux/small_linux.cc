// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/linux/small_linux.h"

#include <cinttypes>
#include <vector>

#include "tests/linux/btf_writer.h"
#include "util/text.h"

namespace guestdump::linux_guest {
namespace {

using support::put_le16;
using support::put_le32;
using support::put_le64;
using support::put_text;

}  // namespace

SmallLinux::SmallLinux() : image_(kSize) {
    const auto add = [this](const char* name, uint64_t offset) { symbols_[name] = at(offset); };
    add("_stext", kText);
    add("schedule", kSchedule);
    add("__sched_text_start", kSchedule - 8);
    add("__sched_text_end", kWait - 8);
    add("do_wait", kWait);
    add("do_work", kWork);
    add("entry", kEntry);
    add("ret_from_fork", kFork);
    add("idle", kIdle);
    add("interrupt", kInterrupt);
    add("_etext", kKallsyms);
    write_types();
    write_log();
    write_tasks();
    write_stacks();
    write_orc();
    write_variables();
    write_symbols();
    tell("SYMBOL(_stext)", at(kText), true);
}

void SmallLinux::tell(const std::string& key, uint64_t value, bool hexadecimal) {
    lines_ += key + util::text(hexadecimal ? "=%" PRIx64 "\n" : "=%" PRIu64 "\n", value);
}

/// Each token is a single character, so names are not compressed.
void SmallLinux::write_symbols() {
    const uint64_t tokens = kKallsyms, index = kKallsyms + 0x400, count = kKallsyms + 0x600,
                   base = kKallsyms + 0x608, offsets = kKallsyms + 0x800,
                   names = kKallsyms + 0x1000;
    for (unsigned token = 0; token < 256; ++token) {
        image_[tokens + 2 * token] = std::byte(token);
        put_le16(image_, index + 2 * token, static_cast<uint16_t>(2 * token));
    }
    uint64_t place = names;
    uint32_t number = 0;
    for (const auto& [name, address] : symbols_) {
        image_[place] = std::byte(name.size() + 1);
        put_text(image_, place + 1, "T" + name);
        place += name.size() + 2;
        put_le32(image_, offsets + 4 * number++, static_cast<uint32_t>(address - kBase));
    }
    put_le32(image_, count, number);
    put_le64(image_, base, kBase);
    tell("SYMBOL(kallsyms_token_table)", at(tokens), true);
    tell("SYMBOL(kallsyms_token_index)", at(index), true);
    tell("SYMBOL(kallsyms_num_syms)", at(count), true);
    tell("SYMBOL(kallsyms_relative_base)", at(base), true);
    tell("SYMBOL(kallsyms_offsets)", at(offsets), true);
    tell("SYMBOL(kallsyms_names)", at(names), true);
}

void SmallLinux::write_types() {
    BtfWriter types;
    const uint32_t u64 = types.integer("long", 8), u32 = types.integer("int", 4),
                   u16 = types.integer("short", 2), u8 = types.integer("char", 1),
                   pointer = types.pointer(0), name = types.array(u8, 16);
    const uint32_t list =
        types.structure("list_head", 16, {{"next", pointer, 0}, {"prev", pointer, 64}});
    const uint32_t info = types.structure("thread_info", 16, {{"flags", u64, 0}, {"cpu", u32, 64}});
    const uint32_t thread = types.structure("thread_struct", 8, {{"sp", u64, 0}});
    types.structure("task_struct", kTaskSize,
                    {{"thread_info", info, 0},
                     {"__state", u32, 8 * 16},
                     {"stack", pointer, 8 * 24},
                     {"on_cpu", u32, 8 * 32},
                     {"flags", u32, 8 * 36},
                     {"exit_state", u32, 8 * 40},
                     {"tasks", list, 8 * 48},
                     {"pid", u32, 8 * 64},
                     {"tgid", u32, 8 * 68},
                     {"real_parent", pointer, 8 * 72},
                     {"thread_node", list, 8 * 80},
                     {"comm", name, 8 * 96},
                     {"signal", pointer, 8 * 112},
                     {"thread", thread, 8 * 128}});
    types.structure("signal_struct", 64, {{"thread_head", list, 8 * 16}});
    types.structure("inactive_task_frame", 56, {{"bp", u64, 8 * 40}, {"ret_addr", u64, 8 * 48}});
    types.structure("orc_entry", 6,
                    {{"sp_offset", u16, 0, 16},
                     {"bp_offset", u16, 16, 16},
                     {"sp_reg", u16, 32, 4},
                     {"bp_reg", u16, 36, 4},
                     {"type", u16, 40, 3},
                     {"signal", u16, 43, 1}});
    types.structure("timekeeper", 32, {{"xtime_sec", u64, 64}, {"ktime_sec", u64, 128}});
    types.enumeration("zone_stat_item", {{"NR_FREE_PAGES", 0}});
    types.enumeration("node_stat_item", {{"NR_FILE_PAGES", 2}});
    const support::Bytes btf = types.bytes();
    support::put_bytes(image_, kBtf, btf);
    symbols_["__start_BTF"] = at(kBtf);
    symbols_["__stop_BTF"] = at(kBtf + btf.size());
}

void SmallLinux::write_message(unsigned index, uint64_t time, uint8_t level,
                               const std::string& text) {
    const uint64_t desc = kLog + 0x200 + 24 * index, info = kLog + 0x400 + 32 * index;
    const uint64_t begin = text_used_, next = begin + (8 + text.size() + 7) / 8 * 8;
    put_le64(image_, desc, uint64_t{2} << 62 | index);
    put_le64(image_, desc + 8, begin);
    put_le64(image_, desc + 16, next);
    put_le64(image_, info, index);
    put_le64(image_, info + 8, time);
    put_le16(image_, info + 16, static_cast<uint16_t>(text.size()));
    image_[info + 19] = std::byte(level << 5);
    put_le32(image_, info + 20, index == 0 ? 0x80000001 : 7);
    put_text(image_, kLog + 0x800 + begin + 8, text);
    text_used_ = next;
}

void SmallLinux::write_log() {
    const uint64_t pointer = kLog, ring = kLog + 0x100;
    put_le64(image_, pointer, at(ring));
    put_le32(image_, ring, 3);  // 8 descriptors
    put_le64(image_, ring + 8, at(kLog + 0x200));
    put_le64(image_, ring + 16, at(kLog + 0x400));
    put_le64(image_, ring + 24, 2);  // head
    put_le64(image_, ring + 32, 0);  // tail
    put_le32(image_, ring + 48, 10);
    put_le64(image_, ring + 56, at(kLog + 0x800));
    write_message(0, 1500000000, 5, "Linux version 6.1.0");
    write_message(1, 2000001000, 6, "two\nlines \x1b[2J");
    write_message(2, 3000000000, 3, "INFO: task worker:2 blocked for more than 120 seconds.");
    tell("SYMBOL(prb)", at(pointer), true);
    const std::pair<const char*, uint64_t> numbers[] = {
        {"OFFSET(printk_ringbuffer.desc_ring)", 0},
        {"OFFSET(printk_ringbuffer.text_data_ring)", 48},
        {"OFFSET(prb_desc_ring.count_bits)", 0},
        {"OFFSET(prb_desc_ring.descs)", 8},
        {"OFFSET(prb_desc_ring.infos)", 16},
        {"OFFSET(prb_desc_ring.head_id)", 24},
        {"OFFSET(prb_desc_ring.tail_id)", 32},
        {"SIZE(prb_desc)", 24},
        {"OFFSET(prb_desc.state_var)", 0},
        {"OFFSET(prb_desc.text_blk_lpos)", 8},
        {"OFFSET(prb_data_blk_lpos.begin)", 0},
        {"OFFSET(prb_data_blk_lpos.next)", 8},
        {"SIZE(printk_info)", 32},
        {"OFFSET(printk_info.ts_nsec)", 8},
        {"OFFSET(printk_info.text_len)", 16},
        {"OFFSET(printk_info.caller_id)", 20},
        {"OFFSET(prb_data_ring.size_bits)", 0},
        {"OFFSET(prb_data_ring.data)", 8},
        {"OFFSET(atomic_long_t.counter)", 0},
    };
    for (const auto& [key, value] : numbers) tell(key, value, false);
}

void SmallLinux::write_task(unsigned pid, unsigned tgid, const char* name, uint32_t state) {
    const uint64_t start = kTasks + pid * kTaskSize;
    put_le32(image_, start + 16, state);
    put_le64(image_, start + 24, at(kStacks + (pid % 4) * kStackSize));
    put_le32(image_, start + 36, pid == 2 || pid == 3 ? 0x00200000 : 0);
    put_le32(image_, start + 64, pid);
    put_le32(image_, start + 68, tgid);
    put_le64(image_, start + 72, task(pid == 4 ? 1 : 0));
    put_text(image_, start + 96, name);
    put_le64(image_, start + 112, at(kSignals + tgid * 64));
    put_le64(image_, start + 128, at(kStacks + (pid % 4) * kStackSize + 0x3f00));
}

void SmallLinux::write_tasks() {
    write_task(0, 0, "swapper/0", 0);
    write_task(1, 1, "init", 1);
    write_task(2, 2, "worker", 2);
    write_task(3, 2, "worker/thread", 2);
    write_task(4, 4, "bu\x1bsy", 0);
    const auto link = [this](std::vector<uint64_t> ring) {
        for (size_t i = 0; i < ring.size(); ++i) {
            const uint64_t next = ring[(i + 1) % ring.size()];
            put_le64(image_, ring[i], at(next));
            put_le64(image_, next + 8, at(ring[i]));
        }
    };
    const auto tasks_of = [](unsigned pid) { return kTasks + pid * kTaskSize + 48; };
    const auto node_of = [](unsigned pid) { return kTasks + pid * kTaskSize + 80; };
    link({tasks_of(0), tasks_of(1), tasks_of(2), tasks_of(4)});
    link({kSignals + 16, node_of(0)});
    link({kSignals + 64 + 16, node_of(1)});
    link({kSignals + 128 + 16, node_of(2), node_of(3)});
    link({kSignals + 256 + 16, node_of(4)});
    symbols_["init_task"] = task(0);
    for (const unsigned pid : {0u, 4u}) put_le32(image_, kTasks + pid * kTaskSize + 32, 1);
    put_le32(image_, kTasks + 4 * kTaskSize + 8, 1);  // CPU
}

/// Writes frames of 16 bytes: a local word of the function, and the return address.
void SmallLinux::write_stacks() {
    for (const unsigned pid : {1u, 2u, 3u}) {
        const uint64_t sp = kStacks + pid * kStackSize + 0x3f00;
        put_le64(image_, sp + 48, at(kSchedule + 0x10));  // ret_addr
        put_le64(image_, sp + 56 + 8, at((pid == 1 ? kWait : kWork) + 0x20));
        put_le64(image_, sp + 56 + 24, at((pid == 1 ? kEntry : kFork) + 0x30));
    }
    // CPU 0 was interrupted in idle: the interrupt's frame, a struct pt_regs.
    const uint64_t regs = kStacks + 0x3e00;
    put_le64(image_, regs + 128, at(kIdle + 0x40));
    put_le64(image_, regs + 136, 0x10);  // cs
    put_le64(image_, regs + 152, at(kStacks + 0x3f80));
    put_le64(image_, kStacks + 0x3f80 + 8, at(kEntry + 0x50));
}

void SmallLinux::write_orc() {
    struct Entry {
        uint64_t place;
        uint16_t sp_offset, bits;
    };
    // bits: sp_reg 5 (sp); type 1 end of stack, 2 call, 3 registers; bit 11 signal.
    const Entry entries[] = {
        {kText, 0, 0},      {kSchedule, 16, 0x205}, {kWait, 16, 0x205}, {kWork, 16, 0x205},
        {kEntry, 0, 0x100}, {kFork, 0, 0x100},      {kIdle, 16, 0x205}, {kInterrupt, 0, 0xb05},
    };
    const uint64_t places = kOrc, table = kOrc + 0x800;
    for (size_t i = 0; i < std::size(entries); ++i) {
        const uint64_t place = places + 4 * i;
        put_le32(image_, place, static_cast<uint32_t>(entries[i].place - place));
        put_le16(image_, table + 6 * i, entries[i].sp_offset);
        put_le16(image_, table + 6 * i + 4, entries[i].bits);
    }
    symbols_["__start_orc_unwind_ip"] = at(places);
    symbols_["__stop_orc_unwind_ip"] = at(places + 4 * std::size(entries));
    symbols_["__start_orc_unwind"] = at(table);
}

void SmallLinux::write_variables() {
    const auto variable = [this](const char* name, uint64_t offset, uint64_t value) {
        put_le64(image_, kVariables + offset, value);
        symbols_[name] = at(kVariables + offset);
    };
    variable("nr_cpu_ids", 0, 2);
    variable("saved_command_line", 8, at(kVariables + 0x400));
    put_text(image_, kVariables + 0x400, "console=ttyS0 quiet");
    variable("tainted_mask", 16, 1 << 9 | 1 << 12);
    variable("panic_cpu", 24, UINT32_MAX);
    variable("avenrun", 40, 2048);
    put_le64(image_, kVariables + 48, 1024);
    put_le64(image_, kVariables + 56, 4096);
    variable("_totalram_pages", 64, 1000);
    variable("vm_zone_stat", 72, 600);
    variable("vm_node_stat", 80, 0);
    put_le64(image_, kVariables + 80 + 16, 50);
    variable("tk_core", 0x100, 0);
    put_le64(image_, kVariables + 0x108 + 8, 1700000000);
    put_le64(image_, kVariables + 0x108 + 16, 3661);
    variable("__cpu_online_mask", 0x200, 3);
    variable("__per_cpu_offset", 0x300, at(kAreas));
    put_le64(image_, kVariables + 0x308, at(kAreas + 0x1000));
    symbols_["current_task"] = kBase + 0x10;  // kBase plus the offset in the per-CPU area
    put_le64(image_, kVariables + 0x300, kAreas);
    put_le64(image_, kVariables + 0x308, kAreas + 0x1000);
    put_le64(image_, kAreas + 0x10, task(0));
    put_le64(image_, kAreas + 0x1010, task(4));
}

}  // namespace guestdump::linux_guest
