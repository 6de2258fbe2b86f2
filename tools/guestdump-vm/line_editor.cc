// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump-vm/line_editor.h"

#include <histedit.h>
#include <locale.h>
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <utility>

#include "tools/guestdump-vm/wide_text.h"
#include "util/wakeup.h"

namespace guestdump::tools {
namespace {

constexpr int kHistory = 1000;

struct EndEditing {
    void operator()(EditLine* edit) const { el_end(edit); }
};
struct EndHistory {
    void operator()(HistoryW* history) const { history_wend(history); }
};

/// Sets this thread's characters to those of LANG and LC_CTYPE; other threads, and number formats,
/// are unaffected. If there is no such locale, the characters stay those of C.
class OwnCharacters {
  public:
    OwnCharacters() : locale_(::newlocale(LC_CTYPE_MASK, "", nullptr)) {
        if (locale_) before_ = ::uselocale(locale_);
    }
    ~OwnCharacters() {
        if (!locale_) return;
        ::uselocale(before_);
        ::freelocale(locale_);
    }
    OwnCharacters(const OwnCharacters&) = delete;
    OwnCharacters& operator=(const OwnCharacters&) = delete;

  private:
    locale_t locale_, before_ = nullptr;
};

}  // namespace

/// State that libedit's callbacks reach through its client data.
struct LineEditor::Library {
    OwnCharacters characters;  ///< first: libedit uses it when it starts
    std::unique_ptr<HistoryW, EndHistory> history;
    std::unique_ptr<EditLine, EndEditing> edit;
    const char* prompt;
    Complete complete;
    int wake;
    std::string unread{};  ///< bytes not yet converted to characters

    static Library& of(EditLine* edit) {
        void* self = nullptr;
        el_get(edit, EL_CLIENTDATA, &self);
        return *static_cast<Library*>(self);
    }

    static char* tell_prompt(EditLine* edit) { return const_cast<char*>(of(edit).prompt); }

    /// Reads the next character into @out. Returns 1, or 0 at the end of input.
    static int read_character(EditLine* edit, wchar_t* out) {
        Library& self = of(edit);
        while (true) {
            const size_t used = self.unread.empty() ? 0 : first_character(self.unread, *out);
            self.unread.erase(0, used);
            if (used > 0) return 1;
            char byte = 0;
            if (!wait(self.wake) || ::read(STDIN_FILENO, &byte, 1) != 1) return 0;
            self.unread += byte;
        }
    }

    /// Waits for a key. Returns false if woken.
    static bool wait(int wake) {
        const Result<bool> key = util::wait_for(STDIN_FILENO, POLLIN, wake);
        return key && *key;
    }

    static unsigned char complete_word(EditLine* edit, int) {
        const LineInfoW* line = el_wline(edit);
        const std::wstring_view typed(line->buffer,
                                      static_cast<size_t>(line->cursor - line->buffer));
        const std::string bytes = to_bytes(typed);
        const Completion completion = of(edit).complete(bytes);
        const std::wstring kept = to_wide(std::string_view(bytes).substr(0, completion.keep));
        if (!completion.show.empty()) {
            std::printf("\r\n%s", completion.show.c_str());
            std::fflush(stdout);
        }
        el_deletestr(edit, static_cast<int>(typed.size() - kept.size()));
        el_winsertstr(edit, to_wide(completion.insert).c_str());
        return completion.show.empty() ? CC_REFRESH : CC_REDISPLAY;
    }

    /// Bound to Ctrl-C: starts another line.
    static unsigned char drop_line(EditLine* edit, int) {
        const LineInfoW* line = el_wline(edit);
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
    library_->history.reset(history_winit());
    library_->edit.reset(el_init(program, stdin, stdout, stderr));
    HistEventW event;
    history_w(library_->history.get(), &event, H_SETSIZE, kHistory);
    history_w(library_->history.get(), &event, H_SETUNIQUE, 1);
    EditLine* edit = library_->edit.get();
    el_set(edit, EL_CLIENTDATA, library_.get());
    el_set(edit, EL_PROMPT, &Library::tell_prompt);
    el_wset(edit, EL_GETCFN, &Library::read_character);
    el_wset(edit, EL_HIST, history_w, library_->history.get());
    el_set(edit, EL_EDITOR, "emacs");
    el_set(edit, EL_SIGNAL, 0);
    // Wide names, because libedit never frees the wide copies that it makes of narrow ones.
    el_wset(edit, EL_ADDFN, L"complete-word", L"complete the word", &Library::complete_word);
    el_wset(edit, EL_ADDFN, L"drop-line", L"begin another line", &Library::drop_line);
    el_source(edit, nullptr);
    el_set(edit, EL_BIND, "^I", "complete-word", nullptr);
    el_set(edit, EL_BIND, "^C", "drop-line", nullptr);
    el_set(edit, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    // Makes Ctrl-C a key that does not end the guest. This also holds between two lines, when keys
    // are neither shown nor collected into lines.
    el_set(edit, EL_SETTY, "-d", "-isig", nullptr);
    el_set(edit, EL_SETTY, "-x", "-isig", "-icanon", "-echo", nullptr);
}

LineEditor::~LineEditor() = default;

std::optional<std::string> LineEditor::read_line() {
    int size = 0;
    const wchar_t* text = el_wgets(library_->edit.get(), &size);
    if (!text || size <= 0) return std::nullopt;
    std::wstring line(text, static_cast<size_t>(size));
    if (!line.ends_with(L'\n')) return std::nullopt;  // woken before the end of the line
    line.pop_back();
    HistEventW event;
    if (!line.empty()) history_w(library_->history.get(), &event, H_ENTER, line.c_str());
    return to_bytes(line);
}

void LineEditor::type_ahead(const std::string& text) {
    if (!text.empty()) el_wpush(library_->edit.get(), to_wide(text).c_str());
}

}  // namespace guestdump::tools
