// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "linux/types/btf.h"

namespace guestdump::linux_guest {

/// Looks up several members of one struct. If one is missing, the error is kept: call failed()
/// after the last lookup.
class StructMembers {
  public:
    /// @types must outlive this.
    StructMembers(const Btf& types, std::string name)
        : types_(types), name_(std::move(name)), type_(types.find_struct(name_)) {}

    /// Offset of the member at @path, bytes. 0 and an error if it is missing.
    uint64_t offset(const char* path) {
        const auto found = find(path);
        if (!found && missing_.empty()) missing_ = path;
        return found ? found->offset : 0;
    }

    /// As offset(), for a member that only some kernels have.
    std::optional<uint64_t> optional_offset(const char* path) const {
        const auto found = find(path);
        return found ? std::optional(found->offset) : std::nullopt;
    }

    /// The member at @path. Empty if it is missing; this is not kept as an error.
    std::optional<Member> find(const char* path) const {
        return type_ ? types_.member(*type_, path) : std::nullopt;
    }

    /// Size of the struct, bytes; 0 and an error if it is missing.
    uint64_t size() {
        const auto bytes = type_ ? types_.size_of(*type_) : std::nullopt;
        if (!bytes && missing_.empty()) missing_ = "size";
        return bytes.value_or(0);
    }

    /// The first error, or success.
    Result<> failed() const {
        if (!type_) return Error::make("the kernel's types have no struct %s", name_.c_str());
        if (missing_.empty()) return {};
        return Error::make("the kernel's struct %s has no %s", name_.c_str(), missing_.c_str());
    }

  private:
    const Btf& types_;
    std::string name_;
    std::optional<uint32_t> type_;
    std::string missing_;
};

}  // namespace guestdump::linux_guest
