// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/live/live_fit.h"

#include "tests/attach/scripted_emulator.h"
#include "tests/support/run_suites.h"

namespace guestdump::attach {

Suite* live_fit_suite();

namespace {

using support::must;
using support::must_fail;

/// A QEMU that can make background snapshots.
struct Qemu : ScriptedEmulator {
    Qemu() {
        version(9, 0);
        answers["query-migrate-capabilities"] =
            R"([{"capability": "background-snapshot", "state": false},
                {"capability": "mapped-ram", "state": false}])";
        answers["query-migrate-parameters"] = R"({"tls-creds": "", "mode": "normal"})";
        answers["query-memory-size-summary"] =
            R"({"base-memory": 1073741824, "plugged-memory": 67108864})";
        answers["query-memory-devices"] =
            R"([{"type": "dimm", "data": {"addr": 4429185024, "memdev": "/objects/d", "slot": 0}},
                {"type": "virtio-mem", "data": {"memaddr": 1, "memdev": "/objects/v"}}])";
    }
    void version(int major, int minor) {
        answers["query-version"] = R"({"qemu": {"major": )" + std::to_string(major) +
                                   R"(, "minor": )" + std::to_string(minor) + R"(, "micro": 1}})";
    }
};

/// Why @qemu makes no live dump.
std::string reason(Qemu& qemu, bool force = false) {
    const LiveProspect prospect = must(examine_live(qemu, force));
    ck_assert(!prospect.fit && prospect.why_not);
    return prospect.why_not->message();
}

void check_says(const std::string& text, const char* part) {
    ck_assert_msg(text.find(part) != text.npos, "'%s' does not say '%s'", text.c_str(), part);
}

START_TEST(a_qemu_of_9_or_later_fits) {
    Qemu qemu;
    const LiveProspect prospect = must(examine_live(qemu, false));
    ck_assert(prospect.fit && prospect.fit->mended && !prospect.fit->was_on);
    ck_assert_uint_eq(prospect.fit->most_bytes, (1140850688ULL / 64 * 65) + (1ULL << 30));
    ck_assert_uint_eq(prospect.fit->addresses.dimms.at("d"), 4429185024);
    ck_assert_uint_eq(prospect.fit->addresses.dimms.at("/objects/d"), 4429185024);
    ck_assert_uint_eq(prospect.fit->addresses.dimms.size(), 2);
}
END_TEST

START_TEST(qemu_is_asked_where_memory_above_4_gib_is) {
    Qemu small, large, moved;
    ck_assert(!must(examine_live(small, false)).fit->addresses.above_4g);
    large.host = {{uint64_t{1} << 32, 0x7f0000000000}, {uint64_t{1} << 40, 0x7fc000000000}};
    ck_assert(must(examine_live(large, false)).fit->addresses.above_4g == uint64_t{1} << 32);
    moved.host = {{uint64_t{1} << 40, 0x7f0000000000}};
    ck_assert(must(examine_live(moved, false)).fit->addresses.above_4g == uint64_t{1} << 40);
}
END_TEST

START_TEST(an_older_qemu_fits_only_by_force) {
    Qemu qemu;
    qemu.version(8, 2);
    check_says(reason(qemu), "QEMU 8.2 can hang its guest if a live dump breaks off");
    const LiveProspect prospect = must(examine_live(qemu, true));
    ck_assert(prospect.fit && !prospect.fit->mended && prospect.fit->process);
}
END_TEST

START_TEST(a_capability_that_was_on_stays_on) {
    Qemu qemu;
    qemu.answers["query-migrate-capabilities"] =
        R"([{"capability": "background-snapshot", "state": true}])";
    ck_assert(must(examine_live(qemu, false)).fit->was_on);
}
END_TEST

START_TEST(a_guest_that_stands_still_needs_no_live_dump) {
    Qemu qemu;
    qemu.answers["query-status"] = R"({"status": "paused", "running": false})";
    const LiveProspect prospect = must(examine_live(qemu, false));
    ck_assert(prospect.stands_still && !prospect.fit && !prospect.why_not);
}
END_TEST

START_TEST(what_gives_no_whole_stream_is_refused_by_name) {
    Qemu qemu;
    qemu.answers["query-migrate-capabilities"] =
        R"([{"capability": "background-snapshot", "state": false},
            {"capability": "mapped-ram", "state": true}])";
    check_says(reason(qemu), "'mapped-ram' is on, and QEMU then sends no memory at all");
    Qemu encrypted;
    encrypted.answers["query-migrate-parameters"] = R"({"tls-creds": "tls0"})";
    check_says(reason(encrypted), "'tls-creds' is 'tls0', and the stream would be encrypted");
    Qemu reboots;
    reboots.answers["query-migrate-parameters"] = R"({"mode": "cpr-reboot"})";
    check_says(reason(reboots), "'mode' is 'cpr-reboot', and the guest would be stopped");
    Qemu blocked;
    blocked.answers["query-migrate"] = R"({"blocked-reasons": ["a device cannot be migrated"]})";
    check_says(reason(blocked), "a device cannot be migrated");
    Qemu foreign;
    foreign.answers["query-target"] = R"({"arch": "aarch64"})";
    check_says(reason(foreign), "a guest of aarch64 cannot be read, only x86");
    Qemu micro;
    micro.answers["qom-get"] = R"("microvm-machine")";
    check_says(reason(micro), "the memory layout of machine 'microvm-machine' is not known");
    Qemu ancient;
    ancient.version(5, 2);
    ancient.answers["query-migrate-capabilities"] = R"([{"capability": "xbzrle", "state": false}])";
    check_says(reason(ancient, true), "QEMU 5.2 has no background snapshots");
}
END_TEST

START_TEST(a_guest_that_nobody_can_dump_now_is_an_error) {
    Qemu qemu;
    qemu.answers["query-migrate"] = R"({"status": "active"})";
    must_fail(examine_live(qemu, false), "a migration of the guest is under way (active)");
    Qemu odd;
    odd.answers["query-migrate-capabilities"] = R"([{"capability": 7}])";
    check_says(reason(odd), "capability");
}
END_TEST

}  // namespace

Suite* live_fit_suite() {
    return support::make_suite("live_fit", {
                                               a_qemu_of_9_or_later_fits,
                                               qemu_is_asked_where_memory_above_4_gib_is,
                                               an_older_qemu_fits_only_by_force,
                                               a_capability_that_was_on_stays_on,
                                               a_guest_that_stands_still_needs_no_live_dump,
                                               what_gives_no_whole_stream_is_refused_by_name,
                                               a_guest_that_nobody_can_dump_now_is_an_error,
                                           });
}

}  // namespace guestdump::attach
