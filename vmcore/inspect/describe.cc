// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/inspect/describe.h"

#include <charconv>
#include <cinttypes>

#include "linux/vmcoreinfo.h"
#include "linux/vmcoreinfo_search.h"
#include "util/text.h"
#include "vmcore/elf/note_list.h"
#include "vmcore/inspect/page_statistics.h"
#include "vmcore/inspect/written_by.h"
#include "vmcore/range_list.h"

namespace guestdump::vmcore {
namespace {

using target_i386::Registers;
using target_i386::SegmentRegister;

qapi::VmcoreFormat format_of(const Vmcore& vmcore) {
    if (vmcore.kdump()) return qapi::VmcoreFormat::kdump_compressed;
    if (vmcore.contents().post_mortem) return qapi::VmcoreFormat::process_core;
    if (vmcore.vbox()) return qapi::VmcoreFormat::vbox_core;
    return vmcore.contents().elf_class == format::ElfClass::k64 ? qapi::VmcoreFormat::elf64
                                                                : qapi::VmcoreFormat::elf32;
}

/// Only emulators write QEMU notes, and VirtualBox cores without VirtualBox's version; a kernel's
/// own dump has NT_PRSTATUS alone.
qapi::VmcoreOrigin origin_of(const Vmcore& vmcore) {
    if (const VboxCore* vbox = vmcore.vbox()) {
        return vbox->vbox_version != 0 ? qapi::VmcoreOrigin::virtualbox
                                       : qapi::VmcoreOrigin::emulator;
    }
    bool kernel = false;
    for (const Note& note : split_notes(vmcore.contents().notes).notes) {
        if (note.name == "QEMU") return qapi::VmcoreOrigin::emulator;
        if (note.name == "CORE") kernel = true;
    }
    return kernel ? qapi::VmcoreOrigin::kernel : qapi::VmcoreOrigin::unknown;
}

std::vector<qapi::VmcoreRegister> general_registers(const Registers& r) {
    std::vector<qapi::VmcoreRegister> list = {
        {"rax", r.rax}, {"rbx", r.rbx}, {"rcx", r.rcx}, {"rdx", r.rdx},
        {"rsi", r.rsi}, {"rdi", r.rdi}, {"rbp", r.rbp}, {"rsp", r.rsp},
    };
    for (size_t i = 0; i < r.r8_to_r15.size(); ++i) {
        list.push_back({"r" + std::to_string(8 + i), r.r8_to_r15[i]});
    }
    const std::vector<qapi::VmcoreRegister> rest = {
        {"rip", r.rip},
        {"rflags", r.rflags},
        {"cr0", r.cr0},
        {"cr2", r.cr2},
        {"cr3", r.cr3},
        {"cr4", r.cr4},
        {"kernel_gs_base", r.kernel_gs_base},
    };
    list.insert(list.end(), rest.begin(), rest.end());
    return list;
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

/// A kdump header tells the release and phys_base too; where VMCOREINFO differs it is right, and
/// the header wrong, as QEMU's is.
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

/// VMCOREINFO that the file does not tell, but the memory in it.
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
}

void describe_guest_note(const Vmcore& vmcore, const DescribeOptions& options,
                         qapi::VmcoreInfo& info) {
    const auto note = vmcore.guest_note();
    if (!note) {
        if (options.find_vmcoreinfo) describe_found(vmcore, options.threads, info);
        return;
    }
    const auto view = linux_guest::parse_note(*note);
    if (!view || view->name != "VMCOREINFO") return;
    info.vmcoreinfo = std::string(reinterpret_cast<const char*>(view->descriptor.data()),
                                  view->descriptor.size());
    describe_kernel(linux_guest::Vmcoreinfo(*info.vmcoreinfo), info.kernel);
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
    info.format = format_of(vmcore);
    info.flattened = vmcore.flattened();
    info.machine = vmcore.contents().machine == format::kEmX86_64 ? qapi::SysEmuTarget::x86_64
                                                                  : qapi::SysEmuTarget::i386;
    info.origin = origin_of(vmcore);
    info.written_by = written_by(vmcore);
    info.memory = vmcore.contents().blocks.total_bytes();
    info.warnings = vmcore.contents().warnings;
    describe_missing(vmcore.contents().missing, info);
    const uint64_t left_out = total_bytes(vmcore.contents().left_out);
    if (left_out != 0) info.left_out_pages = left_out / kPageSize;
    for (const guest::GpaRange& range : ranges_of(vmcore.contents().blocks)) {
        info.ranges.push_back({.begin = range.start.value, .length = range.size});
    }
    const std::vector<PageKind> kinds = TRY(page_statistics(vmcore));
    for (const PageKind& kind : kinds) {
        info.pages.push_back({.kind = kind.name, .pages = kind.pages, .stored = kind.stored});
    }
    for (const target_i386::Registers& registers : vmcore.vcpus()) {
        info.cpus.push_back({.cpu_index = static_cast<uint32_t>(info.cpus.size()),
                             .registers = general_registers(registers),
                             .segments = segments(registers)});
    }
    describe_guest_note(vmcore, options, info);
    if (const auto& facts = vmcore.contents().post_mortem) {
        info.post_mortem = {.address = facts->address,
                            .synchronized = facts->time,
                            .running = facts->running,
                            .live_cpus = static_cast<uint32_t>(facts->live_cpus)};
    }
    if (const KdumpFile* kdump = vmcore.kdump()) {
        info.header_version = kdump->header.version;
        info.dump_level = kdump->header.dump_level;
        describe_kernel(kdump->header, info);
    }
    return info;
}

}  // namespace guestdump::vmcore
