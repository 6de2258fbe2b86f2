// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/compress/compressor.h"

#include "dump/compress/compressors.h"
#include "dump/compress/random_bytes.h"

namespace guestdump::dump {
namespace {

using Make = Result<std::unique_ptr<Compressor>> (*)(const Compressor::Options&);

/// The compressor of this build for a compression. A null function: there is none.
struct Kind {
    const char* name;
    int lowest_level, highest_level;  ///< both 0: no levels
    Make make;
    Make make_level;  ///< used if a level is requested
};

/// Skips the compressor for pages that look random: it could not shrink them.
class WithoutRandomPages final : public Compressor {
  public:
    std::optional<size_t> shrink(std::span<const std::byte> page,
                                 std::span<std::byte> out) override {
        return looks_random(page) ? std::nullopt : inner_->shrink(page, out);
    }

    Result<std::unique_ptr<Compressor>> clone() const override {
        std::unique_ptr<Compressor> inner = TRY(inner_->clone());
        return std::unique_ptr<Compressor>(new WithoutRandomPages(std::move(inner)));
    }

    explicit WithoutRandomPages(std::unique_ptr<Compressor> inner) : inner_(std::move(inner)) {}

  private:
    std::unique_ptr<Compressor> inner_;
};

template <Make make>
Result<std::unique_ptr<Compressor>> without_random_pages(const Compressor::Options& options) {
    std::unique_ptr<Compressor> inner = TRY(make(options));
    return std::unique_ptr<Compressor>(new WithoutRandomPages(std::move(inner)));
}

#ifdef HAVE_LIBDEFLATE
constexpr int kBestZlibLevel = 12;
constexpr Make kZlibByLevel = without_random_pages<make_libdeflate>;
#else
constexpr int kBestZlibLevel = 9;
constexpr Make kZlibByLevel = without_random_pages<make_zlib>;
#endif

#ifdef HAVE_ISAL
constexpr Make kZlib = without_random_pages<make_isal>;
#else
constexpr Make kZlib = kZlibByLevel;
#endif

#ifdef HAVE_LZO
constexpr Make kLzo = make_lzo;
#else
constexpr Make kLzo = nullptr;
#endif

#ifdef HAVE_SNAPPY
constexpr Make kSnappy = make_snappy;
#else
constexpr Make kSnappy = nullptr;
#endif

#ifdef HAVE_ZSTD
constexpr Make kZstd = without_random_pages<make_zstd>;
constexpr Make kZstdByLevel = make_zstd;
#else
constexpr Make kZstd = nullptr;
constexpr Make kZstdByLevel = nullptr;
#endif

Kind kind_of(Compression compression) {
    switch (compression) {
        case Compression::zlib:
            return {"zlib", 1, kBestZlibLevel, kZlib, kZlibByLevel};
        case Compression::lzo:
            return {"lzo", 0, 0, kLzo, kLzo};
        case Compression::snappy:
            return {"snappy", 0, 0, kSnappy, kSnappy};
        case Compression::zstd:
            break;
    }
    // Levels above 19 need tens of MiB a thread and gain nothing on a page.
    return {"zstd", -10, 19, kZstd, kZstdByLevel};
}

}  // namespace

Result<> check_compression(Compression compression, std::optional<int64_t> level) {
    const Kind kind = kind_of(compression);
    if (!kind.make) return Error::make("kdump-%s is not available now", kind.name);
    if (!level) return {};
    if (kind.lowest_level == kind.highest_level) {
        return Error::make("format 'kdump-%s' does not support parameter 'level'", kind.name);
    }
    if (*level < kind.lowest_level || *level > kind.highest_level) {
        return Error::make("parameter 'level' expects a value from %d to %d, not %" PRId64,
                           kind.lowest_level, kind.highest_level, *level);
    }
    return {};
}

Result<std::unique_ptr<Compressor>> Compressor::create(const Options& options) {
    TRY(check_compression(options.compression, options.level));
    const Kind kind = kind_of(options.compression);
    return options.level ? kind.make_level(options) : kind.make(options);
}

}  // namespace guestdump::dump
