// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/options/options.h"

#include "tests/support/results.h"
#include "tests/support/run_suites.h"

namespace guestdump::vm {

Suite* options_suite();

namespace {

using support::must;
using support::must_fail;
using Arguments = std::vector<const char*>;
using Kind = MonitorDevice::Kind;
using Protocol = MonitorOption::Protocol;

Result<Options> parse(const Arguments& arguments) {
    return parse_options(arguments);
}

START_TEST(nothing_asked_for_is_a_small_pc) {
    const Options options = must(parse({}));
    ck_assert(options.machine == MachineType::pc);
    ck_assert_uint_eq(options.cpus, 1);
    ck_assert(!options.ram_bytes && options.accels.empty() && options.monitors.empty());
    ck_assert(!options.start_paused && !options.daemonize);
}
END_TEST

START_TEST(sizes_have_suffixes_and_count_mib_without) {
    const std::pair<const char*, uint64_t> sizes[] = {
        {"256", 256ull << 20}, {"1024K", 1ull << 20},     {"3G", 3ull << 30},
        {"2T", 2ull << 40},    {"size=64M", 64ull << 20}, {"0x10", 16ull << 20},
    };
    for (const auto& [text, bytes] : sizes)
        ck_assert_uint_eq(*must(parse({"-m", text})).ram_bytes, bytes);
}
END_TEST

START_TEST(absurd_sizes_are_refused) {
    must_fail(parse({"-m", "0"}), "-m: 0x0 bytes of RAM: must be from 1");
    must_fail(parse({"-m", "4096T"}), "-m: 0x10000000000000 bytes of RAM");
    must_fail(parse({"-m", "99999999999999T"}), "is more than 64 bits hold");
    must_fail(parse({"-m", "99999999999999999999999"}), "is more than 64 bits hold");
    must_fail(parse({"-m", "5X"}), "'5X' is not a size: its suffix must be K, M, G or T");
    must_fail(parse({"-m", "-5"}), "'-5' is not a number");
    must_fail(parse({"-m", ""}), "Parameter 'size' is missing");
    must_fail(parse({"-m", "1G,slots=2"}), "Parameter 'slots' is unexpected");
}
END_TEST

START_TEST(vcpus_are_1_to_255) {
    ck_assert_uint_eq(must(parse({"-smp", "255"})).cpus, 255);
    ck_assert_uint_eq(must(parse({"-smp", "2,sockets=2,cores=1,threads=1"})).cpus, 2);
    ck_assert_uint_eq(must(parse({"-smp", "sockets=2,cores=3"})).cpus, 6);
    must_fail(parse({"-smp", "0"}), "-smp: 0 vCPUs: must be from 1 to 255");
    must_fail(parse({"-smp", "256"}), "256 vCPUs");
    must_fail(parse({"-smp", "sockets=255,cores=255"}), "65025 vCPUs");
    must_fail(parse({"-smp", "cores=0"}), "cores=0 is not from 1 to 255");
    must_fail(parse({"-smp", "two"}), "'two' is not a number");
}
END_TEST

START_TEST(restore_takes_a_file_and_whether_to_load_it) {
    ck_assert(must(parse({"-restore", "a vmcore"})).restore == "a vmcore");
    ck_assert(!must(parse({"-restore", "vmcore"})).restore_load);
    ck_assert(must(parse({"-restore", "vmcore,load=on"})).restore_load);
    ck_assert(must(parse({"-restore", "a,,b,load=off"})).restore == "a,b");
    must_fail(parse({"-restore", ""}), "-restore: ");
    must_fail(parse({"-restore", "vmcore,lode=on"}), "Parameter 'lode' is unexpected");
}
END_TEST

START_TEST(machine_has_a_type_and_properties) {
    const Options options =
        must(parse({"-machine", "pc-q35-7.2,usb=off,dump-guest-core=off,memory-backend=ram0"}));
    ck_assert(options.machine == MachineType::q35);
    ck_assert_str_eq(options.memory_backend.c_str(), "ram0");
    ck_assert_uint_eq(options.ignored.size(), 1);
    ck_assert(!options.dump_guest_core);
    ck_assert(must(parse({"-machine", "pc"})).dump_guest_core);
    ck_assert(must(parse({"-M", "none"})).machine == MachineType::none);
    must_fail(parse({"-machine", "virt"}), "-machine: unsupported machine type 'virt'");
    must_fail(parse({"-machine", "pc,colour=blue"}), "Parameter 'colour' is unexpected");
    must_fail(parse({"-machine", "pc,usb=maybe"}), "Parameter 'usb' expects 'on' or 'off'");
}
END_TEST

START_TEST(accelerators_are_tried_in_the_order_given) {
    const std::vector<std::string> both = {"kvm", "tcg"}, own = {"kvm", "synthetic"};
    ck_assert(must(parse({"-accel", "kvm:synthetic"})).accels == own);
    ck_assert(must(parse({"-accel", "kvm", "-accel", "tcg,thread=multi"})).accels == both);
    ck_assert(must(parse({"-machine", "none,accel=kvm:tcg"})).accels == both);
    must_fail(parse({"-accel", "xen"}), "-accel: invalid accelerator xen");
    must_fail(parse({"-accel", ""}), "Parameter 'accel' is missing");
}
END_TEST

START_TEST(qemus_tests_start_it_as_they_start_qemu) {
    const Options options = must(parse(
        {"-qtest", "unix:/s", "-qtest-log", "/dev/null", "-chardev", "socket,path=/m,id=char0",
         "-mon", "chardev=char0,mode=control", "-display", "none", "-audio", "none", "-nodefaults",
         "-machine", "none", "--preconfig", "-accel", "qtest"}));
    const std::vector<MonitorOption> expected = {
        {Protocol::qtest, {Kind::connect, "/s", -1}, "qtest"},
        {Protocol::qmp, {Kind::connect, "/m", -1}, "char0"},
    };
    ck_assert(options.monitors == expected);
    ck_assert(options.preconfig && options.accels == std::vector<std::string>{"qtest"});
    ck_assert(!must(parse({})).preconfig);
}
END_TEST

START_TEST(backends_say_where_ram_lives) {
    const Options options = must(parse(
        {"-object", "memory-backend-file,id=a,size=1G,mem-path=/x,,y,share=on", "-object",
         "memory-backend-memfd,id=b,size=4K", "-object", "memory-backend-ram,id=c,size=0x1000"}));
    ck_assert_uint_eq(options.backends.size(), 3);
    ck_assert_str_eq(options.backends[0].mem_path.c_str(), "/x,y");
    ck_assert(options.backends[0].share);
    ck_assert_uint_eq(options.backends[0].size, 1ull << 30);
    ck_assert(options.backends[1].backend == RamSpec::Backend::memfd && options.backends[1].share);
    ck_assert_uint_eq(options.backends[2].size, 4096);
    ck_assert(!options.backends[2].share);
}
END_TEST

START_TEST(incomplete_backends_are_refused) {
    must_fail(parse({"-object", "memory-backend-ram,size=1G"}), "Parameter 'id' is missing");
    must_fail(parse({"-object", "memory-backend-ram,id=a"}), "Parameter 'size' is missing");
    must_fail(parse({"-object", "memory-backend-file,id=a,size=1G"}),
              "Parameter 'mem-path' is missing");
    must_fail(parse({"-object", "memory-backend-ram,id=a,size=0"}), "0x0 bytes of RAM");
    must_fail(parse({"-object", "rng-random,id=a"}), "invalid object type: rng-random");
    must_fail(parse({"-object", "memory-backend-ram,id=a,size=1G", "-object",
                     "memory-backend-ram,id=a,size=1G"}),
              "duplicate property 'a'");
}
END_TEST

START_TEST(loaders_name_file_address_and_vcpu) {
    const Options options = must(parse({"-device", "loader,file=/g,addr=0x100000,cpu-num=3"}));
    ck_assert_str_eq(options.loaders[0].file.c_str(), "/g");
    ck_assert_uint_eq(options.loaders[0].address, 0x100000);
    ck_assert_uint_eq(*options.loaders[0].cpu, 3);
    must_fail(parse({"-device", "flux-capacitor"}),
              "'flux-capacitor' is not a valid device model name");
    must_fail(parse({"-device", "loader,addr=0"}), "Parameter 'file' is missing");
    must_fail(parse({"-device", "loader,file=/g"}), "Parameter 'addr' is missing");
    must_fail(parse({"-device", "loader,file=/g,addr=0x1ffffffffffffffff"}), "more than 64 bits");
}
END_TEST

START_TEST(objects_and_devices_may_be_json) {
    const Options options = must(parse(
        {"-object", R"({"qom-type":"secret","id":"masterKey0","format":"raw","file":"/k"})",
         "-object", R"({"qom-type":"memory-backend-ram","id":"pc.ram","size":268435456})",
         "-object",
         R"({"qom-type":"memory-backend-file","id":"b","size":4096,"mem-path":"/x,y","share":true,)"
         R"("prealloc":false})",
         "-device", R"({"driver":"loader","file":"/g","addr":1048576,"cpu-num":3})", "-device",
         R"({"driver":"pcie-root-port","port":16,"chassis":1,"id":"pci.1","multifunction":true})",
         "-device", R"({"driver":"vmcoreinfo"})"}));
    ck_assert_uint_eq(options.backends.size(), 2);
    ck_assert(options.backends[0].id == "pc.ram" && !options.backends[0].share);
    ck_assert_uint_eq(options.backends[0].size, 256 << 20);
    ck_assert(options.backends[1].mem_path == "/x,y" && options.backends[1].share);
    ck_assert(options.loaders[0].file == "/g");
    ck_assert_uint_eq(options.loaders[0].address, 0x100000);
    ck_assert_uint_eq(*options.loaders[0].cpu, 3);
    ck_assert(options.vmcoreinfo_device);
    const std::vector<std::string> ignored = {"-object secret", "-object prealloc",
                                              "-device pcie-root-port"};
    ck_assert(options.ignored == ignored);

    must_fail(parse({"-object", "{"}), "-object: JSON parse error");
    must_fail(parse({"-object", "{}"}), "-object: Parameter 'qom-type' is missing");
    must_fail(parse({"-object", R"({"qom-type":"memory-backend-ram","id":"a","size":1.5})"}),
              "parameter 'size': '1.5'");
    must_fail(parse({"-object", R"({"qom-type":"memory-backend-ram","id":"a","size":[1]})"}),
              "parameter 'size': '[1]' is not a number");
    must_fail(parse({"-object", R"({"qom-type":"memory-backend-ram","id":"a","size":-1})"}),
              "'-1' is not a number");
    must_fail(parse({"-device", R"({"driver":"flux-capacitor"})"}),
              "'flux-capacitor' is not a valid device model name");
    must_fail(parse({"-device", R"({"driver":"vmcoreinfo","x":1})"}),
              "Parameter 'x' is unexpected");
    must_fail(parse({"-device", R"({"driver":"loader","file":"a\u0000b","addr":0})"}),
              "Parameter 'file' has a NUL inside");
}
END_TEST

START_TEST(short_forms_of_qemu_are_known) {
    const Options options = must(parse({"-enable-kvm", "-usb", "-accel", "tcg"}));
    const std::vector<std::string> accels = {"kvm", "tcg"}, ignored = {"-usb"};
    ck_assert(options.accels == accels);
    ck_assert(options.ignored == ignored);
}
END_TEST

START_TEST(monitors_listen_connect_or_are_inherited) {
    const Options options =
        must(parse({"-qmp", "unix:/q,server=on,wait=off", "-monitor", "stdio", "-qmp", "none",
                    "-qmp", "unix:/old,server,nowait", "-mon", "chardev=c,mode=control", "-chardev",
                    "socket,id=c,fd=28,server=on,wait=off", "-qmp", "unix:/out"}));
    const std::vector<MonitorOption> expected = {
        {Protocol::qmp, {Kind::listen, "/q", -1}, "compat_monitor0"},
        {Protocol::hmp, {Kind::stdio, "", -1}, "compat_monitor1"},
        {Protocol::qmp, {Kind::listen, "/old", -1}, "compat_monitor2"},
        {Protocol::qmp, {Kind::connect, "/out", -1}, "compat_monitor3"},
        {Protocol::qmp, {Kind::inherited, "", 28}, "c"},
    };
    ck_assert(options.monitors == expected);
}
END_TEST

START_TEST(monitors_that_cannot_be_are_refused) {
    must_fail(parse({"-qmp", "tcp:localhost:1"}),
              "-qmp: 'tcp:localhost:1' is not unix:PATH, stdio or none");
    must_fail(parse({"-qmp", "unix:"}), "'unix:' needs a path");
    must_fail(parse({"-qmp", "unix:/q,server=on,wait=on"}), "wait=on is not supported");
    must_fail(parse({"-qmp", "unix:/q,server=on,telnet=on"}), "Parameter 'telnet' is unexpected");
    must_fail(parse({"-mon", "chardev=x"}), "-mon: chardev \"x\" not found");
    must_fail(parse({"-mon", "chardev=x,mode=loud"}), "unknown monitor mode 'loud'");
    must_fail(parse({"-chardev", "socket,id=c,server=on"}), "a socket needs either path= or fd=");
    must_fail(parse({"-chardev", "socket,id=c,path=/a,fd=3"}),
              "a socket needs either path= or fd=");
    must_fail(parse({"-chardev", "socket,id=c,fd=3"}), "fd= needs server=on");
    must_fail(parse({"-chardev", "socket,id=c,fd=99999999999,server=on"}),
              "no file descriptor of that number");
    must_fail(parse({"-chardev", "stdio,id=c", "-chardev", "stdio,id=c"}),
              "Chardev with id 'c' already exists");
    must_fail(parse({"-chardev", "file,id=f,path=/x", "-mon", "chardev=f"}),
              "cannot carry a monitor");
}
END_TEST

START_TEST(unknown_options_and_missing_arguments_are_named) {
    must_fail(parse({"-frobnicate"}), "-frobnicate: invalid option");
    must_fail(parse({"file.img"}), "file.img: invalid option");
    must_fail(parse({"-m"}), "-m: requires an argument");
    must_fail(parse({"-bios", ""}), "-bios: its argument is empty");
    must_fail(parse({"-vga", "cirrus"}), "-vga: unknown vga type: cirrus");
}
END_TEST

START_TEST(sandbox_denies_what_it_is_told_to) {
    if (!util::sandbox_available()) {
        must_fail(parse({"-sandbox", "on"}), "-sandbox: support is not enabled in this QEMU");
        return;
    }
    ck_assert(!must(parse({})).sandbox && !must(parse({"-sandbox", "off,spawn=deny"})).sandbox);
    ck_assert(*must(parse({"-sandbox", "on"})).sandbox == util::SandboxPolicy{});
    const Options strict = must(parse(
        {"-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"}));
    ck_assert((*strict.sandbox == util::SandboxPolicy{true, true, true, true}));
    const Options mild =
        must(parse({"-sandbox", "on,obsolete=allow,elevateprivileges=children,spawn=allow"}));
    ck_assert((*mild.sandbox == util::SandboxPolicy{false, false, false, false}));
    must_fail(parse({"-sandbox", "on,obsolete=no"}), "-sandbox: invalid argument for obsolete");
    must_fail(parse({"-sandbox", "on,spawn=children"}), "invalid argument for spawn");
    must_fail(parse({"-sandbox", "on,elevateprivileges="}), "for elevateprivileges");
    must_fail(parse({"-sandbox", "on,resourcecontrol=on"}), "for resourcecontrol");
    must_fail(parse({"-sandbox", "maybe"}), "Parameter 'enable' expects 'on' or 'off'");
    must_fail(parse({"-sandbox", "on,fork=deny"}), "Parameter 'fork' is unexpected");
    must_fail(parse({"-sandbox"}), "-sandbox: requires an argument");
}
END_TEST

START_TEST(what_libvirt_passes_is_accepted_and_remembered) {
    const Options options = must(parse({"-name",
                                        "guest=guest,debug-threads=on",
                                        "-S",
                                        "-object",
                                        "secret,id=masterKey0,format=raw,file=/k",
                                        "-machine",
                                        "pc-i440fx-7.2,usb=off,dump-guest-core=off",
                                        "-accel",
                                        "tcg",
                                        "-m",
                                        "256",
                                        "-overcommit",
                                        "mem-lock=off",
                                        "-smp",
                                        "2,sockets=2,cores=1,threads=1",
                                        "-uuid",
                                        "1-2",
                                        "-display",
                                        "none",
                                        "-no-user-config",
                                        "-nodefaults",
                                        "-chardev",
                                        "socket,id=charmonitor,fd=28,server=on,wait=off",
                                        "-mon",
                                        "chardev=charmonitor,id=monitor,mode=control",
                                        "-rtc",
                                        "base=utc",
                                        "-no-shutdown",
                                        "-boot",
                                        "strict=on",
                                        "-add-fd",
                                        "set=0,fd=26,opaque=serial0-source",
                                        "-chardev",
                                        "file,id=charserial0,path=/dev/fdset/0,append=on",
                                        "-device",
                                        "isa-serial,chardev=charserial0,id=serial0,index=0",
                                        "-audiodev",
                                        "{\"id\":\"audio1\"}",
                                        "-msg",
                                        "timestamp=on"}));
    ck_assert_str_eq(options.name.c_str(), "guest");
    ck_assert(options.start_paused);
    ck_assert_uint_eq(options.cpus, 2);
    ck_assert_uint_eq(options.monitors.size(), 1);
    ck_assert_uint_ge(options.ignored.size(), 10);
}
END_TEST

}  // namespace

Suite* options_suite() {
    return support::make_suite(
        "options",
        {nothing_asked_for_is_a_small_pc, sizes_have_suffixes_and_count_mib_without,
         absurd_sizes_are_refused, vcpus_are_1_to_255, machine_has_a_type_and_properties,
         restore_takes_a_file_and_whether_to_load_it, accelerators_are_tried_in_the_order_given,
         qemus_tests_start_it_as_they_start_qemu, backends_say_where_ram_lives,
         incomplete_backends_are_refused, loaders_name_file_address_and_vcpu,
         objects_and_devices_may_be_json, short_forms_of_qemu_are_known,
         monitors_listen_connect_or_are_inherited, monitors_that_cannot_be_are_refused,
         unknown_options_and_missing_arguments_are_named, sandbox_denies_what_it_is_told_to,
         what_libvirt_passes_is_accepted_and_remembered});
}

}  // namespace guestdump::vm
