// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/run_suites.h"

namespace qapi {

Suite* json_members_suite();
Suite* json_stream_suite();
Suite* marshal_suite();

}  // namespace qapi

int main() {
    return support::run_suites(
        {qapi::json_members_suite(), qapi::json_stream_suite(), qapi::marshal_suite()});
}
