// SPDX-License-Identifier: GPL-2.0-or-later
#include "monitor/transport/fd_sets.h"

#include <fcntl.h>

#include <cerrno>
#include <charconv>
#include <cinttypes>
#include <utility>

#include "util/text.h"

namespace guestdump::monitor {

using util::UniqueFd;

namespace {

constexpr std::string_view kFolder = "/dev/fdset/";

Error not_found(const std::string& what) {
    return Error::make("File descriptor named '%s' not found", what.c_str());
}

bool can_be_written(int fd) {
    const int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

std::optional<int64_t> set_id(std::string_view path) {
    if (!path.starts_with(kFolder)) return std::nullopt;
    const std::string_view digits = path.substr(kFolder.size());
    int64_t id = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
    if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
    return id;
}

}  // namespace

Result<qapi::AddfdInfo> FdSets::add(UniqueFd fd, std::optional<int64_t> id,
                                    std::optional<std::string> opaque) {
    if (id && *id < 0) return Error::make("Parameter 'fdset-id' expects a non-negative value");
    int64_t chosen = 0;
    while (!id && sets_.contains(chosen)) ++chosen;
    const qapi::AddfdInfo info{.fdset_id = id.value_or(chosen), .fd = fd.get()};
    sets_[info.fdset_id].push_back({.fd = std::move(fd), .opaque = std::move(opaque)});
    return info;
}

Result<> FdSets::remove(int64_t id, std::optional<int64_t> fd) {
    const auto set = sets_.find(id);
    size_t removed = 0;
    if (set != sets_.end()) {
        removed = std::erase_if(set->second,
                                [&](const Entry& entry) { return !fd || entry.fd.get() == *fd; });
        if (set->second.empty()) sets_.erase(set);
    }
    if (removed > 0) return {};
    return not_found(fd ? util::text("fdset-id:%" PRId64 ", fd:%" PRId64, id, *fd)
                        : util::text("fdset-id:%" PRId64, id));
}

std::vector<qapi::FdsetInfo> FdSets::list() const {
    std::vector<qapi::FdsetInfo> infos;
    for (const auto& [id, set] : sets_) {
        qapi::FdsetInfo info{.fdset_id = id, .fds = {}};
        for (const Entry& entry : set) {
            info.fds.push_back({.fd = entry.fd.get(), .opaque = entry.opaque});
        }
        infos.push_back(std::move(info));
    }
    return infos;
}

Result<UniqueFd> FdSets::open_for_writing(std::string_view path) const {
    const std::optional<int64_t> id = set_id(path);
    if (!id) return UniqueFd();
    const std::string name(path);
    const auto set = sets_.find(*id);
    if (set == sets_.end()) return Error::from_errno(ENOENT, "Could not open '%s'", name.c_str());
    for (const Entry& entry : set->second) {
        if (!can_be_written(entry.fd.get())) continue;
        UniqueFd copy(fcntl(entry.fd.get(), F_DUPFD_CLOEXEC, 0));
        if (!copy) return Error::from_errno(errno, "Could not open '%s'", name.c_str());
        return copy;
    }
    return Error::from_errno(EACCES, "Could not open '%s'", name.c_str());
}

}  // namespace guestdump::monitor
