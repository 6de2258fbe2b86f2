// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace guestdump::tools {

/// Lines that a person types at the terminal of this process, with the keys that shells have, and
/// a history. A line has the bytes that came from the terminal, in any locale; how they are shown
/// is for the locale to say. One thread, which may wait long in it, and whose characters are those
/// of the environment's locale while this lives. libedit is used here only.
class LineEditor {
  public:
    /// What Tab makes of the line up to the cursor.
    struct Completion {
        size_t keep = 0;       ///< bytes of the line that stay
        std::string insert{};  ///< what comes behind them
        std::string show{};    ///< to be shown under the line, ended by '\n'; empty: nothing
    };
    using Complete = std::function<Completion(std::string_view line)>;

    /// @program is its name in .editrc. Reading ends when the descriptor @wake, which must outlive
    /// this, is readable.
    LineEditor(const char* program, const char* prompt, Complete complete, int wake);
    ~LineEditor();
    LineEditor(const LineEditor&) = delete;
    LineEditor& operator=(const LineEditor&) = delete;

    /// The next line, without its end; it is in the history then. Empty at the end of input, or
    /// when woken.
    std::optional<std::string> read_line();

    /// What was typed while nobody read is read first.
    void type_ahead(const std::string& text);

  private:
    struct Library;
    std::unique_ptr<Library> library_;
};

}  // namespace guestdump::tools
