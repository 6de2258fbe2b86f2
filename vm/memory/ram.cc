// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/memory/ram.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cinttypes>
#include <climits>
#include <cstring>

#include "guest/file_runs.h"
#include "guest/pagemap_extent.h"
#include "util/result.h"
#include "util/round.h"

namespace guestdump::vm {

namespace {

constexpr uint64_t kSmallPage = 4096;
constexpr uint64_t kHugePage = uint64_t{2} << 20;

/// Size of the pages in which a file is mapped. [linux
/// Documentation/admin-guide/mm/hugetlbpage.rst]
uint64_t page_of(int fd) {
    struct statfs status;
    const bool huge = fstatfs(fd, &status) == 0 && status.f_type == HUGETLBFS_MAGIC;
    return huge ? static_cast<uint64_t>(status.f_bsize) : kSmallPage;
}

/// Memory without a file that no other process sees.
class AnonymousRam final : public Ram {
  public:
    AnonymousRam(const RamSpec& spec, std::byte* host, util::UniqueFd pagemap)
        : Ram(spec, host, kSmallPage), pagemap_(std::move(pagemap)) {}

    bool anonymous() const override { return true; }
    bool knows_populated() const override { return bool(pagemap_); }

    guest::RamExtent extent(uint64_t offset, uint64_t limit) const override {
        return guest::pagemap_extent(pagemap_.get(), host(), offset, limit, false);
    }

  private:
    Result<> copy(uint64_t offset, std::span<std::byte> out) const override {
        std::memcpy(out.data(), host() + offset, out.size());
        return {};
    }

    util::UniqueFd pagemap_;
};

/// A file whose bytes are the RAM. It is read as a file: this allocates no pages and causes no page
/// faults, and if somebody has made the file shorter, reading it returns an error instead of
/// raising SIGBUS as the mapping would.
class SharedRam final : public Ram {
  public:
    SharedRam(const RamSpec& spec, std::byte* host, util::UniqueFd fd)
        : Ram(spec, host, page_of(fd.get())), fd_(std::move(fd)), runs_(fd_.get(), spec.size) {}

    guest::RamExtent extent(uint64_t offset, uint64_t limit) const override {
        return runs_.extent(offset, limit);
    }

  private:
    Result<> copy(uint64_t offset, std::span<std::byte> out) const override;

