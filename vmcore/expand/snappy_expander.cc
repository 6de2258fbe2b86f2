// SPDX-License-Identifier: GPL-2.0-or-later
#include <snappy-c.h>

#include "vmcore/expand/expander.h"

namespace guestdump::vmcore {
namespace {

class SnappyExpander final : public Expander {
  public:
    bool expand(std::span<const std::byte> stored, std::span<std::byte> page) override {
        size_t length = page.size();
        const snappy_status status =
            snappy_uncompress(reinterpret_cast<const char*>(stored.data()), stored.size(),
                              reinterpret_cast<char*>(page.data()), &length);
        return status == SNAPPY_OK && length == page.size();
    }
};

}  // namespace

std::unique_ptr<Expander> make_snappy_expander() {
    return std::make_unique<SnappyExpander>();
}

}  // namespace guestdump::vmcore
