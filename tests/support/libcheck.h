// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <check.h>

// A deprecated macro of libcheck. A member function of std::ios, which <memory> includes, has its
// name.
#undef fail
