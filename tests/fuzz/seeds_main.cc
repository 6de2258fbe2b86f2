// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "tests/fuzz/seeds.h"

using namespace guestdump;

namespace guestdump::fuzz {

void write_seed(const std::filesystem::path& path, std::span<const std::byte> bytes) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    file.close();
    if (file) return;
    std::fprintf(stderr, "%s cannot be written\n", path.c_str());
    std::exit(EXIT_FAILURE);
}

}  // namespace guestdump::fuzz

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    fuzz::write_seeds(argv[1]);
    return EXIT_SUCCESS;
}
