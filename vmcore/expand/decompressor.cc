// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/expand/decompressor.h"

#include "format/kdump.h"

namespace guestdump::vmcore {
namespace {

using Make = std::unique_ptr<Expander> (*)();

#ifdef HAVE_LIBDEFLATE
constexpr Make kZlib = make_libdeflate_expander;
#else
constexpr Make kZlib = make_zlib_expander;
#endif

#ifdef HAVE_LZO
constexpr Make kLzo = make_lzo_expander;
#else
constexpr Make kLzo = nullptr;
#endif

#ifdef HAVE_SNAPPY
constexpr Make kSnappy = make_snappy_expander;
#else
constexpr Make kSnappy = nullptr;
#endif

#ifdef HAVE_ZSTD
constexpr Make kZstd = make_zstd_expander;
#else
constexpr Make kZstd = nullptr;
#endif

struct Kind {
    uint32_t flags;
    const char* name;
    Make make;  ///< null: this build has no library for it
};

constexpr Kind kAll[] = {
    {format::kPageZlib, "zlib", kZlib},
    {format::kPageLzo, "lzo", kLzo},
    {format::kPageSnappy, "snappy", kSnappy},
    {format::kPageZstd, "zstd", kZstd},
};

}  // namespace

bool Decompressor::expand(uint32_t flags, std::span<const std::byte> stored,
                          std::span<std::byte> page) {
    static_assert(std::size(kAll) == kKinds);
    for (size_t i = 0; i < kKinds; ++i) {
        if (kAll[i].flags != flags || !kAll[i].make) continue;
        if (!expanders_[i]) expanders_[i] = kAll[i].make();
        return expanders_[i]->expand(stored, page);
    }
    return false;
}

const char* Decompressor::name(uint32_t flags) {
    for (const Kind& kind : kAll) {
        if (kind.flags == flags) return kind.name;
    }
    return nullptr;
}

bool Decompressor::has(uint32_t flags) {
    for (const Kind& kind : kAll) {
        if (kind.flags == flags) return kind.make != nullptr;
    }
    return false;
}

}  // namespace guestdump::vmcore
