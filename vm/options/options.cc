// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/options/options.h"

#include <algorithm>
#include <cinttypes>

#include "util/text.h"
#include "vm/options/option_list.h"
#include "vm/options/option_parsers.h"

namespace guestdump::vm {
namespace {

/// An option that has an effect here.
struct Option {
    std::string_view name;
    std::string_view argument;  ///< for help; empty if the option takes no argument
    std::string_view help;
    Result<> (*apply)(OptionContext& context, const std::string& argument);
};

Result<> set_help(OptionContext& context, const std::string&) {
    context.options.help = true;
    return {};
}

Result<> set_version(OptionContext& context, const std::string&) {
    context.options.version = true;
    return {};
}

Result<> set_start_paused(OptionContext& context, const std::string&) {
    context.options.start_paused = true;
    return {};
}

Result<> set_preconfig(OptionContext& context, const std::string&) {
    context.options.preconfig = true;
    return {};
}

Result<> set_kvm(OptionContext& context, const std::string&) {
    return parse_accel(context, "kvm");
}

Result<> set_daemonize(OptionContext& context, const std::string&) {
    context.options.daemonize = true;
    return {};
}

/// Stores the argument unchanged.
template <std::string Options::*Member>
Result<> set_text(OptionContext& context, const std::string& argument) {
    if (argument.empty()) return Error::make("its argument is empty");
    context.options.*Member = argument;
    return {};
}

constexpr Option kOptions[] = {
    {"-h", "", "print this help and exit", set_help},
    {"-help", "", "", set_help},
    {"-version", "", "print the version and exit", set_version},
    {"-machine", "pc|q35|none[,memory-backend=ID][,dump-guest-core=on|off]",
     "kind of machine, object to use as its RAM, whether a core of this process contains it",
     parse_machine},
    {"-M", "...", "", parse_machine},
    {"-accel", "kvm|synthetic|qtest",
     "what runs the vCPUs; repeat the option or give a:b to name a fallback", parse_accel},
    {"-enable-kvm", "", "", set_kvm},
    {"-m", "SIZE[K|M|G|T]", "guest RAM, in MiB without a suffix (default 128M)", parse_memory},
    {"-smp", "N", "number of vCPUs, 1 to 255 (default 1)", parse_smp},
    {"-object", "memory-backend-ram|-file|-memfd,id=ID,size=SIZE[,mem-path=PATH][,share=on|off]",
     "memory for -machine memory-backend=", parse_object},
    {"-device", "loader,file=F,addr=A[,cpu-num=N]",
     "load F at guest-physical address A; with cpu-num, that vCPU starts there", parse_device},
    {"-device", "vmcoreinfo", "device with which a guest passes its VMCOREINFO note (kvm only)",
     parse_device},
    {"-bios", "FILE", "firmware to use instead of the built-in one", set_text<&Options::bios>},
    {"-vga", "none|std", "std: add 16 MiB of video RAM and cover the RAM at 0xa0000-0xbffff",
     parse_vga},
    {"-restore", "FILE[,load=on]",
     "make a stopped machine from a vmcore; load: read all of FILE at the start", parse_restore},
    {"-S", "", "do not start the vCPUs", set_start_paused},
    {"-preconfig", "", "wait for x-exit-preconfig before anything else", set_preconfig},
    {"-qmp", "unix:PATH,server=on,wait=off|stdio|none", "a QMP monitor", parse_qmp},
    {"-monitor", "unix:PATH,server=on,wait=off|stdio|none", "an HMP monitor", parse_hmp},
    {"-qtest", "unix:PATH", "QEMU's test protocol, as far as its QMP tests need it", parse_qtest},
    {"-chardev", "socket,id=ID,path=P|fd=N,server=on,wait=off", "a device for -mon", parse_chardev},
    {"-mon", "chardev=ID,mode=control|readline", "a monitor on a -chardev: QMP or HMP", parse_mon},
    {"-name", "NAME", "the machine's name", parse_name},
    {"-uuid", "UUID", "the machine's UUID", set_text<&Options::uuid>},
    {"-pidfile", "FILE", "write the process ID to this file", set_text<&Options::pidfile>},
    {"-sandbox",
     "on|off[,obsolete=allow|deny][,elevateprivileges=allow|deny|children]"
     "[,spawn=allow|deny][,resourcecontrol=allow|deny]",
     "give up system calls; by default only those that no machine needs", parse_sandbox},
    {"-daemonize", "", "continue in the background once all sockets are listening", set_daemonize},
};

/// QEMU's options that managers pass and that have no effect on a machine without devices.
constexpr std::string_view kIgnoredWithArgument[] = {
    "-add-fd",  "-append",     "-audio",     "-audiodev", "-boot",   "-cpu",
    "-display", "-global",     "-initrd",    "-kernel",   "-msg",    "-net",
    "-nic",     "-overcommit", "-qtest-log", "-rtc",      "-serial", "-vnc",
};
constexpr std::string_view kIgnoredAlone[] = {
    "-no-acpi",        "-no-hpet",    "-no-reboot", "-no-shutdown",
    "-no-user-config", "-nodefaults", "-nographic", "-usb",
};

template <class List>
bool has(const List& list, std::string_view name) {
    return std::find(std::begin(list), std::end(list), name) != std::end(list);
}

const Option* find_option(std::string_view name) {
    const auto* found = std::find_if(std::begin(kOptions), std::end(kOptions),
                                     [name](const Option& option) { return option.name == name; });
    return found == std::end(kOptions) ? nullptr : found;
}

/// Returns the arguments one after the other.
class ArgumentReader {
  public:
    explicit ArgumentReader(std::span<const char* const> arguments) : left_(arguments) {}

    bool done() const { return left_.empty(); }

    std::string next() {
        std::string argument = left_.front();
        left_ = left_.subspan(1);
        return argument;
    }

    Result<std::string> value() {
        if (done()) return Error::make("requires an argument");
        return next();
    }

  private:
    std::span<const char* const> left_;
};

Result<> parse_one(OptionContext& context, ArgumentReader& reader, const std::string& name) {
    if (has(kIgnoredAlone, name)) {
        context.options.ignored.push_back(name);
        return {};
    }
    if (has(kIgnoredWithArgument, name)) {
        TRY(reader.value());
        context.options.ignored.push_back(name);
        return {};
    }
    const Option* option = find_option(name);
    if (!option) return Error::make("invalid option");
    std::string argument;
    if (!option->argument.empty()) argument = TRY(reader.value());
    return option->apply(context, argument);
}

}  // namespace

Result<Options> parse_options(std::span<const char* const> arguments) {
    OptionContext context;
    ArgumentReader reader(arguments);
    while (!reader.done()) {
        const std::string given = reader.next();
        // Two dashes are the same as one, as in QEMU.
        const std::string name = given.starts_with("--") ? given.substr(1) : given;
        Result<> parsed = parse_one(context, reader, name);
        if (!parsed) return std::move(parsed).take_error().while_("%s", given.c_str());
    }
    TRY(connect_monitors(context));
    return std::move(context.options);
}

std::string options_help() {
    std::string help =
        "usage: guestdump-vm [option]...\n"
        "Runs, stops and dumps a virtual machine. Options are spelled as QEMU's.\n\n";
    for (const Option& option : kOptions) {
        if (option.help.empty()) continue;
        help += util::text("%s %s\n        %s\n", std::string(option.name).c_str(),
                           std::string(option.argument).c_str(), std::string(option.help).c_str());
    }
    return help;
}

}  // namespace guestdump::vm
