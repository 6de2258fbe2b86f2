// SPDX-License-Identifier: GPL-2.0-or-later
#include "api/error.h"

#include <cerrno>
#include <cstdlib>
#include <utility>

namespace guestdump::api {

void report(Error cause, guestdump_error** error) {
    if (error) *error = new guestdump_error{std::move(cause)};
}

int errno_of(int status) {
    constexpr int kHighest = 4095;  // of Linux [linux include/linux/err.h, MAX_ERRNO]
    return status >= -kHighest && status <= kHighest ? std::abs(status) : EIO;
}

int status_of(Result<> result, guestdump_error** error) {
    if (result) return 0;
    report(std::move(result).take_error(), error);
    return -1;
}

}  // namespace guestdump::api

const char* guestdump_error_message(const guestdump_error* error) {
    return error->cause.message().c_str();
}

int guestdump_error_errno(const guestdump_error* error) {
    if (error->cause.kind() == guestdump::Error::Kind::cancelled) return ECANCELED;
    return error->cause.os_error();
}

void guestdump_error_free(guestdump_error* error) {
    delete error;
}
