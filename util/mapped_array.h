// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <span>
#include <type_traits>
#include <utility>

#include "util/result.h"

namespace guestdump::util {

/// Memory for large buffers and for guest data. Unlike with std::vector, a failed allocation
/// returns an Error, the memory is excluded from core dumps, and freeing it returns it to the host
/// immediately. A write past its last page faults.
class Mapping {
  public:
    /// Zeroed. Errors: out of memory.
    static Result<Mapping> make(size_t bytes);

    Mapping() = default;
    Mapping(Mapping&& other) noexcept
        : start_(std::exchange(other.start_, nullptr)), size_(std::exchange(other.size_, 0)) {}
    Mapping& operator=(Mapping&& other) noexcept {
        std::swap(start_, other.start_);
        std::swap(size_, other.size_);
        return *this;
    }
    ~Mapping();

    std::byte* start() const { return start_; }

  private:
    Mapping(std::byte* start, size_t size) : start_(start), size_(size) {}

    std::byte* start_ = nullptr;
    size_t size_ = 0;  ///< bytes mapped, including the guard page
};

/// An array in a Mapping, initially all zero.
template <class T>
class MappedArray {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);

  public:
    /// Errors: as Mapping::make().
    static Result<MappedArray> make(size_t count) {
        MappedArray array;
        if (count == 0) return array;
        size_t bytes = 0;
        if (__builtin_mul_overflow(count, sizeof(T), &bytes)) bytes = SIZE_MAX;
        array.memory_ = TRY(Mapping::make(bytes));
        array.count_ = count;
        return array;
    }

    MappedArray() = default;
    MappedArray(MappedArray&& other) noexcept
        : memory_(std::move(other.memory_)), count_(std::exchange(other.count_, 0)) {}
    MappedArray& operator=(MappedArray&& other) noexcept {
        memory_ = std::move(other.memory_);
        std::swap(count_, other.count_);
        return *this;
    }

    T* data() { return reinterpret_cast<T*>(memory_.start()); }
    const T* data() const { return reinterpret_cast<const T*>(memory_.start()); }
    size_t size() const { return count_; }
    T* begin() { return data(); }
    T* end() { return data() + count_; }
    const T* begin() const { return data(); }
    const T* end() const { return data() + count_; }
    T& operator[](size_t index) { return data()[index]; }
    const T& operator[](size_t index) const { return data()[index]; }

    /// Drops the elements after the first @count. There must be at least @count.
    void truncate(size_t count) { count_ = count; }

  private:
    Mapping memory_;
    size_t count_ = 0;
};

}  // namespace guestdump::util
