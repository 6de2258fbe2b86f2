// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace guestdump::tools {

/// Reads lines that a person types at the terminal of this process, with the keys known from shells
/// and a history. A line contains the bytes read from the terminal. The locale affects only how
/// they are displayed. Use from one thread only; reads may block for a long time. While the object
/// exists, that thread uses the environment's LC_CTYPE. No other code uses libedit.
class LineEditor {
  public:
    /// Completion for the text before the cursor.
    struct Completion {
        size_t keep = 0;       ///< bytes of the line that are kept
        std::string insert{};  ///< inserted after them
        std::string show{};    ///< shown under the line, ended by '\n'; empty: nothing
    };
    using Complete = std::function<Completion(std::string_view line)>;

    /// @program is the name in .editrc. Reading ends when the descriptor @wake, which must outlive
    /// this, is readable.
    LineEditor(const char* program, const char* prompt, Complete complete, int wake);
    ~LineEditor();
    LineEditor(const LineEditor&) = delete;
    LineEditor& operator=(const LineEditor&) = delete;

    /// Returns the next line without its line end, and adds it to the history. Empty at the end of
    /// input or when woken.
    std::optional<std::string> read_line();

    /// Inserts text that was typed between two reads, to be read first.
    void type_ahead(const std::string& text);

  private:
    struct Library;
    std::unique_ptr<Library> library_;
};

}  // namespace guestdump::tools
