// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/progress_text.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "tools/info_text.h"
#include "util/text.h"

namespace guestdump::tools {
namespace {

using util::text;

constexpr size_t kLeastBar = 10, kMostBar = 40;
constexpr double kLongest = 359999;  // 99:59:59

double share_of(const ProgressView& view) {
    if (view.total == 0) return 0;
    return std::min(1.0, static_cast<double>(view.completed) / static_cast<double>(view.total));
}

std::string amount_text(const ProgressView& view) {
    static constexpr const char* kUnits[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    auto total = static_cast<double>(view.total), completed = static_cast<double>(view.completed);
    size_t unit = 0;
    for (; total >= 1024 && unit + 1 < std::size(kUnits); ++unit) {
        total /= 1024;
        completed /= 1024;
    }
    return text("%.1f of %.1f %s", completed, total, kUnits[unit]);
}

/// Ordered by importance.
std::vector<std::string> words_of(const ProgressView& view) {
    std::vector<std::string> words{text("%5.1f %%", 100 * share_of(view)), amount_text(view)};
    if (view.committing) {
        words.emplace_back("making the file durable");
        return words;
    }
    const std::string rate = rate_text(view.completed, view.seconds);
    if (!rate.empty()) words.push_back(rate);
    if (view.remaining) words.push_back(time_text(*view.remaining) + " left");
    return words;
}

std::string bar(double share, size_t width) {
    const auto done = static_cast<size_t>(share * static_cast<double>(width));
    std::string line = "[" + std::string(done, '=');
    if (done < width) line += ">" + std::string(width - done - 1, ' ');
    return line + "]";
}

}  // namespace

ProgressView with_guess(ProgressView view) {
    if (view.completed == 0 || view.completed > view.total) return view;
    const auto completed = static_cast<double>(view.completed);
    view.remaining = view.seconds * static_cast<double>(view.total - view.completed) / completed;
    return view;
}

std::string progress_text(const ProgressView& view, unsigned columns) {
    std::string words;
    for (const std::string& word : words_of(view)) {
        if (words.size() + word.size() + 2 > columns) break;
        words += (words.empty() ? "" : "  ") + word;
    }
    const size_t taken = words.size() + std::string_view("[]  ").size();
    if (taken + kLeastBar > columns) return words;
    return bar(share_of(view), std::min(columns - taken, kMostBar)) + "  " + words;
}

std::string progress_words(const ProgressView& view) {
    std::string words;
    for (const std::string& word : words_of(view)) {
        words += (words.empty() ? "" : ", ") + word.substr(word.find_first_not_of(' '));
    }
    return words;
}

std::string rate_text(uint64_t bytes, double seconds) {
    if (bytes == 0 || seconds <= 0) return "";
    const auto rate = static_cast<uint64_t>(static_cast<double>(bytes) / seconds);
    return short_size_text(rate) + "/s";
}

std::string time_text(double seconds) {
    const auto whole = static_cast<unsigned>(std::ceil(std::clamp(seconds, 0.0, kLongest)));
    const unsigned hours = whole / 3600, minutes = whole / 60 % 60;
    if (hours == 0) return text("%u:%02u", minutes, whole % 60);
    return text("%u:%02u:%02u", hours, minutes, whole % 60);
}

}  // namespace guestdump::tools
