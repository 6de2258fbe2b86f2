// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/describe.h"

#include <algorithm>
#include <charconv>
#include <cinttypes>

#include "format/elf.h"
#include "guest/range_list.h"
#include "linux/idt_handler.h"
#include "linux/vmcoreinfo.h"
#include "linux/vmcoreinfo_search.h"
#include "util/text.h"
#include "vmcore/elf/note_list.h"
#include "vmcore/inspect/kernels.h"
#include "vmcore/inspect/page_statistics.h"
#include "vmcore/inspect/page_use.h"
#include "vmcore/inspect/written_by.h"
#include "vmcore/kdump/kdump_reader.h"
#include "vmcore/registers.h"
#include "vmcore/vbox_core.h"

namespace guestdump::vmcore {
namespace {

using target_i386::Registers;
using target_i386::SegmentRegister;

qapi::VmcoreFormat format_of(const Vmcore& vmcore) {
    if (vmcore.kdump()) return qapi::VmcoreFormat::kdump_compressed;
    if (vmcore.contents().post_mortem) return qapi::VmcoreFormat::process_core;
    if (vmcore.contents().migration) return qapi::VmcoreFormat::migration_stream;
    if (vmcore.vbox()) return qapi::VmcoreFormat::vbox_core;
    return vmcore.contents().machine.elf_class == format::ElfClass::k64 ? qapi::VmcoreFormat::elf64
                                                                        : qapi::VmcoreFormat::elf32;
}

/// QEMU notes, and VirtualBox cores without a VirtualBox version, come only from emulators. A
/// kernel's own dump has only NT_PRSTATUS.
qapi::VmcoreOrigin origin_of(const Vmcore& vmcore) {
    if (const VboxCore* vbox = vmcore.vbox()) {
        return vbox->vbox_version != 0 ? qapi::VmcoreOrigin::virtualbox
                                       : qapi::VmcoreOrigin::emulator;
    }
    if (vmcore.contents().migration) return qapi::VmcoreOrigin::emulator;
    bool kernel = false;
    for (const Note& note : vmcore.contents().note_list().notes) {
        if (note.name == "QEMU") return qapi::VmcoreOrigin::emulator;
        if (note.name == "CORE") kernel = true;
    }
    return kernel ? qapi::VmcoreOrigin::kernel : qapi::VmcoreOrigin::unknown;
}

qapi::HexMap general_registers(const Registers& r) {
    qapi::HexMap map{{
        {"rax", r.rax},
        {"rbx", r.rbx},
        {"rcx", r.rcx},
        {"rdx", r.rdx},
        {"rsi", r.rsi},
        {"rdi", r.rdi},
        {"rbp", r.rbp},
        {"rsp", r.rsp},
    }};
    for (size_t i = 0; i < r.r8_to_r15.size(); ++i) {
        map.entries.emplace_back("r" + std::to_string(8 + i), r.r8_to_r15[i]);
    }
    const qapi::HexMap rest{{
        {"rip", r.rip},
        {"rflags", r.rflags},
        {"cr0", r.cr0},
        {"cr2", r.cr2},
        {"cr3", r.cr3},
        {"cr4", r.cr4},
        {"kernel_gs_base", r.kernel_gs_base},
    }};
    map.entries.insert(map.entries.end(), rest.entries.begin(), rest.entries.end());
    return map;
}

qapi::VmcoreSegment segment(const char* name, const SegmentRegister& s) {
    return {
        .name = name, .selector = s.selector, .base = s.base, .limit = s.limit, .flags = s.flags};
}

std::vector<qapi::VmcoreSegment> segments(const Registers& r) {
    return {
        segment("cs", r.cs),
        segment("ds", r.ds),
        segment("es", r.es),
        segment("fs", r.fs),
        segment("gs", r.gs),
        segment("ss", r.ss),
        segment("ldt", r.ldt),
        segment("tr", r.tr),
        {.name = "gdt", .selector = 0, .base = r.gdt.base, .limit = r.gdt.limit, .flags = 0},
        {.name = "idt", .selector = 0, .base = r.idt.base, .limit = r.idt.limit, .flags = 0},
    };
}

/// KERNELOFFSET is hexadecimal without a prefix. [linux arch/x86/kernel/crash_core_64.c]
std::optional<uint64_t> kaslr_offset(const linux_guest::Vmcoreinfo& vmcoreinfo) {
    const auto text = vmcoreinfo.value("KERNELOFFSET");
    if (!text) return std::nullopt;
    uint64_t value = 0;
    const auto parsed = std::from_chars(text->data(), text->data() + text->size(), value, 16);
    if (parsed.ec != std::errc{}) return std::nullopt;
    return value;
}

void describe_kernel(const linux_guest::Vmcoreinfo& vmcoreinfo, qapi::VmcoreKernel& kernel) {
    if (const auto release = vmcoreinfo.value("OSRELEASE")) kernel.release = std::string(*release);
    kernel.kaslr_offset = kaslr_offset(vmcoreinfo);
    if (const auto phys_base = vmcoreinfo.number("phys_base")) {
        kernel.phys_base = static_cast<int64_t>(*phys_base);
        kernel.phys_base_from = "VMCOREINFO";
    }
}

/// A kdump header also contains the release and phys_base. If VMCOREINFO differs, VMCOREINFO is
/// used: QEMU writes wrong values to the header.
void describe_kernel(const KdumpHeader& header, qapi::VmcoreInfo& info) {
    qapi::VmcoreKernel& kernel = info.kernel;
    if (!kernel.release && !header.utsname.release.empty()) kernel.release = header.utsname.release;
    const auto phys_base = static_cast<int64_t>(header.phys_base);
    if (!kernel.phys_base) {
        kernel.phys_base = phys_base;
        kernel.phys_base_from = "header";
    } else if (*kernel.phys_base != phys_base) {
        info.warnings.push_back(util::text("the header's phys_base is %" PRId64
                                           ", VMCOREINFO's is %" PRId64,
                                           phys_base, *kernel.phys_base));
    }
}

/// Adds phys_base as the vCPUs' page tables have it, if VMCOREINFO does not contain it.
void describe_phys_base(const linux_guest::Vmcoreinfo& vmcoreinfo, const guest::ArchDumpInfo& arch,
                        std::span<const guest::Cpu> cpus, const Vmcore& vmcore,
                        qapi::VmcoreKernel& kernel) {
    if (kernel.phys_base) return;
    const auto handlers = linux_guest::idt_handlers(cpus, *vmcore.page_source());
    const auto found = linux_guest::phys_base_of(vmcoreinfo, handlers, arch);
    if (!found) return;
    kernel.phys_base = static_cast<int64_t>(found->value);
    kernel.phys_base_from = "page tables";
}

/// Searches guest memory for VMCOREINFO and adds it, for a file whose notes have none.
void describe_found(const Vmcore& vmcore, unsigned threads, qapi::VmcoreInfo& info) {
    const auto arch = vmcore.arch_info(vmcore.contents().blocks);
    if (!arch) return;
    const std::vector<guest::Cpu> cpus = vmcore.cpus();
    const auto found = linux_guest::find_vmcoreinfo({.memory = *vmcore.page_source(),
                                                     .arch = *arch,
                                                     .cpus = cpus,
                                                     .threads = threads,
                                                     .cancellation = util::Cancellation()});
    if (!found) return;
    info.vmcoreinfo = found->vmcoreinfo.text();
    info.vmcoreinfo_found_at = found->address.value;
    describe_kernel(found->vmcoreinfo, info.kernel);
    if (info.kernel.phys_base) info.kernel.phys_base_from = "VMCOREINFO in memory";
    describe_phys_base(found->vmcoreinfo, *arch, cpus, vmcore, info.kernel);
}

void describe_guest_note(const Vmcore& vmcore, const DescribeOptions& options,
                         qapi::VmcoreInfo& info) {
    const auto note = vmcore.guest_note();
    if (options.replace_vmcoreinfo) describe_found(vmcore, options.threads, info);
    if (info.vmcoreinfo) return;
    if (!note) {
        if (options.find_vmcoreinfo) describe_found(vmcore, options.threads, info);
        return;
    }
    const auto view = linux_guest::parse_note(*note);
    if (!view || view->name != "VMCOREINFO") return;
    info.vmcoreinfo = std::string(reinterpret_cast<const char*>(view->descriptor.data()),
                                  view->descriptor.size());
    const linux_guest::Vmcoreinfo vmcoreinfo(*info.vmcoreinfo);
    describe_kernel(vmcoreinfo, info.kernel);
    const auto arch = vmcore.arch_info(vmcore.contents().blocks);
    if (arch) describe_phys_base(vmcoreinfo, *arch, vmcore.cpus(), vmcore, info.kernel);
}

Result<> describe_page_use(const Vmcore& vmcore, unsigned threads, qapi::VmcoreInfo& info) {
    const linux_guest::PageFilterReport report = TRY(count_page_use(vmcore, threads));
    if (!report.trusted) {
        info.page_use_unknown = report.reason;
        return {};
    }
    std::vector<qapi::VmcorePageUse> uses;
    for (size_t i = 0; i < linux_guest::kPageClasses; ++i) {
        const auto page_class = static_cast<linux_guest::PageClass>(i);
        const uint64_t pages = report.counts[page_class];
        if (pages != 0) uses.push_back({.use = std::string(name_of(page_class)), .pages = pages});
    }
    info.page_use = std::move(uses);
    return {};
}

/// A search of much memory takes long, and nobody may want it: only a note-less file is searched
/// whole anyway.
void describe_other_kernels(const Vmcore& vmcore, const DescribeOptions& options,
                            qapi::VmcoreInfo& info) {
    std::optional<linux_guest::Vmcoreinfo> shown;
    if (info.vmcoreinfo) shown.emplace(*info.vmcoreinfo);
    std::vector<qapi::VmcoreOtherKernel> list;
    for (const auto& kernel : other_kernels(vmcore, shown, options.threads, options.kernel_pages)) {
        const auto release = kernel.vmcoreinfo.value("OSRELEASE").value_or("");
        list.push_back({.release = std::string(release), .vmcoreinfo_at = kernel.address.value});
    }
    if (!list.empty()) info.other_kernels = std::move(list);
}

void describe_notes(const Vmcore& vmcore, qapi::VmcoreInfo& info) {
    for (const Note& note : vmcore.contents().note_list().notes) {
        auto known = std::find_if(info.notes.begin(), info.notes.end(), [&](const auto& one) {
            return one.name == note.name && one.type == note.type;
        });
        if (known == info.notes.end()) {
            info.notes.push_back({.name = std::string(note.name), .type = note.type});
            known = std::prev(info.notes.end());
        }
        ++known->count;
        known->size += note.descriptor.size();
    }
}

/// Reports VMCOREINFO of another kernel, or of another boot.
void describe_contradiction(const Vmcore& vmcore, unsigned threads, qapi::VmcoreInfo& info) {
    const auto arch = vmcore.arch_info(vmcore.contents().blocks);
    if (!arch || !info.vmcoreinfo || info.vmcoreinfo_found_at) return;
    const std::vector<guest::Cpu> cpus = vmcore.cpus();
    const auto why = linux_guest::contradiction(linux_guest::Vmcoreinfo(*info.vmcoreinfo),
                                                {.memory = *vmcore.page_source(),
                                                 .arch = *arch,
                                                 .cpus = cpus,
                                                 .threads = threads,
                                                 .cancellation = util::Cancellation()});
    if (why) info.warnings.push_back("VMCOREINFO contradicts the guest: " + *why);
}

/// As `uname -m` prints it; "i386" for every i686.
std::string machine_text(const Contents& contents) {
    if (contents.machine.number == format::kEm386) return "i386";
    if (!contents.uname_machine.empty()) return contents.uname_machine;
    return name_of(contents.machine);
}

void describe_vcpus(const Vmcore& vmcore, qapi::VmcoreInfo& info) {
    for (const target_i386::Registers& registers : vmcore.vcpus()) {
        info.cpus.push_back({.cpu_index = static_cast<uint32_t>(info.cpus.size()),
                             .registers = general_registers(registers),
                             .segments = segments(registers)});
    }
    const Contents& contents = vmcore.contents();
    if (contents.machine.is_x86()) return;
    for (const Note& note : contents.note_list().notes) {
        if (note.name != "CORE" || note.type != format::kNtPrstatus) continue;
        info.cpus.push_back({.cpu_index = static_cast<uint32_t>(info.cpus.size()),
                             .registers = {registers_of(contents.machine, note.descriptor)},
                             .segments = {}});
    }
}

void describe_container(const Contents& contents, qapi::VmcoreInfo& info) {
    if (!contents.wrapping.empty()) info.wrapping = contents.wrapping;
    if (!contents.migration) return;
    info.migration = qapi::VmcoreMigration{};
    info.migration->mapped_ram = contents.migration->mapped_ram;
    if (!contents.migration->machine_type.empty())
        info.migration->machine_type = contents.migration->machine_type;
}

void describe_missing(const RangeList& missing, qapi::VmcoreInfo& info) {
    if (missing.empty()) return;
    info.missing = total_bytes(missing);
    info.missing_from = missing.front().start.value;
}

}  // namespace

Result<qapi::VmcoreInfo> describe(const Vmcore& vmcore, const std::string& path,
                                  const DescribeOptions& options) {
    qapi::VmcoreInfo info;
    info.filename = path;
    info.filename_bytes = util::hex_unless_utf8(path);
    info.format = format_of(vmcore);
    info.flattened = vmcore.flattened();
    if (vmcore.files() > 1) info.split_files = static_cast<uint32_t>(vmcore.files());
    info.machine = machine_text(vmcore.contents());
    info.big_endian = vmcore.contents().machine.order == std::endian::big;
    info.page_size = vmcore.contents().page_size;
    info.origin = origin_of(vmcore);
    info.written_by = written_by(vmcore);
    info.memory = vmcore.contents().blocks.total_bytes();
    info.warnings = vmcore.contents().warnings;
    describe_missing(vmcore.contents().missing, info);
    const uint64_t left_out = total_bytes(vmcore.contents().left_out);
    if (vmcore.contents().filter) info.dump_level = vmcore.contents().filter->level;
    if (left_out != 0) info.left_out_pages = left_out / vmcore.contents().page_size;
    for (const guest::GpaRange& range : ranges_of(vmcore.contents().blocks)) {
        info.ranges.push_back({.begin = range.start.value, .length = range.size});
    }
    const std::vector<PageKind> kinds = TRY(page_statistics(vmcore));
    for (const PageKind& kind : kinds) {
        info.pages.push_back({.kind = kind.name, .pages = kind.pages, .stored = kind.stored});
    }
    describe_vcpus(vmcore, info);
    describe_notes(vmcore, info);
    describe_guest_note(vmcore, options, info);
    if (options.page_use) TRY(describe_page_use(vmcore, options.threads, info));
    if (options.find_vmcoreinfo) describe_other_kernels(vmcore, options, info);
    describe_contradiction(vmcore, options.threads, info);
    if (const auto& facts = vmcore.contents().post_mortem) {
        info.post_mortem = {.address = facts->address,
                            .synchronized = facts->time,
                            .running = facts->running,
                            .live_cpus = static_cast<uint32_t>(facts->live_cpus)};
    }
    describe_container(vmcore.contents(), info);
    if (const auto moment = vmcore.live_moment()) {
        info.live = {.date_sec = moment->seconds,
                     .date_nsec = moment->nanoseconds,
                     .stop_time = moment->stopped_us};
    }
    if (const KdumpFile* kdump = vmcore.kdump()) {
        info.header_version = kdump->header.version;
        info.dump_level = kdump->header.dump_level;
        describe_kernel(kdump->header, info);
    }
    return info;
}

}  // namespace guestdump::vmcore
