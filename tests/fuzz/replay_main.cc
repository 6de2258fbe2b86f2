// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

/// The main() of a fuzz target if there is no fuzzer: runs inputs, and changed copies of them, as
/// an ordinary test.
///
///     TARGET [-n COUNT] FILE|FOLDER... [-n COUNT FILE|FOLDER...]...
///
/// Each input is run unchanged, and then COUNT times with a few bytes changed, cut or repeated, the
/// same way in every run. COUNT applies to the inputs after it, up to the next -n; inputs before
/// the first -n have 0. A folder that does not exist counts as empty.

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Input = std::vector<uint8_t>;

/// A small random number generator, so that every run does the same. [Vigna: xorshift64*]
class Dice {
  public:
    uint64_t roll(uint64_t sides) {
        state_ ^= state_ >> 12;
        state_ ^= state_ << 25;
        state_ ^= state_ >> 27;
        return (state_ * 2685821657736338717u >> 32) % sides;
    }

  private:
    uint64_t state_ = 88172645463325252u;
};

/// Writes a number at an edge of the range of a field.
void put_edge(Input& input, size_t at, Dice& dice) {
    static constexpr uint64_t kEdges[] = {0,          1,          0x7f,      0xff,      0xffff,
                                          0x7fffffff, 0xffffffff, INT64_MAX, UINT64_MAX};
    const uint64_t edge = kEdges[dice.roll(std::size(kEdges))];
    const size_t width = size_t{1} << dice.roll(4);
    std::memcpy(input.data() + at, &edge, std::min(width, input.size() - at));
}

void change(Input& input, Dice& dice) {
    if (input.empty()) return;
    // Headers are at the front, and there is more to break in them.
    const size_t reach = dice.roll(2) == 0 ? input.size() : std::min<size_t>(input.size(), 512);
    const size_t at = dice.roll(reach);
    switch (dice.roll(6)) {
        case 0:
            input.resize(at);
            break;
        case 1:
            input[at] ^= static_cast<uint8_t>(1u << dice.roll(8));
            break;
        case 2:
            input[at] = static_cast<uint8_t>(dice.roll(256));
            break;
        case 3:
            input.insert(input.end(), input.begin() + static_cast<ptrdiff_t>(at), input.end());
            break;
        default:
            put_edge(input, at, dice);
    }
}

struct Given {
    std::filesystem::path path;
    uint64_t changes = 0;

    bool operator<(const Given& other) const { return path < other.path; }
};

void run(const Given& given) {
    std::ifstream file(given.path, std::ios::binary);
    const Input whole{std::istreambuf_iterator<char>(file), {}};
    LLVMFuzzerTestOneInput(whole.data(), whole.size());
    Dice dice;
    for (uint64_t i = 0; i < given.changes; ++i) {
        Input input = whole;
        for (uint64_t rounds = 1 + dice.roll(4); rounds > 0; --rounds) change(input, dice);
        LLVMFuzzerTestOneInput(input.data(), input.size());
    }
}

}  // namespace

int main(int argc, char** argv) {
    uint64_t changes = 0;
    std::vector<Given> inputs;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "-n") == 0 && i + 1 < argc) {
            changes = std::strtoull(argv[++i], nullptr, 10);
        } else if (std::filesystem::is_directory(argv[i])) {
            for (const auto& entry : std::filesystem::directory_iterator(argv[i])) {
                inputs.push_back({entry.path(), changes});
            }
        } else if (std::filesystem::exists(argv[i])) {
            inputs.push_back({argv[i], changes});
        }
    }
    std::sort(inputs.begin(), inputs.end());
    uintmax_t changed = 0;
    for (const Given& input : inputs) {
        run(input);
        changed += input.changes;
    }
    std::printf("%zu inputs, and %ju changed ones\n", inputs.size(), changed);
    return inputs.empty() ? EXIT_FAILURE : EXIT_SUCCESS;
}
