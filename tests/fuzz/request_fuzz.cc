// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdlib>
#include <string_view>

#include "dump/arguments.h"
#include "qapi/json_stream.h"
#include "qapi/marshal.h"
#include "tests/dump/dumping.h"
#include "tests/vmcore/memory_source.h"
#include "vmcore/vmcore.h"

using namespace guestdump;

namespace {

/// Memory with a hole and pages of each kind, and two vCPUs.
const support::ScriptedGuest& guest() {
    static const auto kGuest = support::must(
        support::ScriptedGuest::parse("mode long\ncpus 2\n"
                                      "ram 0x0 8 pages = 00 A5 pattern text text hole\n"
                                      "ram 0x100800 5000 bytes = text\n"
                                      "vmcoreinfo OSRELEASE=6.1.0\n"));
    return *kGuest;
}

/// The default number of threads depends on the host.
void with_one_thread(dump::Request& request) {
    request.threads = 1;
}

/// If a dump succeeds, its file must be readable and contain the vCPUs.
void dump_by(const dump::Request& request) {
    const dump::KdumpRequest* kdump = request.kdump();
    using Order = support::MemorySink::Order;
    support::MemorySink sink(kdump && kdump->flattened ? Order::growing : Order::any);
    if (!dump::dump_to(sink, guest(), request)) return;
    const auto vmcore = vmcore::Vmcore::read(vmcore::in_memory(sink.bytes()));
    if (!vmcore || (*vmcore)->cpus().size() != 2) std::abort();
}

void ask(json_object* json) {
    qapi::DumpGuestMemoryArguments arguments;
    if (!qapi::from_json(json, "", arguments)) return;
    qapi::DumpGuestMemoryArguments again;
    const qapi::Json written = qapi::to_json(arguments);
    if (!qapi::from_json(written.get(), "", again) || !(again == arguments)) std::abort();
    auto request = dump::parse_request(arguments);
    if (!request) return;
    with_one_thread(*request);
    dump_by(*request);
}

}  // namespace

/// Parses any bytes as the arguments of dump-guest-memory. Dumps if they are accepted.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    int left = 4;  // how many more values of the input to try
    qapi::JsonStream stream([&left](util::Result<qapi::Json> value) {
        if (value && left-- > 0) ask(value->get());
    });
    stream.feed(std::string_view(reinterpret_cast<const char*>(data), size));
    return 0;
}
