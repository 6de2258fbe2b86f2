// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <fcntl.h>

#include <string>

#include "dump/target/sink.h"
#include "tests/support/bytes.h"
#include "tests/support/results.h"
#include "util/unique_fd.h"

/// What the tests of targets write, and what must arrive.

namespace guestdump::dump {

/// Contents of a file before the dump.
inline const support::Bytes kOld(300, std::byte{0x0f});
inline const support::Bytes kData(100, std::byte{0xda});

/// Writes a dump of 200 bytes with 100 bytes of data at offset 50.
inline void write_dump(Sink& sink) {
    support::must(sink.write_at(50, kData));
    support::must(sink.finish(200));
    support::must(sink.commit());
}

inline void expect_dump(support::View bytes) {
    ck_assert_uint_eq(bytes.size(), 200);
    ck_assert(support::all_zero(bytes.first(50)));
    ck_assert(support::same(bytes.subspan(50, 100), kData));
    ck_assert(support::all_zero(bytes.subspan(150)));
}

inline util::UniqueFd open_rw(const std::string& path, int flags = 0) {
    return util::UniqueFd(::open(path.c_str(), O_RDWR | O_CLOEXEC | flags, 0600));
}

}  // namespace guestdump::dump
