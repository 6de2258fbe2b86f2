// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/hmp/hmp_complete.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <utility>

#include "monitor/hmp/hmp_command.h"

namespace guestdump::monitor {
namespace {

using Kind = HmpParameter::Kind;
using Words = std::vector<std::string>;

/// The words of a line. @last is the word at the end of the line, which may be empty; @before has
/// the others.
struct Line {
    Words before{};
    size_t begin = 0;  ///< offset of the last word
    std::string last{};
    bool quoted = false;
};

bool is_space(char c) {
    return std::isspace(static_cast<unsigned char>(c)) != 0;
}

Line split(std::string_view text) {
    Line line;
    std::string_view rest = text;
    while (true) {
        skip_space(rest);
        line.begin = text.size() - rest.size();
        line.quoted = rest.starts_with('"');
        std::string_view here = rest;
        const Result<std::string> word = take_word(rest);
        if (!word) {  // the quote is still open; escapes inside it are left alone
            line.last = here.substr(1);
            return line;
        }
        const bool open = rest.empty() && !(line.quoted && here.ends_with('"') && here.size() > 1);
        if (open && (here.empty() || !is_space(here.back()))) {
            line.last = *word;
            return line;
        }
        line.before.push_back(*word);
        if (rest.empty()) {  // the last word is complete and no other has begun
            line.begin = text.size();
            line.quoted = false;
            return line;
        }
    }
}

void add_if(Words& words, std::string_view beginning, std::string_view word) {
    if (word.starts_with(beginning)) words.emplace_back(word);
}

/// All names that begin with @beginning. For info commands these are the second words.
Words command_names(bool of_info, std::string_view beginning) {
    static constexpr std::string_view kInfo = "info ";
    Words words;
    for (const HmpCommand& command : hmp_commands()) {
        std::string_view names = command.names;
        while (!names.empty()) {
            std::string_view name = names.substr(0, names.find('|'));
            names.remove_prefix(std::min(names.size(), name.size() + 1));
            if (name.starts_with(kInfo) != of_info) continue;
            if (of_info) name.remove_prefix(kInfo.size());
            // One-letter names are for people who know them. They are not offered.
            if (name.size() > 1) add_if(words, beginning, name);
        }
    }
    return words;
}

/// @name as a word of HMP. @open: the line already has the opening quote.
std::string quoted(const std::string& name, bool open) {
    if (!open && name.find_first_of(" \t\"") == std::string::npos) return name;
    std::string word = "\"";
    for (const char c : name) {
        if (c == '"' || c == '\\') word += '\\';
        word += c;
    }
    return name.ends_with('/') ? word : word + '"';
}

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};

Words file_names(const std::string& beginning, bool open) {
    const size_t slash = beginning.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : beginning.substr(0, slash + 1);
    const std::string name = beginning.substr(folder.size());
    const std::unique_ptr<DIR, CloseDirectory> directory(
        ::opendir(folder.empty() ? "." : folder.c_str()));
    Words words;
    if (!directory) return words;
    while (const dirent* entry = ::readdir(directory.get())) {
        std::string found = entry->d_name;
        const bool hidden = found.starts_with('.') && !name.starts_with('.');
        if (hidden || found == "." || found == ".." || !found.starts_with(name)) continue;
        found.insert(0, folder);
        struct stat status;
        if (::stat(found.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) found += '/';
        words.push_back(quoted(found, open));
    }
    return words;
}

/// True if @word is a flag that takes a number.
bool is_setting(const HmpCommand& command, std::string_view word) {
    return std::ranges::any_of(command.parameters, [word](const HmpParameter& parameter) {
        return parameter.kind == Kind::setting && word.substr(0, 1) == "-" &&
               word.substr(1) == parameter.name;
    });
}

/// Counts the words after the command's name that are neither flags nor numbers of flags.
ptrdiff_t operands_before(const HmpCommand& command, const Line& line, size_t skipped) {
    ptrdiff_t count = 0;
    for (size_t i = skipped; i < line.before.size(); ++i) {
        if (is_setting(command, line.before[i])) {
            ++i;
        } else if (!line.before[i].starts_with('-')) {
            ++count;
        }
    }
    return count;
}

Words arguments_of(const HmpCommand& command, const Line& line, size_t skipped) {
    Words words;
    ptrdiff_t operand = operands_before(command, line, skipped);
    if (line.last.starts_with('-') && operand == 0) {
        for (const HmpParameter& parameter : command.parameters) {
            if (parameter.is_flag()) {
                add_if(words, line.last, "-" + std::string(parameter.name));
            }
        }
        return words;
    }
    for (const HmpParameter& parameter : command.parameters) {
        if (parameter.is_flag() || parameter.kind == Kind::format) continue;
        if (operand-- > 0) continue;
        if (parameter.name == "filename") return file_names(line.last, line.quoted);
        break;
    }
    return words;
}

Words words_for(const Line& line) {
    if (line.before.empty()) return command_names(false, line.last);
    const std::string& first = line.before.front();
    const bool about_help = first == "help" || first == "?";
    if (about_help && line.before.size() == 1) return command_names(false, line.last);
    if (about_help && line.before.size() == 2 && line.before[1] == "info") {
        return command_names(true, line.last);
    }
    if (first == "info" && line.before.size() == 1) return command_names(true, line.last);
    const bool of_info = first == "info";
    const std::string name = of_info ? "info " + line.before[1] : first;
    const auto command = find_hmp_command(name);
    return command ? arguments_of(*command, line, of_info ? 2 : 1) : Words();
}

/// True if @byte is part of a UTF-8 character but not its first byte.
bool continues(char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0) == 0x80;
}

}  // namespace

HmpCompletions complete_hmp_line(std::string_view line) {
    const Line parts = split(line);
    Words words = words_for(parts);
    std::sort(words.begin(), words.end());
    words.erase(std::unique(words.begin(), words.end()), words.end());
    return {.word = parts.begin, .words = std::move(words)};
}

std::string common_beginning(const std::vector<std::string>& words) {
    if (words.empty()) return "";
    std::string common = words.front();
    for (const std::string& word : words) {
        const auto [end, other] = std::ranges::mismatch(common, word);
        common.erase(end, common.end());
    }
    // If the words differ inside a UTF-8 character, that character is not shared.
    while (std::ranges::any_of(words, [&](const std::string& word) {
        return common.size() > 0 && word.size() > common.size() && continues(word[common.size()]);
    })) {
        common.pop_back();
    }
    return common;
}

}  // namespace guestdump::monitor
