// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/page_classes.h"

namespace guestdump::linux_guest {
namespace {

constexpr uint32_t kZero = 1, kCache = 2, kCachePrivate = 4, kUser = 8, kFree = 16;

constexpr std::array<std::string_view, kPageClasses> kNames = {
    "kept", "free", "unaccepted", "cache", "cache-private", "user", "hwpoison", "offline"};

}  // namespace

std::string_view name_of(PageClass page_class) {
    return kNames[static_cast<size_t>(page_class)];
}

std::optional<Exclusion> Exclusion::of_level(uint32_t level) {
    if (level > (kZero | kCache | kCachePrivate | kUser | kFree)) return std::nullopt;
    return Exclusion{.zero = (level & kZero) != 0,
                     .cache = (level & kCache) != 0,
                     .cache_private = (level & kCachePrivate) != 0,
                     .user = (level & kUser) != 0,
                     .free = (level & kFree) != 0};
}

uint32_t Exclusion::level() const {
    return (zero ? kZero : 0) | (cache ? kCache : 0) | (cache_private ? kCachePrivate : 0) |
           (user ? kUser : 0) | (free ? kFree : 0);
}

bool Exclusion::has(PageClass page_class) const {
    switch (page_class) {
        case PageClass::kept:
            return false;
        case PageClass::free:
        case PageClass::unaccepted:
            return free;
        case PageClass::cache:
            return cache || cache_private;
        case PageClass::cache_private:
            return cache_private;
        case PageClass::user:
            return user;
        case PageClass::hwpoison:
        case PageClass::offline:
            return true;
    }
    return false;
}

}  // namespace guestdump::linux_guest
