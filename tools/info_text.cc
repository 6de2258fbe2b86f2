// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/info_text.h"

#include <glib.h>

#include <algorithm>
#include <cinttypes>

#include "util/text.h"

namespace guestdump::tools {
namespace {

using util::text;

/// Limit on the ranges that are listed; a filtered dump has thousands.
constexpr size_t kMostRanges = 16;

/// Page size that is not printed, bytes.
constexpr uint32_t kUsualPageSize = 4096;
constexpr uint64_t kNanoseconds = 1000000000;  ///< in a second

std::string stream_text(const qapi::VmcoreMigration& migration) {
    std::string line = "QEMU migration stream";
    if (migration.mapped_ram) line += " with mapped-ram";
    if (migration.machine_type) line += " of machine type " + *migration.machine_type;
    return line;
}

std::string format_text(const qapi::VmcoreInfo& info) {
    if (info.post_mortem) {
        return text("core of guestdump-vm, its record at 0x%" PRIx64 ", ",
                    info.post_mortem->address.value) +
               info.machine;
    }
    if (info.format == qapi::VmcoreFormat::machine) return "a running machine, " + info.machine;
    std::string line =
        info.migration ? stream_text(*info.migration) : std::string(to_string(info.format));
    if (info.wrapping) line += " (" + *info.wrapping + ")";
    if (info.header_version) line += text(" version %u", *info.header_version);
    if (info.flattened) line += ", flattened";
    if (info.split_files) line += text(", %u files of a split set", *info.split_files);
    line += ", " + info.machine;
    if (info.big_endian) line += ", big-endian";
    if (info.page_size != kUsualPageSize) line += text(", pages of %u KiB", info.page_size / 1024);
    return line;
}

/// "2026-11-21T13:31:14Z". The time in a damaged file may be invalid.
std::string time_text(int64_t seconds) {
    GDateTime* const time = g_date_time_new_from_unix_utc(seconds);
    if (!time) return "a time that cannot be";
    char* const words = g_date_time_format_iso8601(time);
    std::string told = words;
    g_free(words);
    g_date_time_unref(time);
    return told;
}

std::string registers_origin_text(const qapi::VmcoreInfo& info) {
    const qapi::VmcorePostMortem& facts = *info.post_mortem;
    const size_t live = std::min<size_t>(facts.live_cpus, info.cpus.size());
    const size_t old = info.cpus.size() - live;
    std::string line = "registers:  ";
    if (live > 0) line += text(" of %zu vCPUs as they were when the core was taken", live);
    if (live > 0 && old > 0) line += ",";
    if (old > 0) {
        line += text(" of %zu vCPUs as they were at %s", old,
                     time_text(static_cast<int64_t>(facts.synchronized / kNanoseconds)).c_str());
        if (facts.running) line += ", from where they ran on";
    }
    return line + "\n";
}

std::string live_text(const qapi::VmcoreLive& live) {
    return text("live:        the guest ran on; this is %s, for which it was stopped for %" PRIu64
                " us\n",
                time_text(live.date_sec).c_str(), live.stop_time);
}

std::string origin_text(const qapi::VmcoreInfo& info) {
    const bool filtered = info.dump_level.value_or(0) > 1;
    const std::string filter = filtered ? text(", filtered (dump level %u)", *info.dump_level) : "";
    switch (info.origin) {
        case qapi::VmcoreOrigin::emulator:
            if (info.migration) return "an emulator: it saved or moved the machine";
            return info.format == qapi::VmcoreFormat::vbox_core
                       ? "an emulator's dump: a VirtualBox core without VirtualBox's version"
                       : "an emulator's dump: there are QEMU notes" + filter;
        case qapi::VmcoreOrigin::virtualbox:
            return "VirtualBox: its version is in the notes";
        case qapi::VmcoreOrigin::kernel:
            return "a kernel's dump: NT_PRSTATUS, but no QEMU notes" + filter;
        case qapi::VmcoreOrigin::unknown:
            break;
    }
    return "there is no note that tells" + filter;
}

const char* program_name(qapi::VmcoreProgram program) {
    switch (program) {
        case qapi::VmcoreProgram::qemu:
            return "QEMU";
        case qapi::VmcoreProgram::guestdump:
            return "guestdump";
        case qapi::VmcoreProgram::makedumpfile:
            return "makedumpfile";
        case qapi::VmcoreProgram::virtualbox:
            break;
    }
    return "VirtualBox";
}

std::string ranges_text(const qapi::VmcoreInfo& info) {
    std::string lines;
    const size_t told = std::min(info.ranges.size(), kMostRanges);
    for (size_t i = 0; i < told; ++i) {
        const qapi::VmcoreRange& range = info.ranges[i];
        lines += text("  0x%016" PRIx64 "-0x%016" PRIx64 "  %s\n", range.begin.value,
                      range.begin + (range.length - 1), size_text(range.length).c_str());
    }
    if (told < info.ranges.size()) lines += text("  and %zu more\n", info.ranges.size() - told);
    return lines;
}

std::string pages_text(const qapi::VmcoreInfo& info) {
    std::string lines;
    for (const qapi::VmcorePages& kind : info.pages) {
        lines += text("  %-8s %10" PRIu64 "  in %s\n", kind.kind.c_str(), kind.pages,
                      size_text(kind.stored).c_str());
    }
    return lines;
}

/// What --exclude would leave out. "kept" comes first.
std::string page_use_text(const qapi::VmcoreInfo& info) {
    if (info.page_use_unknown) return "page use:    not known: " + *info.page_use_unknown + "\n";
    if (!info.page_use) return "";
    std::string lines = "page use:\n";
    for (const qapi::VmcorePageUse& use : *info.page_use) {
        lines += text("  %-13s %10" PRIu64 "  %s\n", use.use.c_str(), use.pages,
                      short_size_text(use.pages * info.page_size).c_str());
    }
    return lines;
}

std::string kernel_text(const qapi::VmcoreKernel& kernel) {
    std::string lines;
    if (kernel.release) lines += "kernel:      Linux " + *kernel.release + "\n";
    if (kernel.kaslr_offset)
        lines += text("KASLR:       offset 0x%" PRIx64 "\n", kernel.kaslr_offset->value);
    if (kernel.phys_base) {
        lines += text("phys_base:   %" PRId64 ", by %s\n", *kernel.phys_base,
                      kernel.phys_base_from.value_or("").c_str());
    }
    return lines;
}

/// Numbered as --kernel counts them.
std::string other_kernels_text(const qapi::VmcoreInfo& info) {
    std::string lines;
    if (!info.other_kernels) return lines;
    size_t number = info.vmcoreinfo ? 2 : 1;
    for (const qapi::VmcoreOtherKernel& kernel : *info.other_kernels) {
        lines += text("kernel %zu:    Linux %s, VMCOREINFO at 0x%" PRIx64 "\n", number++,
                      kernel.release.c_str(), kernel.vmcoreinfo_at.value);
    }
    return lines;
}

std::string registers_text(const qapi::VmcoreCpu& cpu) {
    std::string lines = text("vCPU %u:\n", cpu.cpu_index);
    const auto& registers = cpu.registers.entries;
    for (size_t i = 0; i < registers.size(); ++i) {
        const bool ends = i % 4 == 3 || i + 1 == registers.size();
        lines += text("  %-3s %016" PRIx64 "%s", registers[i].first.c_str(), registers[i].second,
                      ends ? "\n" : "");
    }
    for (const qapi::VmcoreSegment& segment : cpu.segments) {
        lines +=
            text("  %-3s %04x  base %016" PRIx64 "  limit %08x  flags %08x\n", segment.name.c_str(),
                 segment.selector, segment.base.value, segment.limit, segment.flags);
    }
    return lines;
}

/// Notes that no other line describes.
std::string notes_text(const qapi::VmcoreInfo& info) {
    std::string lines;
    for (const qapi::VmcoreNote& note : info.notes) {
        const bool usual = (note.name == "CORE" && note.type == 1) || note.name == "QEMU" ||
                           note.name == "VMCOREINFO" || note.name == "VBCORE" ||
                           note.name == "VBCPU" || note.name == "GUESTDUMP";
        if (usual) continue;
        lines += text("note:        %s, type 0x%x: %u, %s\n", util::printable(note.name).c_str(),
                      note.type, note.count, size_text(note.size).c_str());
    }
    return lines;
}

std::string vmcoreinfo_text(const qapi::VmcoreInfo& info, bool all) {
    if (!info.vmcoreinfo) return "VMCOREINFO:  none\n";
    const auto lines = std::count(info.vmcoreinfo->begin(), info.vmcoreinfo->end(), '\n');
    std::string out = text("VMCOREINFO:  %td lines", lines);
    if (info.vmcoreinfo_found_at) {
        out += text(", found in memory at 0x%" PRIx64, info.vmcoreinfo_found_at->value);
    }
    out += "\n";
    return all ? out + *info.vmcoreinfo : out;
}

}  // namespace

std::string short_size_text(uint64_t bytes) {
    static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB", "PiB"};
    if (bytes < 1024) return text("%" PRIu64 " bytes", bytes);
    double value = static_cast<double>(bytes) / 1024;
    size_t unit = 0;
    for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
    return text("%.1f %s", value, kUnits[unit]);
}

std::string size_text(uint64_t bytes) {
    const std::string rounded = short_size_text(bytes);
    return bytes < 1024 ? rounded : rounded + text(" (%" PRIu64 " bytes)", bytes);
}

std::string info_text(const qapi::VmcoreInfo& info, const InfoDetail& detail) {
    const bool is_file = info.format != qapi::VmcoreFormat::machine;
    std::string out = (is_file ? "file:        " : "machine:     ") + info.filename + "\n";
    out += "format:      " + format_text(info) + "\n";
    if (is_file) out += "origin:      " + origin_text(info) + "\n";
    if (info.written_by) {
        out += std::string("written by:  ") + program_name(*info.written_by) + "\n";
    }
    out += "memory:      " + size_text(info.memory) + text(" in %zu ranges\n", info.ranges.size());
    out += ranges_text(info);
    out += "pages:\n" + pages_text(info);
    out += page_use_text(info);
    out += kernel_text(info.kernel);
    if (info.guest_state) out += "guest:       " + *info.guest_state + "\n";
    out += other_kernels_text(info);
    out += vmcoreinfo_text(info, detail.vmcoreinfo);
    out += notes_text(info);
    out += text("vCPUs:       %zu\n", info.cpus.size());
    if (info.post_mortem) out += registers_origin_text(info);
    if (info.live) out += live_text(*info.live);
    if (detail.registers) {
        for (const qapi::VmcoreCpu& cpu : info.cpus) out += registers_text(cpu);
    }
    for (const std::string& warning : info.warnings) out += "warning:     " + warning + "\n";
    return out;
}

}  // namespace guestdump::tools
