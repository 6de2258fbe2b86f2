// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/dump/zstd/pages.h"

#include <algorithm>
#include <random>
#include <string>

namespace guestdump::dump {
namespace {

using support::Bytes;

Bytes of_period(size_t size, size_t period, uint64_t seed) {
    const Bytes pattern = support::noise(seed, period);
    Bytes page(size);
    for (size_t i = 0; i < size; ++i) page[i] = pattern[i % period];
    return page;
}

Bytes text(size_t size) {
    std::string words;
    for (int i = 0; words.size() < size; ++i) words += "line " + std::to_string(i * i) + "\n";
    Bytes page;
    support::put_text(page, 0, std::string_view(words).substr(0, size));
    return page;
}

/// Runs of noise, of few different bytes, and copies of what is already there, near and far.
Bytes mixture(size_t size, uint64_t seed) {
    std::mt19937_64 random(seed);
    const uint64_t longest = uint64_t{1} << (1 + random() % 11);
    Bytes page;
    while (page.size() < size) {
        const uint64_t length = 1 + random() % longest;
        const uint64_t kind = random() % 3;
        const uint64_t back = 1 + random() % std::max<uint64_t>(page.size(), 1);
        for (uint64_t i = 0; i < length; ++i) {
            if (kind == 0 || page.empty()) {
                page.push_back(std::byte(random() & 0xff));
            } else {
                page.push_back(kind == 1 ? std::byte(random() % 3) : page[page.size() - back]);
            }
        }
    }
    page.resize(size);
    return page;
}

}  // namespace

std::vector<Bytes> odd_pages(size_t size) {
    std::vector<Bytes> pages = {Bytes(size), Bytes(size, std::byte{0xff}), text(size),
                                support::noise(1, size)};
    for (size_t period = 1; period < 40; ++period) pages.push_back(of_period(size, period, period));
    for (const size_t at : {size_t{0}, size_t{1}, size / 2, size - 13, size - 1}) {
        pages.emplace_back(size).at(at) = std::byte{1};
    }
    pages.push_back(of_period(size, size / 2, 5));
    pages.push_back(of_period(size, size - 5, 5));
    const uint64_t mixtures = std::min<uint64_t>(400, (uint64_t{2} << 20) / size);
    for (uint64_t seed = 0; seed < mixtures; ++seed) pages.push_back(mixture(size, seed));
    return pages;
}

}  // namespace guestdump::dump
