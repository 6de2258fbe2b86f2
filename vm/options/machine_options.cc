// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cinttypes>

#include "vm/options/option_list.h"
#include "vm/options/option_parsers.h"

namespace guestdump::vm {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;

/// Physical addresses have at most 52 bits; the RAM of a machine with all its holes must end below
/// that. [SDM 3A 4.1.4]
constexpr uint64_t kMostRam = uint64_t{1} << 51;

constexpr uint64_t kMostCpus = 255;  // the most that 8-bit APIC ids can address [SDM 3A 11.4.6]

Result<> check_ram(uint64_t bytes) {
    if (bytes == 0 || bytes > kMostRam) {
        return Error::make("0x%" PRIx64 " bytes of RAM: must be from 1 to 0x%" PRIx64, bytes,
                           kMostRam);
    }
    return {};
}

/// QEMU's devices that managers add to every guest. This machine does not have them, and its dumps
/// are the same without them.
constexpr std::string_view kKnownDevices[] = {
    "e1000", "ich9-",   "ide-",      "isa-",  "nec-usb-", "pci-", "pcie-",
    "piix",  "pvpanic", "qemu-xhci", "scsi-", "usb-",     "VGA",  "virtio-",
};

bool is_known_device(std::string_view driver) {
    return std::any_of(std::begin(kKnownDevices), std::end(kKnownDevices),
                       [driver](std::string_view known) { return driver.starts_with(known); });
}

}  // namespace

Result<> parse_machine(OptionContext& context, const std::string& argument) {
    OptionList list = TRY(OptionList::parse(argument, "type"));
    if (const auto type = list.take("type")) {
        if (*type == "none") context.options.machine = MachineType::none;
        // libvirt asks for a version: "pc-q35-7.2".
        else if (*type == "q35" || type->starts_with("pc-q35-"))
            context.options.machine = MachineType::q35;
        else if (*type == "pc" || type->starts_with("pc-i440fx-"))
            context.options.machine = MachineType::pc;
        else
            return Error::make("unsupported machine type '%s'", type->c_str());
    }
    if (const auto backend = list.take("memory-backend")) context.options.memory_backend = *backend;
    if (const auto accel = list.take("accel")) TRY(parse_accel(context, *accel));
    context.options.dump_guest_core =
        TRY(list.take_bool("dump-guest-core")).value_or(context.options.dump_guest_core);
    // Properties of devices that this machine does not have.
    for (const char* name : {"usb", "vmport", "smm", "acpi", "hpet", "graphics"}) {
        const auto given = TRY(list.take_bool(name));
        if (given) context.options.ignored.push_back(std::string("-machine ") + name);
    }
    return list.expect_all_taken();
}

Result<> parse_accel(OptionContext& context, const std::string& argument) {
    OptionList list = TRY(OptionList::parse(argument, "accel"));
    std::string names = TRY(list.require("accel"));
    if (list.take("thread")) context.options.ignored.push_back("-accel thread");
    TRY(list.expect_all_taken());
    while (!names.empty()) {
        const size_t colon = std::min(names.find(':'), names.size());
        std::string name = names.substr(0, colon);
        names.erase(0, colon + 1);
        constexpr std::string_view kKnown[] = {"kvm", "tcg", "synthetic", "qtest"};
        if (std::ranges::count(kKnown, name) == 0) {
            return Error::make("invalid accelerator %s", name.c_str());
        }
        context.options.accels.push_back(std::move(name));
    }
    return {};
}

Result<> parse_memory(OptionContext& context, const std::string& argument) {
    OptionList list = TRY(OptionList::parse(argument, "size"));
    const std::optional<uint64_t> size = TRY(list.take_size("size", kMiB));
    if (!size) return Error::make("Parameter 'size' is missing");
    TRY(list.expect_all_taken());
    TRY(check_ram(*size));
    context.options.ram_bytes = size;
    return {};
}

Result<> parse_smp(OptionContext& context, const std::string& argument) {
    OptionList list = TRY(OptionList::parse(argument, "cpus"));
    std::optional<uint64_t> cpus = TRY(list.take_number("cpus"));
    uint64_t product = 1;
    for (const char* name : {"sockets", "dies", "cores", "threads"}) {
        const uint64_t part = TRY(list.take_number(name)).value_or(1);
        if (part == 0 || part > kMostCpus)
            return Error::make("%s=%" PRIu64 " is not from 1 to %" PRIu64, name, part, kMostCpus);
        product *= part;
    }
    TRY(list.take_number("maxcpus"));
    TRY(list.expect_all_taken());
    const uint64_t count = cpus.value_or(product);
    if (count == 0 || count > kMostCpus) {
        return Error::make("%" PRIu64 " vCPUs: must be from 1 to %" PRIu64, count, kMostCpus);
    }
    context.options.cpus = static_cast<unsigned>(count);
    return {};
}

