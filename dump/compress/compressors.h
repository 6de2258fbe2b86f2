// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "dump/compress/compressor.h"

/// Each source file implements one compressor with one library. meson selects the files that are
/// built. Only compressor.cc calls these functions. Errors: out of memory.

namespace guestdump::dump {

/// zlib streams by ISA-L, with Huffman codes learnt from @options.sample.
Result<std::unique_ptr<Compressor>> make_isal(const Compressor::Options& options);
/// zlib streams, levels 1 to 12; default 1.
Result<std::unique_ptr<Compressor>> make_libdeflate(const Compressor::Options& options);
/// zlib streams, levels 1 to 9; default 1.
Result<std::unique_ptr<Compressor>> make_zlib(const Compressor::Options& options);
Result<std::unique_ptr<Compressor>> make_lzo(const Compressor::Options& options);
Result<std::unique_ptr<Compressor>> make_snappy(const Compressor::Options& options);
/// zstd frames by libzstd; default level 2.
Result<std::unique_ptr<Compressor>> make_zstd(const Compressor::Options& options);

// Bytes as pointers of the types that the libraries use.
inline uint8_t* raw(std::span<std::byte> bytes) {
    return reinterpret_cast<uint8_t*>(bytes.data());
}
inline const uint8_t* raw(std::span<const std::byte> bytes) {
    return reinterpret_cast<const uint8_t*>(bytes.data());
}
/// For libraries that take a non-const pointer but do not write through it.
inline uint8_t* raw_input(std::span<const std::byte> bytes) {
    return const_cast<uint8_t*>(raw(bytes));
}

}  // namespace guestdump::dump
