// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump-vm/screen_text.h"

#include <glib.h>

#include <algorithm>

#include "util/text.h"

namespace guestdump::tools {
namespace {

constexpr size_t kShownWords = 200;

/// Returns @word as shown on the screen: a file name may contain any byte, and anybody may have
/// created the file.
std::string shown(const std::string& word) {
    std::string text;
    for (const char c : word) text += c == '\n' ? "\\x0a" : std::string(1, c);
    return util::printable(text);
}

/// Number of columns that @text, which is UTF-8, takes.
size_t width_of(const std::string& text) {
    return static_cast<size_t>(g_utf8_strlen(text.data(), static_cast<gssize>(text.size())));
}

}  // namespace

std::string on_screen(std::string_view output) {
    std::string text;
    while (!output.empty()) {
        const bool end = output.starts_with("\r\n"), tab = output.starts_with('\t');
        const size_t size = end   ? 2
                            : tab ? 1
                                  : std::min(output.find_first_of("\r\t", 1), output.size());
        const std::string_view piece = output.substr(0, size);
        text += end || tab ? std::string(piece) : util::printable(piece);
        output.remove_prefix(size);
    }
    return text;
}

std::string columns_of(const std::vector<std::string>& words) {
    constexpr size_t kWidth = 78;
    std::vector<std::string> cells;
    for (size_t i = 0; i < std::min(words.size(), kShownWords); ++i) {
        cells.push_back(shown(words[i]));
    }
    size_t widest = 0;
    for (const std::string& cell : cells) widest = std::max(widest, width_of(cell) + 2);
    const size_t per_line = std::max<size_t>(1, kWidth / widest);
    std::string text;
    for (size_t i = 0; i < cells.size(); ++i) {
        const bool ends = i % per_line == per_line - 1 || i + 1 == cells.size();
        text += cells[i] + (ends ? "\r\n" : std::string(widest - width_of(cells[i]), ' '));
    }
    if (words.size() > kShownWords) text += "...\r\n";
    return text;
}

}  // namespace guestdump::tools
