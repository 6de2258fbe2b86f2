// SPDX-License-Identifier: GPL-2.0-or-later
#include "api/guestdump.h"

const char* guestdump_version(void) {
    return GUESTDUMP_VERSION;
}
