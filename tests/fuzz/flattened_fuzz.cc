// SPDX-License-Identifier: GPL-2.0-or-later
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/fuzz/vmcore_input.h"
#include "vmcore/kdump/flat_source.h"
#include "vmcore/kdump/reassemble.h"

using namespace guestdump;

namespace {

using Bytes = std::vector<std::byte>;

/// Reads in small steps what is inside the flattened file, up to @end.
Bytes read_in_steps(const vmcore::FlatSource& flat, uint64_t end) {
    constexpr uint64_t kStep = 777;
    Bytes whole(end);
    for (uint64_t at = 0; at < end; at += kStep) {
        (void)flat.extent(at, end);
        if (!flat.read_at(at, std::span(whole).subspan(at, std::min(kStep, end - at))))
            std::abort();
    }
    return whole;
}

/// The same by reassembly of a stream.
Bytes reassemble(const uint8_t* data, size_t size) {
    util::UniqueFd in(::memfd_create("in", MFD_CLOEXEC));
    const util::UniqueFd out(::memfd_create("out", MFD_CLOEXEC));
    if (::pwrite(in.get(), data, size, 0) != static_cast<ssize_t>(size)) std::abort();
    vmcore::InputStream stream("stream", std::move(in));
    if (!vmcore::carries_kdump(stream)) std::abort();  // reading failed
    if (!vmcore::reassemble(stream, out.get(), "out")) std::abort();
    Bytes whole(static_cast<size_t>(::lseek(out.get(), 0, SEEK_END)));
    if (::pread(out.get(), whole.data(), whole.size(), 0) != static_cast<ssize_t>(whole.size()))
        std::abort();
    return whole;
}

}  // namespace

/// Reads any bytes as a flattened file, whole and as a stream, and then the contents as a vmcore.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    constexpr uint64_t kMost = 64 << 10;
    const auto flat = vmcore::FlatSource::open(fuzz::source_of(data, size));
    if (!flat) return 0;
    const Bytes whole = read_in_steps(**flat, std::min((*flat)->size(), kMost));
    if ((*flat)->size() <= kMost && reassemble(data, size) != whole) std::abort();
    const auto vmcore = vmcore::Vmcore::read(*flat);
    if (vmcore) fuzz::look_at(**vmcore);
    return 0;
}
