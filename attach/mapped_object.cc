// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/mapped_object.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cinttypes>

namespace guestdump::attach {
namespace {

/// Opens the object at @path if it is a regular file and the one that @map maps. The type is
/// checked before opening, because opening a device may have side effects, and reading a device
/// does not return what its mapping has. Only the inode is compared, because some file systems
/// report another device to stat(2) than to /proc/PID/maps.
util::UniqueFd open_object(const std::string& path, const MemoryMap& map) {
    struct stat status;
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return util::UniqueFd();
    if (status.st_ino != map.inode) return util::UniqueFd();
    return util::UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
}

/// Opens the object of @map by one of the process's descriptors: QEMU keeps those of the objects
/// that it has mapped. Needs no other permissions than reading the process's memory.
util::UniqueFd open_descriptor(const Process& process, const MemoryMap& map) {
    const std::string folder = process.path("fd");
    const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(folder.c_str()), ::closedir);
    if (!list) return util::UniqueFd();
    while (const dirent* entry = ::readdir(list.get())) {
        const std::string path = folder + "/" + entry->d_name;
        struct stat status;
        if (::stat(path.c_str(), &status) != 0 || status.st_dev != map.device) continue;
        util::UniqueFd fd = open_object(path, map);
        if (fd) return fd;
    }
    return util::UniqueFd();
}

uint64_t size_of(int fd) {
    struct stat status;
    return ::fstat(fd, &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
}

}  // namespace

MappedObject::MappedObject(util::UniqueFd fd, const MemoryMap& map)
    : fd_(std::move(fd)),
      start_(map.start),
      offset_(map.offset),
      range_(map.range),
      runs_(fd_.get(), size_of(fd_.get())) {}

Result<std::unique_ptr<MappedObject>> MappedObject::open(const Process& process,
                                                         const MemoryMap& map) {
    // Needs CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE.
    util::UniqueFd fd = open_object(process.path("map_files/" + map.range), map);
    if (!fd) fd = open_descriptor(process, map);
    if (!fd) {
        return Error::make("cannot open the object that process %d has mapped at %s",
                           static_cast<int>(process.pid()), map.range.c_str());
    }
    return std::unique_ptr<MappedObject>(new MappedObject(std::move(fd), map));
}

Result<> MappedObject::read(uint64_t address, std::span<std::byte> out) const {
    size_t done = 0;
    while (done < out.size()) {
        const ssize_t got = ::pread(fd_.get(), out.data() + done, out.size() - done,
                                    static_cast<off_t>(offset_of(address + done)));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return Error::from_errno(errno, "reading what is mapped at %s", range_.c_str());
        if (got == 0) {
            return Error::make("what is mapped at %s ends at 0x%" PRIx64 ", ahead of 0x%" PRIx64,
                               range_.c_str(), size_of(fd_.get()), offset_of(address + done));
        }
        done += static_cast<size_t>(got);
    }
    return {};
}

guest::RamExtent MappedObject::extent(uint64_t address, uint64_t limit) const {
    const uint64_t offset = offset_of(address), end = size_of(fd_.get());
    if (offset >= end) return {.length = limit, .populated = true};
    const uint64_t inside = std::min(limit, end - offset);
    return runs_.extent(offset, offset + inside);
}

}  // namespace guestdump::attach
