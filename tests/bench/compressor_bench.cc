// SPDX-License-Identifier: GPL-2.0-or-later
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include <zlib.h>
#define ZSTD_STATIC_LINKING_ONLY  // ZSTD_c_literalCompressionMode
#include <zstd.h>

#include "dump/compress/compressor.h"
#include "dump/compress/random_bytes.h"
#include "dump/kdump/page_hash.h"
#include "util/unique_fd.h"
#include "util/zero.h"

using namespace guestdump;

/// Compresses pages of a guest with each compressor, on one thread: compressor_bench RAM_FILE
///
/// Prints one line for each: its name, MB per second of CPU time, and stored size / page size.

namespace {

using dump::Compression;
using Page = std::span<const std::byte>;

constexpr size_t kPage = 4096;
/// Only every kStep-th page is used; a prime, so that no regular structure of the guest is hit
/// always or never.
constexpr size_t kStep = 7;
constexpr size_t kSamplePages = 512;

/// Returns the pages that a dump would compress: no zero pages, and no page twice.
std::vector<std::byte> pages_of(int fd) {
    std::vector<std::byte> pages;
    std::unordered_set<uint64_t> seen;
    std::vector<std::byte> page(kPage);
    for (off_t at = 0; pread(fd, page.data(), kPage, at) == ssize_t{kPage}; at += kStep * kPage) {
        if (util::all_zero(page) || !seen.insert(dump::hash_page(page)).second) continue;
        pages.insert(pages.end(), page.begin(), page.end());
    }
    return pages;
}

/// Returns as many pages as a dump trains its codes on, from all parts of @pages.
std::vector<std::byte> sample_of(std::span<const std::byte> pages) {
    std::vector<std::byte> sample;
    const size_t count = pages.size() / kPage;
    for (size_t i = 0; i < std::min(count, kSamplePages); ++i) {
        const Page page = pages.subspan(i * count / kSamplePages * kPage, kPage);
        sample.insert(sample.end(), page.begin(), page.end());
    }
    return sample;
}

/// Returns the CPU time of this thread, which other programs affect less than the time of day.
double processor_seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void measure(const std::string& name, std::span<const std::byte> pages,
             const std::function<size_t(Page)>& stored_size) {
    size_t stored = 0;
    const double start = processor_seconds();
    for (size_t at = 0; at < pages.size(); at += kPage) {
        stored += stored_size(pages.subspan(at, kPage));
    }
    const double seconds = processor_seconds() - start;
    const auto bytes = static_cast<double>(pages.size());
    std::printf("%s %.1f %.4f\n", name.c_str(), bytes / seconds / 1e6,
                static_cast<double>(stored) / bytes);
}

/// Compresses as QEMU does.
void measure_zlib(std::span<const std::byte> pages) {
    std::vector<Bytef> out(compressBound(kPage));
    measure("zlib_1", pages, [&](Page page) {
        uLongf size = out.size();
        compress2(out.data(), &size, reinterpret_cast<const Bytef*>(page.data()), kPage, 1);
        return std::min<size_t>(size, kPage);
    });
}

/// Compresses like kdump-zstd's default, at a level and with each way to store literals. The
/// default level was chosen from these results.
void measure_zstd(std::span<const std::byte> pages, int level) {
    const struct {
        const char* suffix;
        ZSTD_paramSwitch_e value;
    } modes[] = {{"", ZSTD_ps_auto}, {"_codes", ZSTD_ps_enable}, {"_raw", ZSTD_ps_disable}};
    for (const auto& mode : modes) {
        const bool same_as_auto = mode.value == (level < 0 ? ZSTD_ps_disable : ZSTD_ps_enable);
        if (same_as_auto) continue;
        const std::unique_ptr<ZSTD_CCtx, size_t (*)(ZSTD_CCtx*)> context(ZSTD_createCCtx(),
                                                                         ZSTD_freeCCtx);
        ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
        ZSTD_CCtx_setParameter(context.get(), ZSTD_c_literalCompressionMode, mode.value);
        std::vector<std::byte> out(kPage - 1);
        measure("zstd_" + std::to_string(level) + mode.suffix, pages, [&](Page page) {
            if (dump::looks_random(page)) return kPage;
            const size_t size =
                ZSTD_compress2(context.get(), out.data(), out.size(), page.data(), page.size());
            return ZSTD_isError(size) ? kPage : size;
        });
    }
}

}  // namespace

int main(int argc, char** argv) {
    const util::UniqueFd fd(argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1);
    if (!fd) {
        std::fprintf(stderr, "usage: %s RAM_FILE\n", argv[0]);
        return 1;
    }
    const std::vector<std::byte> pages = pages_of(fd.get());
    const std::vector<std::byte> sample = sample_of(pages);
    std::vector<std::byte> out(dump::shrink_room(kPage));
    measure_zlib(pages);
    const struct {
        const char* name;
        Compression compression;
        std::optional<int64_t> level;
    } kinds[] = {{"libdeflate_1", Compression::zlib, 1},
                 {"isal_trained", Compression::zlib, {}},
                 {"lzo", Compression::lzo, {}},
                 {"snappy", Compression::snappy, {}},
                 {"zstd_default", Compression::zstd, {}}};
    for (const auto& kind : kinds) {
        auto made =
            dump::Compressor::create({kind.compression, kind.level, kPage, std::span(sample)});
        if (!made) continue;
        const auto compressor = std::move(made).take();
        measure(kind.name, pages,
                [&](Page page) { return compressor->shrink(page, out).value_or(kPage); });
    }
    for (const int level : {-10, -7, -3, -1, 1, 2, 3, 4, 6}) measure_zstd(pages, level);
}
