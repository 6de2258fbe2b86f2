// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/scratch.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <check.h>  // last: it defines fail(), which streams have as a name

namespace guestdump::support {

Scratch::Scratch() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "guestdump-test-XXXXXX").string();
    ck_assert_ptr_nonnull(::mkdtemp(pattern.data()));
    folder_ = pattern;
}

Scratch::~Scratch() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

std::vector<std::string> Scratch::names() const {
    std::vector<std::string> result;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
        result.push_back(entry.path().filename().string());
    }
    std::sort(result.begin(), result.end());
    return result;
}

Bytes read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    ck_assert_msg(file.good(), "%s cannot be read", path.c_str());
    const std::string text((std::istreambuf_iterator<char>(file)),
                           std::istreambuf_iterator<char>());
    const View bytes = std::as_bytes(std::span(text));
    return Bytes(bytes.begin(), bytes.end());
}

void write_file(const std::string& path, View bytes) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    ck_assert_msg(file.good(), "%s cannot be written", path.c_str());
}

size_t open_descriptors() {
    const std::filesystem::directory_iterator entries("/proc/self/fd");
    return static_cast<size_t>(std::distance(begin(entries), end(entries)));
}

}  // namespace guestdump::support
