// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/line_editor.h"

#include <histedit.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cwchar>
#include <utility>

namespace tools {
namespace {

constexpr int kHistory = 1000;

struct EndEditing {
    void operator()(EditLine* edit) const { el_end(edit); }
};
struct EndHistory {
    void operator()(History* history) const { history_end(history); }
};

}  // namespace

/// What libedit's callbacks find by its client data.
struct LineEditor::Library {
    std::unique_ptr<History, EndHistory> history;
    std::unique_ptr<EditLine, EndEditing> edit;
    const char* prompt;
    Complete complete;
    int wake;

    static Library& of(EditLine* edit) {
        void* self = nullptr;
        el_get(edit, EL_CLIENTDATA, &self);
        return *static_cast<Library*>(self);
    }

    static char* tell_prompt(EditLine* edit) { return const_cast<char*>(of(edit).prompt); }

    /// The next character: 1, at the end 0. Without waiting for the rest of one of several bytes
    /// that never comes.
    static int read_character(EditLine* edit, wchar_t* out) {
        std::mbstate_t state{};
        while (true) {
            char byte = 0;
            if (!wait(of(edit).wake) || ::read(STDIN_FILENO, &byte, 1) != 1) return 0;
            const size_t used = std::mbrtowc(out, &byte, 1, &state);
            if (used == static_cast<size_t>(-2)) continue;
            // What is no character of this locale is taken as it is.
            if (used == static_cast<size_t>(-1)) *out = static_cast<unsigned char>(byte);
            return 1;
        }
    }

    /// Waits for a key. False: woken.
    static bool wait(int wake) {
        std::array<pollfd, 2> waits = {{
            {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
            {.fd = wake, .events = POLLIN, .revents = 0},
        }};
        while (::poll(waits.data(), waits.size(), -1) < 0 && errno == EINTR) continue;
        return waits[1].revents == 0;
    }

    static unsigned char complete_word(EditLine* edit, int) {
        const LineInfo* line = el_line(edit);
        const std::string_view typed(line->buffer,
                                     static_cast<size_t>(line->cursor - line->buffer));
        const Completion completion = of(edit).complete(typed);
        if (!completion.show.empty()) {
            std::printf("\r\n%s", completion.show.c_str());
            std::fflush(stdout);
        }
        el_deletestr(edit, static_cast<int>(typed.size() - completion.keep));
        el_insertstr(edit, completion.insert.c_str());
        return completion.show.empty() ? CC_REFRESH : CC_REDISPLAY;
    }

    /// Ctrl-C: another line.
    static unsigned char drop_line(EditLine* edit, int) {
        const LineInfo* line = el_line(edit);
        el_cursor(edit, static_cast<int>(line->lastchar - line->cursor));
        el_deletestr(edit, static_cast<int>(line->lastchar - line->buffer));
        std::fputs("^C\r\n", stdout);
        std::fflush(stdout);
        return CC_REDISPLAY;
    }
};

LineEditor::LineEditor(const char* program, const char* prompt, Complete complete, int wake)
    : library_(std::make_unique<Library>()) {
    library_->prompt = prompt;
    library_->complete = std::move(complete);
    library_->wake = wake;
    library_->history.reset(history_init());
    library_->edit.reset(el_init(program, stdin, stdout, stderr));
    HistEvent event;
    history(library_->history.get(), &event, H_SETSIZE, kHistory);
    history(library_->history.get(), &event, H_SETUNIQUE, 1);
    EditLine* edit = library_->edit.get();
    el_set(edit, EL_CLIENTDATA, library_.get());
    el_set(edit, EL_PROMPT, &Library::tell_prompt);
    el_set(edit, EL_GETCFN, &Library::read_character);
    el_set(edit, EL_HIST, history, library_->history.get());
    el_set(edit, EL_EDITOR, "emacs");
    el_set(edit, EL_SIGNAL, 0);
    el_set(edit, EL_ADDFN, "complete-word", "complete the word", &Library::complete_word);
    el_set(edit, EL_ADDFN, "drop-line", "begin another line", &Library::drop_line);
    el_source(edit, nullptr);
    el_set(edit, EL_BIND, "^I", "complete-word", nullptr);
    el_set(edit, EL_BIND, "^C", "drop-line", nullptr);
    el_set(edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    // Ctrl-C is a key here, not the end of the guest; between two lines too, where keys are not
    // shown and come at once all the same.
    el_set(edit, EL_SETTY, "-d", "-isig", nullptr);
    el_set(edit, EL_SETTY, "-x", "-isig", "-icanon", "-echo", nullptr);
}

LineEditor::~LineEditor() = default;

std::optional<std::string> LineEditor::read_line() {
    int size = 0;
    const char* text = el_gets(library_->edit.get(), &size);
    if (!text || size <= 0) return std::nullopt;
    std::string line(text, static_cast<size_t>(size));
    if (!line.ends_with('\n')) return std::nullopt;  // woken in the middle of it
    line.pop_back();
    HistEvent event;
    if (!line.empty()) history(library_->history.get(), &event, H_ENTER, line.c_str());
    return line;
}

void LineEditor::type_ahead(const std::string& text) {
    if (!text.empty()) el_push(library_->edit.get(), text.c_str());
}

}  // namespace tools
