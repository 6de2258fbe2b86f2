// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "dump/request.h"

/// What this build should contain, according to meson: libraries may be disabled.

namespace guestdump::dump {

#ifdef HAVE_ISAL
constexpr bool kHasIsal = true;
#else
constexpr bool kHasIsal = false;
#endif

#ifdef HAVE_LIBDEFLATE
constexpr int kBestZlibLevel = 12;
#else
constexpr int kBestZlibLevel = 9;
#endif

#ifdef HAVE_LZO
constexpr bool kHasLzo = true;
#else
constexpr bool kHasLzo = false;
#endif

#ifdef HAVE_SNAPPY
constexpr bool kHasSnappy = true;
#else
constexpr bool kHasSnappy = false;
#endif

#ifdef HAVE_ZSTD
constexpr bool kHasZstd = true;
#else
constexpr bool kHasZstd = false;
#endif

inline std::vector<Compression> built_compressions() {
    std::vector<Compression> list = {Compression::zlib};
    if (kHasLzo) list.push_back(Compression::lzo);
    if (kHasSnappy) list.push_back(Compression::snappy);
    if (kHasZstd) list.push_back(Compression::zstd);
    return list;
}

}  // namespace guestdump::dump
