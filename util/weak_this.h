// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <utility>

namespace guestdump::util {

/// Member of an object whose callbacks may be called after it has been destroyed. The callbacks
/// must be called, and the object destroyed, on one thread; they may be copied and destroyed on
/// any.
template <class T>
class WeakThis {
  public:
    explicit WeakThis(T* self) : self_(std::make_shared<T*>(self)) {}
    WeakThis(const WeakThis&) = delete;
    WeakThis& operator=(const WeakThis&) = delete;

    /// A function that calls @function with T& and its own arguments. It does nothing once the
    /// object has been destroyed.
    template <class Function>
    auto guard(Function function) const {
        return
            [weak = std::weak_ptr<T*>(self_),
             function = std::move(function)]<class... Arguments>(Arguments&&... arguments) mutable {
                if (const auto self = weak.lock()) {
                    function(**self, std::forward<Arguments>(arguments)...);
                }
            };
    }

  private:
    std::shared_ptr<T*> self_;
};

}  // namespace guestdump::util
