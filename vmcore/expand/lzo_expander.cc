// SPDX-License-Identifier: GPL-2.0-or-later
#include <lzo/lzo1x.h>

#include "vmcore/expand/expander.h"

namespace guestdump::vmcore {
namespace {

class LzoExpander final : public Expander {
  public:
    bool expand(std::span<const std::byte> stored, std::span<std::byte> page) override {
        lzo_uint length = page.size();
        const int status = lzo1x_decompress_safe(
            reinterpret_cast<const unsigned char*>(stored.data()), stored.size(),
            reinterpret_cast<unsigned char*>(page.data()), &length, nullptr);
        return status == LZO_E_OK && length == page.size();
    }
};

}  // namespace

std::unique_ptr<Expander> make_lzo_expander() {
    return std::make_unique<LzoExpander>();
}

}  // namespace guestdump::vmcore
