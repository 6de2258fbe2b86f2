// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/wrapping.h"

#include "vmcore/foreign.h"
#include "vmcore/migration/libvirt_image.h"
#include "vmcore/unpack/unpack.h"

namespace guestdump::vmcore {
namespace {

/// Unpacks what is at @offset of the source, if it is compressed.
Result<> unpack_at(uint64_t offset, const OpenOptions& options, Unwrapped& file) {
    const Packing* const packing = packing_at(*file.source, offset);
    if (!packing) return {};
    if (!packing->make) {
        if (!file.stream) return foreign_file_error(*file.source);
        return Error::make(
            "'%s': the stream is compressed by %s, and this build has no library for "
            "that",
            file.source->name().c_str(), packing->name);
    }
    Unpacked unpacked = TRY(unpack(*file.source, offset, *packing, options));
    file.source = std::move(unpacked.file);
    file.damage = std::move(unpacked.damage);
    file.wrapping += (file.wrapping.empty() ? "" : ", ") + std::string(packing->name);
    if (file.stream) file.stream->offset = 0;
    return {};
}

}  // namespace

Result<Unwrapped> unwrap(std::shared_ptr<const ByteSource> source, const OpenOptions& options) {
    Unwrapped file;
    file.source = std::move(source);
    if (is_libvirt_image(*file.source)) {
        LibvirtImage image = TRY(read_libvirt_image(*file.source, options));
        file.stream = StreamPlace{.offset = image.stream, .addresses = std::move(image.addresses)};
        file.wrapping = image.complete ? "libvirt save image" : "unfinished libvirt save image";
    }
    TRY(unpack_at(file.stream ? file.stream->offset : 0, options, file));
    return file;
}

}  // namespace guestdump::vmcore
