// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/scripted_guest.h"

#include <check.h>

#include <cinttypes>
#include <set>

#include "tests/support/results.h"

namespace guestdump::support {

ScriptedRam::ScriptedRam(std::string name, size_t size)
    : name_(std::move(name)), bytes_(must(util::MappedArray<std::byte>::make(size))) {}

ScriptedRam::ScriptedRam(std::string name, View contents)
    : ScriptedRam(std::move(name), contents.size()) {
    fill(contents);
}

void ScriptedRam::fill(View contents) {
    std::copy(contents.begin(), contents.end(), bytes().begin());
}

Result<> ScriptedRam::read(uint64_t offset, std::span<std::byte> out) const {
    ++reads_;
    if (!inside(bytes(), offset, out.size())) {
        return Error::make("%zu bytes at %" PRIu64 " of '%s', which has %zu", out.size(), offset,
                           name_.c_str(), bytes_.size());
    }
    if (bad_offset_ >= offset && bad_offset_ - offset < out.size()) {
        return Error::make("'%s' cannot be read at %" PRIu64, name_.c_str(), bad_offset_);
    }
    for (const auto& [start, end] : holes_) {
        if (start < offset + out.size() && offset < end) {
            ck_abort_msg("'%s' was read at %ju, which is not populated", name_.c_str(),
                         static_cast<uintmax_t>(std::max(start, offset)));
        }
    }
    const View wanted = bytes().subspan(offset, out.size());
    std::copy(wanted.begin(), wanted.end(), out.begin());
    return {};
}

guest::RamExtent ScriptedRam::extent(uint64_t offset, uint64_t limit) const {
    auto next = holes_.upper_bound(offset);
    if (next != holes_.begin() && std::prev(next)->second > offset) {
        return {.length = std::min(limit, std::prev(next)->second) - offset, .populated = false};
    }
    const uint64_t end = next == holes_.end() ? limit : std::min(limit, next->first);
    return {.length = end - offset, .populated = true};
}

ScriptedCpu::ScriptedCpu(uint32_t index)
    : prstatus64(noise(3 * index, 336)),
      prstatus32(noise(3 * index + 1, 144)),
      qemu(noise(3 * index + 2, 440)) {
    put_le32(qemu, 0, 1);    // version
    put_le32(qemu, 4, 440);  // size
}

namespace {

const ScriptedCpu& scripted(const guest::Cpu& cpu) {
    return static_cast<const ScriptedCpu&>(cpu.registers());
}

void append_prstatus(const guest::Cpu& cpu, const guest::ArchDumpInfo& info, uint32_t index,
                     guest::NoteBuilder& out) {
    const bool is64 = info.machine == 62;
    Bytes descriptor = is64 ? scripted(cpu).prstatus64 : scripted(cpu).prstatus32;
    put_le32(descriptor, is64 ? 32 : 24, index + 1);  // pr_pid
    out.append("CORE", 1, descriptor);
}

void append_qemu_note(const guest::Cpu& cpu, guest::NoteBuilder& out) {
    out.append("QEMU", 0, scripted(cpu).qemu);
}

void append_vbox_note(const guest::Cpu& cpu, guest::NoteBuilder& out) {
    out.append_vbox("VBCPU", 0xb01, scripted(cpu).qemu);
}

bool is_prstatus_of(std::span<const std::byte> descriptor, const guest::ArchDumpInfo& info) {
    return descriptor.size() == (info.machine == 62 ? 336 : 144);
}

Result<size_t> append_mappings(std::span<const guest::Cpu> cpus, const guest::PageSource&,
                               const util::Cancellation& cancellation,
                               guest::MemoryMappingList& out) {
    std::set<uint64_t> seen;
    for (const guest::Cpu& cpu : cpus) {
        TRY(cancellation.check());
        const ScriptedCpu& one = scripted(cpu);
        if (!one.root || !seen.insert(*one.root).second) continue;
        for (const guest::MemoryMapping& mapping : one.mappings) TRY(out.add(mapping));
    }
    return seen.size();
}

std::optional<guest::Gpa> translate(const guest::Cpu& cpu, guest::Gva address,
                                    const guest::PageSource&, std::optional<guest::Gpa> top) {
    const ScriptedCpu& one = scripted(cpu);
    const auto found = one.translations.find(address.value);
    if (found == one.translations.end() || top != one.root_of_translations) return std::nullopt;
    return guest::Gpa{found->second};
}

bool paging_is_off(const guest::Cpu& cpu) {
    return scripted(cpu).paging_off;
}

std::optional<guest::Gva> first_handler(const guest::Cpu& cpu, const guest::PageSource&) {
    return scripted(cpu).handler;
}

}  // namespace

const guest::Architecture kScriptedArchitecture = {
    .name = "scripted",
    .append_prstatus = append_prstatus,
    .append_qemu_note = append_qemu_note,
    .append_vbox_note = append_vbox_note,
    .is_prstatus_of = is_prstatus_of,
    .append_mappings = append_mappings,
    .translate = translate,
    .paging_is_off = paging_is_off,
    .first_handler = first_handler,
};

ScriptedRam& ScriptedGuest::add_ram(uint64_t gpa, View contents) {
    ScriptedRam& ram = add_ram(gpa, contents.size());
    ram.fill(contents);
    return ram;
}

ScriptedRam& ScriptedGuest::add_ram(uint64_t gpa, size_t size) {
    const std::string name = "ram" + std::to_string(ram_.size());
    ram_.push_back({gpa, std::make_shared<ScriptedRam>(name, size)});
    return *ram_.back().region;
}

ScriptedCpu& ScriptedGuest::add_cpu() {
    const auto cpu = std::make_shared<ScriptedCpu>(static_cast<uint32_t>(cpus_.size()));
    cpus_.emplace_back(kScriptedArchitecture, cpu);
    return *cpu;
}

Result<> ScriptedGuest::pause() {
    ++pauses;
    was_running_ = is_running;
    is_running = false;  // as in real machines, which may fail after some vCPUs have stopped
    if (pause_failure) return Error::make("%s", pause_failure->c_str());
    return {};
}

void ScriptedGuest::resume() {
    ++resumes;
    is_running = was_running_;
}

guest::GuestPhysBlockList ScriptedGuest::blocks() const {
    guest::GuestPhysBlockList list;
    for (const Ram& ram : ram_) {
        const guest::GpaRange range{guest::Gpa{ram.gpa}, ram.region->size()};
        const Result<> added = list.add({.range = range, .region = ram.region, .offset = 0});
        if (!added) ck_abort_msg("test's RAM: %s", added.error().message().c_str());
    }
    return list;
}

Result<guest::ArchDumpInfo> ScriptedGuest::arch_info(const guest::GuestPhysBlockList&) const {
    if (arch_failure) return Error::make("%s", arch_failure->c_str());
    return arch;
}

guest::GuestNote vmcoreinfo_note(std::string_view text) {
    guest::GuestNote note;
    put_le32(note, 0, 11);  // "VMCOREINFO" and its NUL
    put_le32(note, 4, static_cast<uint32_t>(text.size()));
    put_le32(note, 8, 0);
    put_text(note, 12, "VMCOREINFO");
    note.resize(24);
    put_text(note, 24, text);
    note.resize((note.size() + 3) / 4 * 4);
    return note;
}

}  // namespace guestdump::support
