// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <charconv>
#include <cinttypes>
#include <optional>

#include "tests/support/scripted_guest.h"

/// The little language of ScriptedGuest::parse().

namespace guestdump::support {

namespace {

constexpr uint64_t kPage = 4096;

using Words = std::vector<std::string>;

Words split(std::string_view line) {
    Words words;
    while (!line.empty()) {
        const size_t space = std::min(line.find(' '), line.size());
        if (space > 0) words.emplace_back(line.substr(0, space));
        line.remove_prefix(std::min(space + 1, line.size()));
    }
    return words;
}

/// Decimal; hexadecimal after 0x, or if @base is 16.
std::optional<uint64_t> number(std::string_view text, int base = 10) {
    if (text.substr(0, 2) == "0x") {
        text.remove_prefix(2);
        base = 16;
    }
    uint64_t value = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size()) return std::nullopt;
    return value;
}

Result<Bytes> page_contents(const std::string& word, uint64_t gpa, uint64_t size) {
    if (word == "pattern") return noise(gpa, size);
    if (word == "hole") return Bytes(size);
    if (word == "text") {
        std::string text;
        while (text.size() < size) text += "page at " + std::to_string(gpa) + "; ";
        Bytes bytes;
        put_text(bytes, 0, std::string_view(text).substr(0, size));
        return bytes;
    }
    const auto byte = number(word, 16);
    if (!byte || *byte > 0xff) return Error::make("contents '%s'", word.c_str());
    return Bytes(size, static_cast<std::byte>(*byte));
}

class Interpreter {
  public:
    Result<> run(std::string_view line) {
        const Words words = split(line.substr(0, line.find('#')));
        if (words.empty()) return {};
        if (words[0] == "mode" && words.size() == 2) return mode(words[1]);
        if (words[0] == "cpus" && words.size() == 2) return cpus(words[1]);
        if (words[0] == "ram" && words.size() >= 6) return ram(words);
        if (words[0] == "vmcoreinfo" && words.size() == 2) {
            vmcoreinfo_ += words[1] + "\n";
            return {};
        }
        return Error::make("cannot understand '%s'", std::string(line).c_str());
    }

    std::unique_ptr<ScriptedGuest> finish() {
        if (!vmcoreinfo_.empty()) guest_->note = vmcoreinfo_note(vmcoreinfo_);
        return std::move(guest_);
    }

  private:
    Result<> mode(const std::string& word) {
        if (word == "long") return {};
        if (word != "protected") return Error::make("mode '%s'", word.c_str());
        guest_->arch.machine = format::kEm386;
        guest_->arch.elf_class = format::ElfClass::k32;
        guest_->arch.uname_machine = "i686";
        return {};
    }

    Result<> cpus(const std::string& word) {
        const auto count = number(word);
        if (!count || *count > 1000) return Error::make("cpus '%s'", word.c_str());
        for (uint64_t i = 0; i < *count; ++i) guest_->add_cpu();
        return {};
    }

    /// ram GPA COUNT pages|bytes = WORD...
    Result<> ram(const Words& words) {
        const auto gpa = number(words[1]);
        const auto count = number(words[2]);
        if (!gpa || !count || words[4] != "=" || (words[3] != "pages" && words[3] != "bytes")) {
            return Error::make("ram: '%s %s %s'", words[1].c_str(), words[2].c_str(),
                               words[3].c_str());
        }
        const uint64_t size = words[3] == "pages" ? *count * kPage : *count;
        Bytes bytes;
        std::vector<uint64_t> holes;
        for (size_t word = 5; bytes.size() < size; word = std::min(word + 1, words.size() - 1)) {
            const uint64_t at = bytes.size();
            if (words[word] == "hole") holes.push_back(at);
            const uint64_t part = std::min(kPage, size - at);
            const Bytes page = TRY(page_contents(words[word], *gpa + at, part));
            put_bytes(bytes, at, page);
        }
        ScriptedRam& region = guest_->add_ram(*gpa, bytes);
        for (const uint64_t at : holes) region.make_hole(at, std::min(kPage, size - at));
        return {};
    }

    std::unique_ptr<ScriptedGuest> guest_ = std::make_unique<ScriptedGuest>();
    std::string vmcoreinfo_;
};

}  // namespace

Result<std::unique_ptr<ScriptedGuest>> ScriptedGuest::parse(std::string_view script) {
    Interpreter interpreter;
    for (int line = 1; !script.empty(); ++line) {
        const size_t end = std::min(script.find('\n'), script.size());
        Result<> done = interpreter.run(script.substr(0, end));
        if (!done) return std::move(done).take_error().while_("line %d", line);
        script.remove_prefix(std::min(end + 1, script.size()));
    }
    return interpreter.finish();
}

}  // namespace guestdump::support
