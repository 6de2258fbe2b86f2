// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/info_text.h"

#include <glib.h>

#include <algorithm>
#include <cinttypes>

#include "util/text.h"

namespace guestdump::tools {
namespace {

using util::text;

/// Ranges that are told one by one; a filtered dump has thousands.
constexpr size_t kMostRanges = 16;

std::string format_text(const qapi::VmcoreInfo& info) {
    if (info.post_mortem) {
        return text("core of guestdump-vm, its record at 0x%" PRIx64 ", ",
                    info.post_mortem->address) +
               std::string(to_string(info.machine));
    }
    std::string line(to_string(info.format));
    if (info.header_version) line += text(" version %u", *info.header_version);
    if (info.flattened) line += ", flattened";
    return line + ", " + std::string(to_string(info.machine));
}

/// "2026-11-21T13:31:14Z"; a damaged file's time may be none.
std::string time_text(uint64_t nanoseconds) {
    constexpr uint64_t kSecond = 1000000000;
    GDateTime* const time =
        g_date_time_new_from_unix_utc(static_cast<gint64>(nanoseconds / kSecond));
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
        line +=
            text(" of %zu vCPUs as they were at %s", old, time_text(facts.synchronized).c_str());
        if (facts.running) line += ", from where they ran on";
    }
    return line + "\n";
}

std::string origin_text(const qapi::VmcoreInfo& info) {
    const bool filtered = info.dump_level.value_or(0) > 1;
    const std::string filter = filtered ? text(", filtered (dump level %u)", *info.dump_level) : "";
    switch (info.origin) {
        case qapi::VmcoreOrigin::emulator:
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
        lines += text("  0x%016" PRIx64 "-0x%016" PRIx64 "  %s\n", range.begin,
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

std::string kernel_text(const qapi::VmcoreKernel& kernel) {
    std::string lines;
    if (kernel.release) lines += "kernel:      Linux " + *kernel.release + "\n";
    if (kernel.kaslr_offset)
        lines += text("KASLR:       offset 0x%" PRIx64 "\n", *kernel.kaslr_offset);
    if (kernel.phys_base) {
        lines += text("phys_base:   %" PRId64 ", by %s\n", *kernel.phys_base,
                      kernel.phys_base_from.value_or("").c_str());
    }
    return lines;
}

std::string registers_text(const qapi::VmcoreCpu& cpu) {
    std::string lines = text("vCPU %u:\n", cpu.cpu_index);
    for (size_t i = 0; i < cpu.registers.size(); ++i) {
        const bool ends = i % 4 == 3 || i + 1 == cpu.registers.size();
        lines += text("  %-3s %016" PRIx64 "%s", cpu.registers[i].name.c_str(),
                      cpu.registers[i].value, ends ? "\n" : "");
    }
    for (const qapi::VmcoreSegment& segment : cpu.segments) {
        lines +=
            text("  %-3s %04x  base %016" PRIx64 "  limit %08x  flags %08x\n", segment.name.c_str(),
                 segment.selector, segment.base, segment.limit, segment.flags);
    }
    return lines;
}

std::string vmcoreinfo_text(const qapi::VmcoreInfo& info, bool all) {
    if (!info.vmcoreinfo) return "VMCOREINFO:  none\n";
    const auto lines = std::count(info.vmcoreinfo->begin(), info.vmcoreinfo->end(), '\n');
    std::string out = text("VMCOREINFO:  %td lines", lines);
    if (info.vmcoreinfo_found_at) {
        out += text(", found in memory at 0x%" PRIx64, *info.vmcoreinfo_found_at);
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
    std::string out = "file:        " + info.filename + "\n";
    out += "format:      " + format_text(info) + "\n";
    out += "origin:      " + origin_text(info) + "\n";
    if (info.written_by) {
        out += std::string("written by:  ") + program_name(*info.written_by) + "\n";
    }
    out += "memory:      " + size_text(info.memory) + text(" in %zu ranges\n", info.ranges.size());
    out += ranges_text(info);
    out += "pages:\n" + pages_text(info);
    out += kernel_text(info.kernel);
    out += vmcoreinfo_text(info, detail.vmcoreinfo);
    out += text("vCPUs:       %zu\n", info.cpus.size());
    if (info.post_mortem) out += registers_origin_text(info);
    if (detail.registers) {
        for (const qapi::VmcoreCpu& cpu : info.cpus) out += registers_text(cpu);
    }
    for (const std::string& warning : info.warnings) out += "warning:     " + warning + "\n";
    return out;
}

}  // namespace guestdump::tools
