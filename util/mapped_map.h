// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "util/mapped_array.h"

namespace guestdump::util {

/// A hash table for keys that a guest decides. If an allocation fails, the call returns an Error
/// and leaves the map unchanged. Entries cannot be removed.
///
/// @Key is a number, or has parts(), an array of numbers. The hash depends on the address of the
/// map's memory. A guest does not know that address, so it cannot choose keys that all share a
/// slot.
template <class Key, class Value>
class MappedMap {
  public:
    struct Entry {
        Key key;
        Value value;
        bool used;
    };

    /// The value of @key, or nullptr. Valid until the next try_emplace().
    const Value* find(const Key& key) const {
        if (count_ == 0) return nullptr;
        const Entry& entry = slots_[place_of(key)];
        return entry.used ? &entry.value : nullptr;
    }

    /// Adds @value for @key unless there is one already. Returns the value of @key, and whether it
    /// was added. The pointer is valid until the next call. Errors: as Mapping::make().
    Result<std::pair<Value*, bool>> try_emplace(const Key& key, const Value& value) {
        if (3 * slots_.size() < 4 * (count_ + 1)) TRY(grow());
        Entry& entry = slots_[place_of(key)];
        const bool is_new = !entry.used;
        if (is_new) {
            entry = {key, value, true};
            ++count_;
        }
        return std::pair(&entry.value, is_new);
    }

    MappedMap() = default;
    MappedMap(MappedMap&& other) noexcept
        : slots_(std::move(other.slots_)), count_(std::exchange(other.count_, 0)) {}
    MappedMap& operator=(MappedMap&& other) noexcept {
        std::swap(slots_, other.slots_);
        std::swap(count_, other.count_);
        return *this;
    }

    size_t size() const { return count_; }
    bool empty() const { return count_ == 0; }

    /// Calls @function(key, value) for each, in any order, until one fails.
    template <class Function>
    Result<> for_each(const Function& function) const {
        for (const Entry& entry : slots_) {
            if (entry.used) TRY(function(entry.key, entry.value));
        }
        return {};
    }

  private:
    static constexpr size_t kSmallest = 64;  ///< slots; always a power of two

    /// The finalizer of MurmurHash3: each bit of the input changes half of the output's.
    /// [Appleby: smhasher]
    static uint64_t mix(uint64_t x) {
        x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
        x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
        return x ^ x >> 33;
    }

    uint64_t hash_of(const Key& key) const {
        uint64_t hash = mix(reinterpret_cast<uintptr_t>(slots_.data()));
        if constexpr (std::is_integral_v<Key>) {
            return mix(hash ^ key);
        } else {
            for (const uint64_t part : key.parts()) hash = mix(hash ^ part);
            return hash;
        }
    }

    /// The slot that holds @key, or the one where it would be added.
    size_t place_of(const Key& key) const {
        size_t place = hash_of(key) & (slots_.size() - 1);
        while (slots_[place].used && !(slots_[place].key == key))
            place = (place + 1) & (slots_.size() - 1);
        return place;
    }

    Result<> grow() {
        MappedMap larger;
        larger.slots_ =
            TRY(MappedArray<Entry>::make(std::max<size_t>(kSmallest, 2 * slots_.size())));
        for (const Entry& entry : slots_) {
            if (entry.used) larger.slots_[larger.place_of(entry.key)] = entry;
        }
        std::swap(slots_, larger.slots_);
        return {};
    }

    MappedArray<Entry> slots_;
    size_t count_ = 0;
};

}  // namespace guestdump::util
