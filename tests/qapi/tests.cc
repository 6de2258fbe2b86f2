// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace guestdump::qapi {

Suite* json_members_suite();
Suite* json_stream_suite();
Suite* marshal_suite();

}  // namespace guestdump::qapi

int main() {
    return guestdump::support::run_suites({guestdump::qapi::json_members_suite(),
                                           guestdump::qapi::json_stream_suite(),
                                           guestdump::qapi::marshal_suite()});
}
