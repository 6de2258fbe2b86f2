// SPDX-License-Identifier: GPL-2.0-or-later
#include "tools/guestdump/reassembly.h"

#include <fcntl.h>

#include <cerrno>

#include "tools/guestdump/copy_display.h"
#include "util/text.h"
#include "vmcore/file_source.h"
#include "vmcore/kdump/kdump_copy.h"
#include "vmcore/kdump/kdump_reader.h"
#include "vmcore/kdump/reassemble.h"

namespace guestdump::tools {

Result<bool> Reassembly::may_be_output(vmcore::InputStream& stream, const std::string& to,
                                       const dump::Request& request) {
    if (to == "-" || !request.needs_random_access() || !vmcore::wants_stored_pages(request) ||
        request.replace_vmcoreinfo || !dump::makes_new_file(to)) {
        return false;
    }
    return vmcore::carries_kdump(stream);
}

Result<> Reassembly::read(vmcore::InputStream stream, const std::string& to,
                          const InputOptions& options) {
    Signals signals = TRY(Signals::hold());
    stop_ = TRY(util::Wakeup::create());
    watch_ = TRY(SignalWatch::start(std::move(signals), [this] {
        unwanted_ = true;
        stop_->raise();
    }));
    stream.stop_at(*stop_);
    dump::NewFile file = TRY(dump::NewFile::create(to));
    file_.emplace(std::move(file));
    {
        const std::string what =
            util::text("reassembling %s", util::printable(stream.name()).c_str());
        CopyDisplay display(options.command, what, options.progress);
        TRY(vmcore::reassemble(stream, file_->fd(), to,
                               [&](uint64_t bytes) { display.show(bytes); }));
    }
    util::UniqueFd copy(::fcntl(file_->fd(), F_DUPFD_CLOEXEC, 0));
    if (!copy) return Error::from_errno(errno, "opening '%s'", to.c_str());
    auto source = TRY(vmcore::FileSource::of(stream.name(), std::move(copy)));
    vmcore_ = TRY(vmcore::Vmcore::read(std::move(source), options.open));
    return {};
}

bool Reassembly::is_output(const dump::Request& request) const {
    const vmcore::KdumpFile* const file = vmcore_->kdump();
    const bool searches = request.find_vmcoreinfo && !vmcore_->guest_note();
    return file && vmcore::is_stored_as_requested(*file, request) && !searches;
}

Result<> Reassembly::commit() {
    vmcore_.reset();
    return file_->commit(unwanted_);
}

}  // namespace guestdump::tools
