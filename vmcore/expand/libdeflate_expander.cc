// SPDX-License-Identifier: GPL-2.0-or-later
#include <libdeflate.h>

#include "vmcore/expand/expander.h"

namespace guestdump::vmcore {
namespace {

class LibdeflateExpander final : public Expander {
  public:
    bool expand(std::span<const std::byte> stored, std::span<std::byte> page) override {
        // Without a pointer for the length, libdeflate reports anything but a full page as an
        // error.
        return state_ &&
               libdeflate_zlib_decompress(state_.get(), stored.data(), stored.size(), page.data(),
                                          page.size(), nullptr) == LIBDEFLATE_SUCCESS;
    }

  private:
    struct Free {
        void operator()(libdeflate_decompressor* state) const {
            libdeflate_free_decompressor(state);
        }
    };
    std::unique_ptr<libdeflate_decompressor, Free> state_{libdeflate_alloc_decompressor()};
};

}  // namespace

std::unique_ptr<Expander> make_libdeflate_expander() {
    return std::make_unique<LibdeflateExpander>();
}

}  // namespace guestdump::vmcore
