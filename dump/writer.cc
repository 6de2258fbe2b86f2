// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/writer.h"

#include "dump/elf/elf_writer.h"
#include "dump/kdump/kdump_writer.h"

namespace guestdump::dump {

Result<> check_target(const Request& request, const Sink& sink) {
    const auto* kdump = std::get_if<KdumpRequest>(&request);
    if (!kdump || kdump->flattened || sink.random_access()) return {};
    return Error::make("kdump-raw formats require a seekable file");
}

Result<std::unique_ptr<VmcoreWriter>> make_writer(const Snapshot& snapshot, const Request& request,
                                                  MemoryCheck check_memory) {
    if (const auto* kdump = std::get_if<KdumpRequest>(&request)) {
        return make_kdump_writer(snapshot, *kdump, std::move(check_memory));
    }
    if (const auto* vbox = std::get_if<VboxRequest>(&request)) {
        return make_vbox_writer(snapshot, *vbox);
    }
    return make_elf_writer(snapshot, std::get<ElfRequest>(request));
}

}  // namespace guestdump::dump
