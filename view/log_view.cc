// SPDX-License-Identifier: GPL-2.0-or-later
#include "view/log_view.h"

#include <algorithm>
#include <cinttypes>

#include "linux/log/kernel_log.h"
#include "util/text.h"
#include "view/printable.h"

namespace guestdump::view {
namespace {

using util::text;

/// Names of the levels 0 to 7, as in dmesg(1).
constexpr const char* kLevels[] = {"emerg", "alert",  "crit", "err",
                                   "warn",  "notice", "info", "debug"};

/// Limit on the text of a log, bytes. Escapes make bytes that a terminal cannot show four times as
/// long, so a log of nothing else would take four times linux_guest::kMostLogText.
constexpr size_t kMostEscapedText = linux_guest::kMostLogText;

std::string caller_text(const qapi::GuestLogRecord& record) {
    if (!record.caller || !record.caller_kind) return "";
    const char kind = record.caller_kind == qapi::GuestLogCallerKind::cpu ? 'C' : 'T';
    return text("[%6s] ", (kind + std::to_string(*record.caller)).c_str());
}

}  // namespace

qapi::GuestLogRecord log_record_view(const linux_guest::LogRecord& record) {
    qapi::GuestLogRecord view;
    view.time = record.time;
    view.level = record.level;
    view.facility = record.facility;
    if (record.caller) {
        view.caller_kind =
            record.caller->is_cpu ? qapi::GuestLogCallerKind::cpu : qapi::GuestLogCallerKind::task;
        view.caller = record.caller->number;
    }
    view.text = printable_lines(record.text);
    return view;
}

Result<qapi::GuestLog> log_view(linux_guest::GuestKernel& kernel, const LogFilter& filter) {
    const auto log = TRY(linux_guest::read_kernel_log(kernel.memory(), kernel.vmcoreinfo()));
    return log_view(log, filter);
}

qapi::GuestLog log_view(const linux_guest::KernelLog& log, const LogFilter& filter) {
    qapi::GuestLog view;
    if (!log.incomplete.empty()) view.incomplete = util::printable(log.incomplete);
    size_t size = 0;
    for (auto record = log.records.rbegin(); record != log.records.rend(); ++record) {
        if (record->level > filter.most_level || record->time < filter.since.value_or(0)) continue;
        if (size > kMostEscapedText) {
            view.incomplete =
                text("messages before the last %zu MiB of text are left out", size >> 20);
            break;
        }
        view.records.push_back(log_record_view(*record));
        size += view.records.back().text.size();
    }
    std::reverse(view.records.begin(), view.records.end());
    return view;
}

std::string log_record_text(const qapi::GuestLogRecord& record, const LogDetail& detail) {
    std::string head;
    if (detail.level) head += text("<%u>", unsigned{record.level});
    head += text("[%5" PRIu64 ".%06" PRIu64 "] ", record.time / 1000000000,
                 record.time % 1000000000 / 1000);
    if (detail.caller) head += caller_text(record);
    // The second and later lines of a message are indented to the first one's text, as makedumpfile
    // and dmesg(1) do.
    std::string lines = head;
    for (const char c : record.text) {
        lines += c;
        if (c == '\n') lines += std::string(head.size(), ' ');
    }
    return lines + "\n";
}

std::string log_text(const qapi::GuestLog& log, const LogDetail& detail) {
    std::string lines;
    for (const qapi::GuestLogRecord& record : log.records) lines += log_record_text(record, detail);
    return lines;
}

std::optional<uint8_t> parse_level(std::string_view name) {
    for (uint8_t level = 0; level < std::size(kLevels); ++level) {
        if (name == kLevels[level] || name == std::to_string(level)) return level;
    }
    return std::nullopt;
}

}  // namespace guestdump::view
