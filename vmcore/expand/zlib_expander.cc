// SPDX-License-Identifier: GPL-2.0-or-later
#include <zlib.h>

#include "vmcore/expand/expander.h"

namespace guestdump::vmcore {
namespace {

class ZlibExpander final : public Expander {
  public:
    bool expand(std::span<const std::byte> stored, std::span<std::byte> page) override {
        uLongf length = page.size();
        const int status = uncompress(reinterpret_cast<Bytef*>(page.data()), &length,
                                      reinterpret_cast<const Bytef*>(stored.data()), stored.size());
        return status == Z_OK && length == page.size();
    }
};

}  // namespace

std::unique_ptr<Expander> make_zlib_expander() {
    return std::make_unique<ZlibExpander>();
}

}  // namespace guestdump::vmcore
