// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/source.h"

#include <cstdlib>

#include "attach/domains.h"
#include "attach/qmp_emulator.h"
#include "vmcore/inspect/kernels.h"

namespace guestdump::tools {

Result<std::unique_ptr<Source>> Source::of_files(const InputPaths& paths,
                                                 const InputOptions& options) {
    std::unique_ptr<Source> source(new Source);
    source->name_ = paths.front();
    source->file_ = TRY(open_input(paths, options));
    return source;
}

Result<std::unique_ptr<Source>> Source::of_machine(std::unique_ptr<attach::Emulator> emulator) {
    attach::Prospect prospect = TRY(attach::examine(*emulator));
    if (prospect.why_not) return *std::move(prospect.why_not);
    std::unique_ptr<Source> source(new Source);
    source->name_ = emulator->name();
    source->emulator_ = std::move(emulator);
    constexpr int kNoInterrupt = -1;
    source->held_ = TRY(
        attach::HeldGuest::enter(*source->emulator_, *std::move(prospect.process), kNoInterrupt));
    return source;
}

Result<> Source::choose_kernel(uint64_t number, unsigned threads) {
    if (!file_) return Error::make("--kernel is for files");
    return vmcore::choose_kernel(*file_, number, threads);
}

Result<> Source::release() {
    if (!held_) return {};
    TRY(held_->check());
    held_->release();
    return {};
}

std::vector<GOptionEntry> SourceOptions::entries() {
    std::vector<GOptionEntry> entries = qmp_.entries();
    entries.push_back({"domain", 0, 0, G_OPTION_ARG_STRING, domain_.address(),
                       "name of a libvirt domain", "NAME"});
    entries.push_back(
        {"connect", 0, 0, G_OPTION_ARG_STRING, connect_.address(),
         "libvirt connection of --domain (default: $LIBVIRT_DEFAULT_URI or qemu:///system)",
         "URI"});
    return entries;
}

std::string SourceOptions::uri() const {
    if (connect_.get()) return connect_.get();
    const char* const usual = std::getenv("LIBVIRT_DEFAULT_URI");
    return usual && *usual ? usual : attach::kSystemUri;
}

Result<std::unique_ptr<attach::Emulator>> SourceOptions::machine(const char* command) const {
    if (domain_.get() && qmp_.given()) return Error::make("--qmp and --domain name two machines");
    if (connect_.get() && !domain_.get()) return Error::make("--connect is for --domain");
    if (domain_.get()) return attach::open_domain(uri(), domain_.get());
    const std::string path = TRY(qmp_.socket());
    qmp::Patience patience = TRY(qmp_.patience(command));
    std::unique_ptr<attach::Emulator> emulator =
        TRY(attach::QmpEmulator::connect(path, std::move(patience)));
    return emulator;
}

Result<std::unique_ptr<Source>> SourceOptions::open_machine(const char* command) const {
    std::unique_ptr<attach::Emulator> emulator = TRY(machine(command));
    return Source::of_machine(std::move(emulator));
}

Result<> SourceOptions::check_with(const std::vector<std::string>& files) const {
    if (!files.empty() && names_machine())
        return Error::make("'%s' and a machine are given: one of them is enough", files[0].c_str());
    const char* const environment = std::getenv("GUESTDUMP_QMP");
    if (files.empty() && !names_machine() && !(environment && *environment))
        return Error::make("no FILE and no machine is given (--qmp, --domain)");
    return {};
}

Result<std::unique_ptr<Source>> SourceOptions::open(const std::vector<std::string>& operands,
                                                    const InputOptions& options) const {
    if (operands.size() > 1) return Error::make("%zu files where 1 is expected", operands.size());
    TRY(check_with(operands));
    return operands.empty() ? open_machine(options.command)
                            : Source::of_files({operands[0]}, options);
}

}  // namespace guestdump::tools
