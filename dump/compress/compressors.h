// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

#include "dump/compress/compressor.h"

/// One compressor a file, one library a file. Which of them are built is for meson to find out;
/// only compressor.cc asks for them. Errors: the library gets no memory.

namespace guestdump::dump {

/// zlib streams by ISA-L, with Huffman codes made from @options.sample.
Result<std::unique_ptr<Compressor>> make_isal(const Compressor::Options& options);
/// zlib streams, levels 1 to 12; 1 without a level.
Result<std::unique_ptr<Compressor>> make_libdeflate(const Compressor::Options& options);
/// zlib streams, levels 1 to 9; 1 without a level.
Result<std::unique_ptr<Compressor>> make_zlib(const Compressor::Options& options);
Result<std::unique_ptr<Compressor>> make_lzo(const Compressor::Options& options);
Result<std::unique_ptr<Compressor>> make_snappy(const Compressor::Options& options);
/// zstd frames by libzstd; level 2 without a level.
Result<std::unique_ptr<Compressor>> make_zstd(const Compressor::Options& options);

// Bytes as the libraries take them.
inline uint8_t* raw(std::span<std::byte> bytes) {
    return reinterpret_cast<uint8_t*>(bytes.data());
}
inline const uint8_t* raw(std::span<const std::byte> bytes) {
    return reinterpret_cast<const uint8_t*>(bytes.data());
}
/// For libraries that do not say const and mean it.
inline uint8_t* raw_input(std::span<const std::byte> bytes) {
    return const_cast<uint8_t*>(raw(bytes));
}

}  // namespace guestdump::dump
