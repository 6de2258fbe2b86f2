// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "vm/options/options.h"

using namespace guestdump;

/// Parses any bytes as a command line, one argument a line.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string text(reinterpret_cast<const char*>(data), size);
    std::vector<const char*> arguments;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        text[end] = '\0';
        arguments.push_back(&text[at]);
        at = end + 1;
    }
    const auto options = vm::parse_options(arguments);
    if (!options) return 0;
    for (const vm::MonitorOption& monitor : options->monitors) (void)vm::describe(monitor.device);
    // The sizes of the machine's parts must be within the bounds that their constructors rely on.
    if (options->cpus < 1 || options->cpus > 255) std::abort();
    for (const vm::RamSpec& spec : options->backends) {
        if (spec.size == 0 || spec.id.empty()) std::abort();
    }
    return 0;
}
