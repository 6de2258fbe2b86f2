// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <check.h>

// A deprecated macro of libcheck, and a member function of std::ios that <memory> brings along.
#undef fail