    util::UniqueFd fd_;
    guest::FileRuns runs_;
};

Result<> SharedRam::copy(uint64_t offset, std::span<std::byte> out) const {
    while (!out.empty()) {
        const ssize_t got = pread(fd_.get(), out.data(), out.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error::from_errno(errno, "reading 0x%zx bytes", out.size());
        if (got == 0) return Error::make("its file ends at 0x%" PRIx64, offset);
        out = out.subspan(static_cast<size_t>(got));
        offset += static_cast<uint64_t>(got);
    }
    return {};
}

/// A file's bytes, replaced by the pages that the guest has written.
class PrivateFileRam final : public Ram {
  public:
    PrivateFileRam(const RamSpec& spec, std::byte* host, util::UniqueFd fd, util::UniqueFd pagemap)
        : Ram(spec, host, page_of(fd.get())),
          fd_(std::move(fd)),
          runs_(fd_.get(), spec.size),
          pagemap_(std::move(pagemap)) {}

    guest::RamExtent extent(uint64_t offset, uint64_t limit) const override {
        const guest::RamExtent run = runs_.extent(offset, limit);
        if (run.populated) return run;
        return guest::pagemap_extent(pagemap_.get(), host(), offset, offset + run.length, true);
    }

  private:
    /// Reads through the kernel. If somebody has made the file shorter, this turns the SIGBUS into
    /// an error.
    Result<> copy(uint64_t offset, std::span<std::byte> out) const override {
        while (!out.empty()) {
            const iovec to{out.data(), out.size()};
            const iovec from{host() + offset, out.size()};
            const ssize_t got = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
            if (got <= 0)
                return Error::from_errno(errno, "reading 0x%zx bytes at 0x%" PRIx64, out.size(),
                                         offset);
            out = out.subspan(static_cast<size_t>(got));
            offset += static_cast<uint64_t>(got);
        }
        return {};
    }

    util::UniqueFd fd_;
    guest::FileRuns runs_;
    util::UniqueFd pagemap_;
};

Result<util::UniqueFd> open_mem_path(const RamSpec& spec) {
    const char* const path = spec.mem_path.c_str();
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 && errno == EISDIR) fd = open(path, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
    if (fd < 0) return Error::from_errno(errno, "cannot open backing store %s for guest RAM", path);
    return util::UniqueFd(fd);
}

/// Makes an empty file as long as the RAM. A file that is not empty must be long enough already.
Result<> fit_file(int fd, const RamSpec& spec) {
    struct stat status;
    if (fstat(fd, &status) != 0)
        return Error::from_errno(errno, "backing store of '%s'", spec.id.c_str());
    const auto length = static_cast<uint64_t>(status.st_size);
    if (S_ISREG(status.st_mode) && length > 0 && length < spec.size) {
        return Error::make("backing store size 0x%" PRIx64
                           " does not match 'size' option 0x%" PRIx64,
                           length, spec.size);
    }
    if (length >= spec.size) return {};
    if (ftruncate(fd, static_cast<off_t>(spec.size)) != 0) {
        return Error::from_errno(errno, "making the backing store of '%s' 0x%" PRIx64 " bytes long",
                                 spec.id.c_str(), spec.size);
    }
    return {};
}

Result<util::UniqueFd> make_memfd(const RamSpec& spec) {
    util::UniqueFd fd(memfd_create(spec.id.c_str(), MFD_CLOEXEC));
    if (!fd) return Error::from_errno(errno, "memfd for guest RAM '%s'", spec.id.c_str());
    return fd;
}

/// The file for the RAM. Empty if the RAM is private to this process and starts as zeros.
Result<util::UniqueFd> open_backing(const RamSpec& spec) {
    if (spec.backend == RamSpec::Backend::ram && !spec.share) return util::UniqueFd();
    const bool is_file = spec.backend == RamSpec::Backend::file;
    util::UniqueFd fd = TRY(is_file ? open_mem_path(spec) : make_memfd(spec));
    TRY(fit_file(fd.get(), spec));
    return fd;
}

/// Reserves @size bytes, whole pages, of address space that begin at a multiple of kHugePage.
/// nullptr: errno says why not.
std::byte* reserve(uint64_t size) {
    const uint64_t most = size + kHugePage;
    void* const place =
        mmap(nullptr, most, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED) return nullptr;
    auto* const begin = static_cast<std::byte*>(place);
    const uint64_t before = -reinterpret_cast<uintptr_t>(begin) % kHugePage;
    if (before > 0) munmap(begin, before);
    munmap(begin + most - (kHugePage - before), kHugePage - before);
    return begin + before;
}

/// Maps guest RAM. Does not reserve swap, because most guests touch much less memory than they
/// have. Asks for huge pages: the guest then causes fewer page faults, and protecting its memory
/// for a live dump takes a 35th of the time. [qemu softmmu/physmem.c ram_block_add()]
Result<std::byte*> map_ram(const RamSpec& spec, int fd) {
    const int kind = fd < 0 ? MAP_ANONYMOUS | MAP_PRIVATE : spec.share ? MAP_SHARED : MAP_PRIVATE;
    // hugetlbfs maps whole pages of its own size, at multiples of it.
    const uint64_t page = fd < 0 ? kSmallPage : page_of(fd);
    const uint64_t mapped = util::round_up(spec.size, page);
    std::byte* const place = page > kHugePage ? nullptr : reserve(mapped);
    void* const host = mmap(place, spec.size, PROT_READ | PROT_WRITE,
                            kind | MAP_NORESERVE | (place ? MAP_FIXED : 0), fd, 0);
    if (host == MAP_FAILED) {
        const int why = errno;
        if (place) munmap(place, mapped);
        return Error::from_errno(why, "cannot set up guest memory '%s' of 0x%" PRIx64 " bytes",
                                 spec.id.c_str(), spec.size);
    }
    // Only a wish: kernels without transparent huge pages refuse it.
    if (spec.backend != RamSpec::Backend::file) madvise(host, spec.size, MADV_HUGEPAGE);
    return static_cast<std::byte*>(host);
}

/// The kernel leaves private memory that was never written out of cores, just like memory that was
/// excluded on purpose. Writing one page makes all of it appear, with zeros for the rest.
void write_first_byte(std::byte* host) {
    const std::atomic_ref first(*host);
    first.store(first.load());
}

}  // namespace

Result<std::shared_ptr<Ram>> Ram::create(const RamSpec& spec) {
    if (spec.size == 0 || spec.size > static_cast<uint64_t>(INT64_MAX)) {
        return Error::make("guest memory '%s' cannot have 0x%" PRIx64 " bytes", spec.id.c_str(),
                           spec.size);
    }
    util::UniqueFd fd = TRY(open_backing(spec));
    std::byte* const host = TRY(map_ram(spec, fd.get()));
    if (!spec.share) write_first_byte(host);
    // Without /proc nothing is known about pages, and all of them are read.
    util::UniqueFd pagemap(spec.share ? -1 : open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC));
    std::shared_ptr<Ram> ram;
    if (!fd) {
        ram = std::make_shared<AnonymousRam>(spec, host, std::move(pagemap));
    } else if (spec.share) {
        ram = std::make_shared<SharedRam>(spec, host, std::move(fd));
    } else {
        ram = std::make_shared<PrivateFileRam>(spec, host, std::move(fd), std::move(pagemap));
    }
    return ram;
}

Ram::~Ram() {
    munmap(host_, util::round_up(size_, host_page_));
}

Result<> Ram::read(uint64_t offset, std::span<std::byte> out) const {
    if (offset > size_ || out.size() > size_ - offset) {
        return Error::make("0x%zx bytes at 0x%" PRIx64 " of '%s' end beyond its 0x%" PRIx64
                           " bytes",
                           out.size(), offset, id_.c_str(), size_);
    }
    Result<> copied = copy(offset, out);
    if (!copied)
        return std::move(copied).take_error().while_("guest memory '%s' at 0x%" PRIx64, id_.c_str(),
                                                     offset);
    return {};
}

}  // namespace guestdump::vm
