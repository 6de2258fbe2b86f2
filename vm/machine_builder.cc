// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/machine_builder.h"

#include <algorithm>

#include "vm/accels.h"
#include "vm/core_contents.h"
#include "vm/firmware.h"
#include "vm/memory/file_bytes.h"
#include "vm/pc_memory.h"
#include "vm/restore.h"

namespace guestdump::vm {
namespace {

constexpr const char* kOwnRam = "pc.ram";  ///< id of the RAM if no -object provides it
constexpr uint64_t kDefaultRam = uint64_t{128} << 20;
constexpr uint64_t kMostFirmware = uint64_t{16} << 20;
constexpr uint64_t kMostImage = uint64_t{1} << 30;
constexpr const char* kNoTcg =
    "-accel tcg: this is not TCG but the synthetic accelerator; no guest code runs, each vCPU is a "
    "thread that counts in its registers and in memory";
constexpr const char* kNoMonitor =
    "no -qmp, -monitor or -mon: nothing can control this machine or dump it while it runs";

Error about(const char* option, Error error) {
    return std::move(error).while_("%s", option);
}

Result<RamSpec> ram_spec(const Options& options) {
    RamSpec spec;
    spec.id = kOwnRam;
    spec.size = options.ram_bytes.value_or(kDefaultRam);
    if (options.memory_backend.empty()) return spec;
    const auto backend =
        std::find_if(options.backends.begin(), options.backends.end(),
                     [&](const RamSpec& one) { return one.id == options.memory_backend; });
    if (backend == options.backends.end()) {
        return Error::make("-machine: Memory backend '%s' not found",
                           options.memory_backend.c_str());
    }
    if (options.ram_bytes && *options.ram_bytes != backend->size) {
        return Error::make("-m: 0x%" PRIx64 " bytes of RAM, but memory backend '%s' has 0x%" PRIx64,
                           *options.ram_bytes, backend->id.c_str(), backend->size);
    }
    return *backend;
}

Result<std::vector<std::byte>> firmware_bytes(const Options& options) {
    if (!options.bios.empty()) {
        Result<std::vector<std::byte>> file = read_file(options.bios, kMostFirmware);
        if (!file) return about("-bios", std::move(file).take_error());
        return file;
    }
    const std::span<const std::byte> own = firmware_image();
    std::vector<std::byte> bytes(own.begin(), own.end());
    // The first loaded file is the one that runs. Files that follow it, such as an initrd, are
    // data. (QEMU's firmware starts none of them.)
    const auto entry = std::ranges::find_if(options.loaders, [](const LoaderOption& loader) {
        return !loader.cpu && loader.address <= UINT32_MAX;
    });
    if (entry != options.loaders.end()) set_entry(bytes, static_cast<uint32_t>(entry->address));
    return bytes;
}

Result<LoadedImage> load_image(const LoaderOption& loader) {
    Result<std::vector<std::byte>> bytes = read_file(loader.file, kMostImage);
    if (!bytes) return about("-device loader", std::move(bytes).take_error());
    return LoadedImage{Gpa{loader.address}, std::move(bytes).take()};
}

Result<> place_entry(const LoaderOption& loader, MachineParts& parts) {
    if (!loader.cpu) return {};
    if (*loader.cpu >= parts.start_registers.size()) {
        return Error::make("-device loader: there is no vCPU %" PRIu64 " of %zu", *loader.cpu,
                           parts.start_registers.size());
    }
    if (loader.address > UINT32_MAX) {
        return Error::make("-device loader: vCPU %" PRIu64 " cannot start at 0x%" PRIx64
                           ", above 4 GiB",
                           *loader.cpu, loader.address);
    }
    parts.start_registers[*loader.cpu] = entry_registers(static_cast<uint32_t>(loader.address));
    return {};
}

Result<std::unique_ptr<Accel>> make_accel(const std::string& name) {
    if (name == "kvm") return make_kvm_accel();
    if (name == "qtest") return make_qtest_accel();
    return make_synthetic_accel();
}

/// Adds the first accelerator that works. The default is KVM, and the synthetic accelerator if
/// there is no KVM.
Result<> add_accel(std::vector<std::string> names, MachineParts& parts) {
    if (names.empty()) names = {"kvm", "synthetic"};
    for (size_t i = 0;; ++i) {
        Result<std::unique_ptr<Accel>> accel = make_accel(names[i]);
        if (!accel && i + 1 == names.size())
            return std::move(accel).take_error().while_("-accel %s", names[i].c_str());
        if (!accel) continue;
        parts.accel = std::move(accel).take();
        if (names[i] == "tcg") parts.warnings.emplace_back(kNoTcg);
        return {};
    }
}

/// True if a monitor is asked for. QEMU's test socket cannot stop or dump a machine.
bool has_monitor(const Options& options) {
    return std::ranges::any_of(options.monitors, [](const MonitorOption& one) {
        return one.protocol != MonitorOption::Protocol::qtest;
    });
}

Result<> build_pc(const Options& options, MachineParts& parts) {
    const RamSpec spec = TRY(ram_spec(options));
    parts.ram_bytes = spec.size;
    const std::shared_ptr<Ram> ram = TRY(Ram::create(spec));
    const std::vector<std::byte> bios = TRY(firmware_bytes(options));
    PcMemory pc = TRY(pc_memory(options.machine, ram, bios, options.vga));
    parts.memory = std::move(pc.memory);
    parts.images = std::move(pc.images);
    parts.start_registers.assign(options.cpus, target_i386::reset_registers());
    return {};
}

/// A machine of type none: no vCPU, and RAM at address 0 if it is asked for.
Result<> build_none(const Options& options, MachineParts& parts) {
    if (!options.ram_bytes && options.memory_backend.empty()) return {};
    const RamSpec spec = TRY(ram_spec(options));
    parts.ram_bytes = spec.size;
    const std::shared_ptr<Ram> ram = TRY(Ram::create(spec));
    return parts.memory.add(
        {.range = {Gpa{0}, spec.size}, .region = ram, .host = ram->host(), .ram = ram});
}

Result<> check_restore(const Options& options) {
    if (options.ram_bytes || !options.memory_backend.empty()) {
        return Error::make(
            "-restore: the vmcore says how much memory there is, not -m or -machine "
            "memory-backend=");
    }
    if (!options.loaders.empty() || !options.bios.empty()) {
        return Error::make("-restore: a frozen machine takes no -bios and no -device loader");
    }
    return {};
}

Result<MachineParts> build_from_options(const Options& options) {
    MachineParts parts;
    if (options.machine == MachineType::none) {
        TRY(build_none(options, parts));
    } else {
        TRY(build_pc(options, parts));
    }
    for (const LoaderOption& loader : options.loaders) {
        LoadedImage image = TRY(load_image(loader));
        parts.images.push_back(std::move(image));
        TRY(place_entry(loader, parts));
    }
    parts.vmcoreinfo_device = options.vmcoreinfo_device;
    TRY(add_accel(options.accels, parts));
    return parts;
}

}  // namespace

Result<MachineParts> build_machine(const Options& options) {
    if (!options.restore.empty()) TRY(check_restore(options));
    MachineParts parts =
        TRY(options.restore.empty() ? build_from_options(options)
                                    : restore_machine(options.restore, options.restore_load));
    const Result<> kept = keep_in_core(parts.memory, options.dump_guest_core);
    if (!kept) parts.warnings.push_back(kept.error().message());
    if (!has_monitor(options)) parts.warnings.emplace_back(kNoMonitor);
    parts.name = options.name;
    parts.uuid = options.uuid;
    parts.type = options.machine;
    return parts;
}

Result<RamObjects> make_ram_objects(const Options& options) {
    RamObjects objects;
    for (const RamSpec& spec : options.backends) {
        if (spec.id == options.memory_backend) {
            objects.add_in_use(spec.id, spec.backend);
        } else {
            Result<> made = objects.create(spec);
            if (!made) return about("-object", std::move(made).take_error());
        }
    }
    const bool own_ram = options.machine != MachineType::none || options.ram_bytes;
    if (own_ram && options.memory_backend.empty() && options.restore.empty())
        objects.add_in_use(kOwnRam, RamSpec::Backend::ram);
    return objects;
}

}  // namespace guestdump::vm
