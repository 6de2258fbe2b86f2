// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/memory_piece.h"

#include <algorithm>
#include <cstring>

#include "attach/mapped_object.h"

namespace guestdump::attach {
namespace {

/// Calls @populated or @other, which return Result<>, for each run of bytes that
/// @extent_of(address, limit) finds.
template <class ExtentOf, class Populated, class Other>
Result<> for_each_run(uint64_t address, std::span<std::byte> out, ExtentOf extent_of,
                      Populated populated, Other other) {
    while (!out.empty()) {
        const guest::RamExtent run = extent_of(address, out.size());
        const size_t size = std::clamp<uint64_t>(run.length, 1, out.size());
        if (run.populated) {
            TRY(populated(address, out.first(size)));
        } else {
            TRY(other(address, out.first(size)));
        }
        address += size;
        out = out.subspan(size);
    }
    return {};
}

Result<> fill_with_zeros(uint64_t, std::span<std::byte> out) {
    std::memset(out.data(), 0, out.size());
    return {};
}

class AnonymousPiece final : public MemoryPiece {
  public:
    AnonymousPiece(const Process& process, const PageMap& pages)
        : process_(process), pages_(pages) {}

    Result<> read(uint64_t address, std::span<std::byte> out) const override {
        return for_each_run(
            address, out, [this](uint64_t from, uint64_t limit) { return extent(from, limit); },
            [this](uint64_t from, std::span<std::byte> run) { return process_.read(from, run); },
            fill_with_zeros);
    }

    guest::RamExtent extent(uint64_t address, uint64_t limit) const override {
        return pages_.extent(address, limit, PageMap::Kind::present);
    }

  private:
    const Process& process_;
    const PageMap& pages_;
};

class SharedPiece final : public MemoryPiece {
  public:
    explicit SharedPiece(std::unique_ptr<MappedObject> object) : object_(std::move(object)) {}

    Result<> read(uint64_t address, std::span<std::byte> out) const override {
        return object_->read(address, out);
    }
    guest::RamExtent extent(uint64_t address, uint64_t limit) const override {
        return object_->extent(address, limit);
    }

  private:
    std::unique_ptr<MappedObject> object_;
};

/// A shared mapping whose object cannot be opened. A page that is not present in the process may
/// still have contents in the object, so all pages are read.
class UnknownPiece final : public MemoryPiece {
  public:
    explicit UnknownPiece(const Process& process) : process_(process) {}

    Result<> read(uint64_t address, std::span<std::byte> out) const override {
        return process_.read(address, out);
    }
    guest::RamExtent extent(uint64_t, uint64_t limit) const override {
        return {.length = limit, .populated = true};
    }

  private:
    const Process& process_;
};

/// A private mapping of a file. A page has the file's contents until the process writes to it.
class PrivateFilePiece final : public MemoryPiece {
  public:
    PrivateFilePiece(const Process& process, const PageMap& pages,
                     std::unique_ptr<MappedObject> file)
        : process_(process), pages_(pages), file_(std::move(file)) {}

    Result<> read(uint64_t address, std::span<std::byte> out) const override {
        return for_each_run(
            address, out,
            [this](uint64_t from, uint64_t limit) {
                return pages_.extent(from, limit, PageMap::Kind::own_present);
            },
            [this](uint64_t from, std::span<std::byte> run) { return process_.read(from, run); },
            [this](uint64_t from, std::span<std::byte> run) { return file_->read(from, run); });
    }

    guest::RamExtent extent(uint64_t address, uint64_t limit) const override {
        const guest::RamExtent own = pages_.extent(address, limit, PageMap::Kind::own_present);
        if (own.populated) return own;
        return file_->extent(address, std::clamp<uint64_t>(own.length, 1, limit));
    }

  private:
    const Process& process_;
    const PageMap& pages_;
    std::unique_ptr<MappedObject> file_;
};

}  // namespace

Result<std::unique_ptr<MemoryPiece>> make_piece(const Process& process, const PageMap& pages,
                                                const MemoryMap& map) {
    std::unique_ptr<MemoryPiece> piece;
    if (!map.shared && map.inode == 0) {
        piece = std::make_unique<AnonymousPiece>(process, pages);
        return piece;
    }
    Result<std::unique_ptr<MappedObject>> object = MappedObject::open(process, map);
    if (!object && !map.shared) return std::move(object).take_error();
    if (!object) {
        piece = std::make_unique<UnknownPiece>(process);
    } else if (map.shared) {
        piece = std::make_unique<SharedPiece>(std::move(object).take());
    } else {
        piece = std::make_unique<PrivateFilePiece>(process, pages, std::move(object).take());
    }
    return piece;
}

}  // namespace guestdump::attach
