// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace guestdump::vmcore {

/// Collects the findings of several threads that scan memory, and reports them in address order.
/// Their number is limited, so a file that is damaged everywhere gives a count and not thousands of
/// lines. Any thread.
class Findings {
  public:
    /// Limit on the findings kept as text: those at the lowest addresses.
    static constexpr size_t kMostKept = 20;

    /// Adds a finding at guest-physical address @gpa.
    void add(uint64_t gpa, std::string text) {
        const std::lock_guard lock(mutex_);
        ++count_;
        texts_.emplace(gpa, std::move(text));
        if (texts_.size() > kMostKept) texts_.erase(std::prev(texts_.end()));
    }

    uint64_t count() const {
        const std::lock_guard lock(mutex_);
        return count_;
    }

    std::vector<std::string> texts() const {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> list;
        for (const auto& [gpa, text] : texts_) list.push_back(text);
        return list;
    }

  private:
    mutable std::mutex mutex_;
    uint64_t count_ = 0;
    std::multimap<uint64_t, std::string> texts_;
};

}  // namespace guestdump::vmcore
