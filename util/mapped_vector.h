// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <span>
#include <utility>

#include "util/mapped_array.h"

namespace guestdump::util {

/// A growing array, for lists whose length a guest decides. If an allocation fails, the call
/// returns an Error and leaves the array unchanged.
template <class T>
class MappedVector {
  public:
    // Errors of push_back(), reserve() and resize(): as Mapping::make().

    Result<> push_back(T value) {
        if (size_ == room_.size()) TRY(make_room(size_ + 1));
        room_[size_++] = value;
        return {};
    }
    Result<> reserve(size_t count) {
        if (count <= room_.size()) return {};
        return move_to(count);
    }
    /// New elements have unspecified values.
    Result<> resize(size_t count) {
        if (count > room_.size()) TRY(make_room(count));
        size_ = count;
        return {};
    }
    /// Drops the elements after the first @count. There must be at least @count.
    void truncate(size_t count) { size_ = count; }

    MappedVector() = default;
    MappedVector(MappedVector&& other) noexcept
        : room_(std::move(other.room_)), size_(std::exchange(other.size_, 0)) {}
    MappedVector& operator=(MappedVector&& other) noexcept {
        std::swap(room_, other.room_);
        std::swap(size_, other.size_);
        return *this;
    }

    size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    T* begin() { return room_.data(); }
    T* end() { return room_.data() + size_; }
    const T* begin() const { return room_.data(); }
    const T* end() const { return room_.data() + size_; }
    T& operator[](size_t index) { return room_[index]; }
    const T& operator[](size_t index) const { return room_[index]; }
    T& back() { return room_[size_ - 1]; }
    std::span<const T> view() const { return {begin(), end()}; }

  private:
    /// Initial capacity, in elements. It is a power of two, so that doubling reaches a power-of-two
    /// limit exactly.
    static constexpr size_t kSmallest = std::bit_floor(4096 / sizeof(T));

    Result<> make_room(size_t count) {
        return move_to(std::max({count, 2 * room_.size(), kSmallest}));
    }

    Result<> move_to(size_t count) {
        auto larger = TRY(MappedArray<T>::make(count));
        std::copy(begin(), end(), larger.begin());
        room_ = std::move(larger);
        return {};
    }

    MappedArray<T> room_;
    size_t size_ = 0;
};

}  // namespace guestdump::util
