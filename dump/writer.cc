// SPDX-License-Identifier: GPL-2.0-or-later
#include "dump/writer.h"

#include "dump/elf/elf_writer.h"
#include "dump/kdump/kdump_writer.h"

namespace guestdump::dump {

Result<> check_target(const Request& request, const Sink& sink) {
    if (!request.needs_random_access() || sink.random_access()) return {};
    return Error::make("kdump-raw formats require a seekable file");
}

Result<std::unique_ptr<VmcoreWriter>> make_writer(const Snapshot& snapshot, const Request& request,
                                                  MemoryCheck check_memory) {
    if (request.kdump()) return make_kdump_writer(snapshot, request, std::move(check_memory));
    if (request.vbox()) return make_vbox_writer(snapshot, request.threads);
    return make_elf_writer(snapshot, request.threads);
}

}  // namespace guestdump::dump
