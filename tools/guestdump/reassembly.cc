// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/reassembly.h"

#include <fcntl.h>

#include <cerrno>

#include "tools/guestdump/copy_display.h"
#include "util/text.h"
#include "vmcore/file_source.h"
#include "vmcore/kdump/kdump_copy.h"
#include "vmcore/kdump/reassemble.h"

namespace guestdump::tools {
namespace {

/// Opens @file again for reading. The descriptor is a new one, so that commit() closes the last one
/// that was used for writing, and gets its write errors.
Result<std::shared_ptr<const vmcore::FileSource>> read_again(const dump::NewFile& file,
                                                             const std::string& name) {
    const std::string path = util::text("/proc/self/fd/%d", file.fd());
    util::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) return Error::from_errno(errno, "opening what was read from '%s'", name.c_str());
    return vmcore::FileSource::of(name, std::move(fd));
}

}  // namespace

Result<std::optional<Reassembly>> reassemble(vmcore::InputStream& stream, const std::string& to,
                                             const dump::Request& request,
                                             const InputOptions& options) {
    std::optional<Reassembly> nothing;
    if (to == "-" || !request.needs_random_access() || !vmcore::wants_stored_pages(request) ||
        request.replace_vmcoreinfo || options.open.partial || !dump::makes_new_file(to)) {
        return nothing;
    }
    const bool is_kdump = TRY(vmcore::carries_kdump(stream));
    if (!is_kdump) return nothing;
    dump::NewFile file = TRY(dump::NewFile::create(to));
    if (!file.leaves_nothing()) return nothing;
    {
        CopyDisplay display(options.command, "reassembling " + util::printable(stream.name()),
                            options.progress);
        TRY(vmcore::reassemble(stream, file.fd(), to,
                               [&](uint64_t bytes) { display.show(bytes); }));
    }
    auto source = TRY(read_again(file, stream.name()));
    auto vmcore = TRY(vmcore::Vmcore::read(std::move(source), options.open));
    return std::optional(Reassembly{std::move(vmcore), std::move(file)});
}

bool is_as_requested(const vmcore::Vmcore& vmcore, const dump::Request& request) {
    const bool searches = request.find_vmcoreinfo && !vmcore.guest_note();
    const vmcore::Contents& contents = vmcore.contents();
    return !vmcore.flattened() && contents.wrapping.empty() && contents.warnings.empty() &&
           !searches;
}

}  // namespace guestdump::tools