Result<> parse_object(OptionContext& context, const std::string& argument) {
    OptionList list = TRY(OptionList::parse_maybe_json(argument, "qom-type"));
    const std::string type = TRY(list.require("qom-type"));
    if (type == "secret") {
        context.options.ignored.push_back("-object secret");
        return {};
    }
    RamSpec spec;
    if (type == "memory-backend-ram")
        spec.backend = RamSpec::Backend::ram;
    else if (type == "memory-backend-file")
        spec.backend = RamSpec::Backend::file;
    else if (type == "memory-backend-memfd")
        spec.backend = RamSpec::Backend::memfd;
    else
        return Error::make("invalid object type: %s", type.c_str());

    spec.id = TRY(list.require("id"));
    for (const RamSpec& other : context.options.backends) {
        if (other.id == spec.id)
            return Error::make("attempt to add duplicate property '%s' to object", spec.id.c_str());
    }
    const std::optional<uint64_t> size = TRY(list.take_size("size"));
    if (!size) return Error::make("Parameter 'size' is missing");
    TRY(check_ram(*size));
    spec.size = *size;
    if (spec.backend == RamSpec::Backend::file) spec.mem_path = TRY(list.require("mem-path"));
    // QEMU's default too: a memfd that is not shared has no use.
    spec.share = TRY(list.take_bool("share")).value_or(spec.backend == RamSpec::Backend::memfd);
    for (const char* name : {"merge", "dump", "prealloc", "x-use-canonical-path-for-ramblock-id"}) {
        const auto given = TRY(list.take_bool(name));
        if (given) context.options.ignored.push_back(std::string("-object ") + name);
    }
    TRY(list.expect_all_taken());
    context.options.backends.push_back(std::move(spec));
    return {};
}

Result<> parse_device(OptionContext& context, const std::string& argument) {
    OptionList list = TRY(OptionList::parse_maybe_json(argument, "driver"));
    const std::string driver = TRY(list.require("driver"));
    if (driver == "vmcoreinfo") {
        context.options.vmcoreinfo_device = true;
        list.take("id");
        return list.expect_all_taken();
    }
    if (is_known_device(driver)) {
        context.options.ignored.push_back("-device " + driver);
        return {};
    }
    if (driver != "loader") {
        return Error::make("'%s' is not a valid device model name", driver.c_str());
    }
    LoaderOption loader;
    loader.file = TRY(list.require("file"));
    const std::optional<uint64_t> address = TRY(list.take_number("addr"));
    if (!address) return Error::make("Parameter 'addr' is missing");
    loader.address = *address;
    loader.cpu = TRY(list.take_number("cpu-num"));
    const auto force_raw = TRY(list.take_bool("force-raw"));
    if (force_raw) context.options.ignored.push_back("-device loader,force-raw");
    TRY(list.expect_all_taken());
    context.options.loaders.push_back(std::move(loader));
    return {};
}

Result<> parse_vga(OptionContext& context, const std::string& argument) {
    if (argument != "none" && argument != "std")
        return Error::make("unknown vga type: %s", argument.c_str());
    context.options.vga = argument == "std" ? Vga::std : Vga::none;
    return {};
}

Result<> parse_restore(OptionContext& context, const std::string& argument) {
    OptionList list = TRY(OptionList::parse(argument, "file"));
    context.options.restore = TRY(list.require("file"));
    context.options.restore_load = TRY(list.take_bool("load")).value_or(false);
    return list.expect_all_taken();
}

Result<> parse_name(OptionContext& context, const std::string& argument) {
    OptionList list = TRY(OptionList::parse(argument, "guest"));
    if (const auto name = list.take("guest")) context.options.name = *name;
    const auto debug_threads = TRY(list.take_bool("debug-threads"));
    if (debug_threads) context.options.ignored.push_back("-name debug-threads");
    return list.expect_all_taken();
}

}  // namespace guestdump::vm
