// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/decompressor.h"

#include <libdeflate.h>
#include <lzo/lzo1x.h>
#include <snappy-c.h>
#include <zstd.h>

#include "dump/format/kdump.h"

namespace vmcore {
namespace {

namespace format = dump::format;

bool expand_lzo(std::span<const std::byte> stored, std::span<std::byte> page) {
    lzo_uint length = page.size();
    const int status =
        lzo1x_decompress_safe(reinterpret_cast<const unsigned char*>(stored.data()), stored.size(),
                              reinterpret_cast<unsigned char*>(page.data()), &length, nullptr);
    return status == LZO_E_OK && length == page.size();
}

bool expand_snappy(std::span<const std::byte> stored, std::span<std::byte> page) {
    size_t length = page.size();
    const snappy_status status =
        snappy_uncompress(reinterpret_cast<const char*>(stored.data()), stored.size(),
                          reinterpret_cast<char*>(page.data()), &length);
    return status == SNAPPY_OK && length == page.size();
}

}  // namespace

void Decompressor::Free::operator()(libdeflate_decompressor* object) const {
    libdeflate_free_decompressor(object);
}

void Decompressor::Free::operator()(ZSTD_DCtx_s* object) const {
    ZSTD_freeDCtx(object);
}

bool Decompressor::knows(uint32_t flags) {
    return flags == format::kPageZlib || flags == format::kPageLzo ||
           flags == format::kPageSnappy || flags == format::kPageZstd;
}

bool Decompressor::expand(uint32_t flags, std::span<const std::byte> stored,
                          std::span<std::byte> page) {
    switch (flags) {
        case format::kPageZlib:
            return expand_zlib(stored, page);
        case format::kPageLzo:
            return expand_lzo(stored, page);
        case format::kPageSnappy:
            return expand_snappy(stored, page);
        case format::kPageZstd:
            return expand_zstd(stored, page);
        default:
            return false;
    }
}

bool Decompressor::expand_zlib(std::span<const std::byte> stored, std::span<std::byte> page) {
    if (!deflate_) deflate_.reset(libdeflate_alloc_decompressor());
    // Without a place for the length, anything but a full page is an error.
    return deflate_ &&
           libdeflate_zlib_decompress(deflate_.get(), stored.data(), stored.size(), page.data(),
                                      page.size(), nullptr) == LIBDEFLATE_SUCCESS;
}

bool Decompressor::expand_zstd(std::span<const std::byte> stored, std::span<std::byte> page) {
    if (!zstd_) zstd_.reset(ZSTD_createDCtx());
    if (!zstd_) return false;
    const size_t length =
        ZSTD_decompressDCtx(zstd_.get(), page.data(), page.size(), stored.data(), stored.size());
    return !ZSTD_isError(length) && length == page.size();
}

}  // namespace vmcore
