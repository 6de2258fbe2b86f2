// SPDX-License-Identifier: GPL-2.0-or-later
#include <lzo/lzo1x.h>

#include <algorithm>
#include <cstring>

#include "util/mapped_vector.h"
#include "util/stored.h"
#include "vmcore/unpack/unpacker.h"

namespace guestdump::vmcore {
namespace {

using be16 = util::Stored<uint16_t, std::endian::big>;
using be32 = util::Stored<uint32_t, std::endian::big>;

// The format of lzop, a container for blocks of lzo1x. [lzop src/conf.h, lzop.c]
constexpr size_t kMagic = 9;                ///< bytes
constexpr uint16_t kNewVersion = 0x0940;    ///< the first whose header has the later fields
constexpr uint32_t kMostBlock = 64u << 20;  ///< bytes; lzop writes 256 KiB
constexpr uint8_t kMostMethod = 3;          ///< 1 to 3 are all lzo1x

enum Flag : uint32_t {
    kAdlerPlain = 0x1,  ///< checksums of a block, decompressed and compressed
    kAdlerPacked = 0x2,
    kExtraField = 0x40,
    kCrcPlain = 0x100,
    kCrcPacked = 0x200,
    kFilter = 0x800,
};

class LzopUnpacker final : public Unpacker {
  public:
    std::optional<Step> step(std::span<const std::byte> in, std::span<std::byte> out) override {
        Step done;
        while (true) {
            done.given += give(out.subspan(done.given));
            if (given_ < plain_.size() || ended_) break;
            const size_t lacking = wanted_ - packed_.size();
            const auto part = in.subspan(done.taken, std::min(lacking, in.size() - done.taken));
            if (!keep(part)) return std::nullopt;
            done.taken += part.size();
            if (packed_.size() < wanted_) break;
            if (!(this->*next_)()) return std::nullopt;
        }
        done.ended = ended_ && given_ == plain_.size();
        return done;
    }

    bool restart() override {
        packed_.truncate(0);
        plain_.truncate(0);
        given_ = 0;
        ended_ = false;
        expect(kMagic + kFixedHeader, &LzopUnpacker::header);
        return true;
    }

  private:
    using Stage = bool (LzopUnpacker::*)();

    /// Versions, method, level, flags, mode and time, if no field is left out.
    static constexpr size_t kFixedHeader = 2 + 2 + 2 + 1 + 1 + 4;

    /// Calls @next once @size more bytes are there. They begin at @packed_.
    void expect(size_t size, Stage next) {
        packed_.truncate(0);
        wanted_ = size;
        next_ = next;
    }

    bool keep(std::span<const std::byte> part) {
        const size_t before = packed_.size();
        if (!packed_.resize(before + part.size())) return false;
        std::copy(part.begin(), part.end(), packed_.begin() + before);
        return true;
    }

    size_t give(std::span<std::byte> out) {
        const size_t now = std::min(out.size(), plain_.size() - given_);
        std::copy_n(plain_.begin() + given_, now, out.begin());
        given_ += now;
        return now;
    }

    template <class T>
    T load(size_t at) const {
        T value;
        std::memcpy(&value, packed_.begin() + at, sizeof value);
        return value;
    }

    bool header() {
        const uint16_t version = load<be16>(kMagic);
        const auto method = std::to_integer<uint8_t>(packed_[kMagic + 6]);
        flags_ = load<be32>(kMagic + 8);
        // Older versions, of 1996, have other fields; lzop has written none since.
        if (version < kNewVersion || method == 0 || method > kMostMethod) return false;
        const size_t filter = (flags_ & kFilter) != 0 ? 4 : 0;
        constexpr size_t kModeAndTimes = 4 + 4 + 4, kNameLength = 1;
        expect(filter + kModeAndTimes + kNameLength, &LzopUnpacker::name);
        return true;
    }

    bool name() {
        constexpr size_t kChecksum = 4;
        const auto length = std::to_integer<size_t>(packed_[packed_.size() - 1]);
        expect(length + kChecksum,
               (flags_ & kExtraField) != 0 ? &LzopUnpacker::to_extra : &LzopUnpacker::to_block);
        return true;
    }

    bool to_extra() {
        expect(4, &LzopUnpacker::extra);
        return true;
    }

    bool extra() {
        constexpr size_t kChecksum = 4;
        const uint32_t length = load<be32>(0);
        if (length > kMostBlock) return false;
        expect(length + kChecksum, &LzopUnpacker::to_block);
        return true;
    }

    bool to_block() {
        expect(4, &LzopUnpacker::plain_size);
        return true;
    }

    bool plain_size() {
        plain_size_ = load<be32>(0);
        ended_ = plain_size_ == 0;
        if (plain_size_ > kMostBlock) return false;
        if (!ended_) expect(4, &LzopUnpacker::packed_size);
        return true;
    }

    bool packed_size() {
        const uint32_t size = load<be32>(0);
        if (size == 0 || size > plain_size_) return false;
        const bool stored = size == plain_size_;
        checksums_ = 0;
        for (const Flag flag : {kAdlerPlain, kCrcPlain}) checksums_ += (flags_ & flag) ? 4 : 0;
        for (const Flag flag : {kAdlerPacked, kCrcPacked})
            checksums_ += (flags_ & flag) && !stored ? 4 : 0;
        expect(checksums_ + size, &LzopUnpacker::block);
        return true;
    }

    bool block() {
        const auto* const from = reinterpret_cast<const unsigned char*>(packed_.begin());
        const size_t size = packed_.size() - checksums_;
        if (!plain_.resize(plain_size_)) return false;
        given_ = 0;
        if (size == plain_size_) {
            std::memcpy(plain_.begin(), from + checksums_, size);
        } else {
            lzo_uint length = plain_size_;
            const int status = ::lzo1x_decompress_safe(
                from + checksums_, size, reinterpret_cast<unsigned char*>(plain_.begin()), &length,
                nullptr);
            if (status != LZO_E_OK || length != plain_size_) return false;
        }
        if (!checks()) return false;
        return to_block();
    }

    /// Compares the first checksum, which is that of the decompressed bytes.
    bool checks() const {
        const auto* const plain = reinterpret_cast<const unsigned char*>(plain_.begin());
        if ((flags_ & kAdlerPlain) != 0)
            return ::lzo_adler32(1, plain, plain_size_) == uint32_t{load<be32>(0)};
        if ((flags_ & kCrcPlain) != 0)
            return ::lzo_crc32(0, plain, plain_size_) == uint32_t{load<be32>(0)};
        return true;
    }

    util::MappedVector<std::byte> packed_, plain_;
    size_t wanted_ = kMagic + kFixedHeader;
    Stage next_ = &LzopUnpacker::header;
    size_t given_ = 0;  ///< bytes of plain_
    uint32_t flags_ = 0;
    uint32_t plain_size_ = 0;
    size_t checksums_ = 0;  ///< bytes before the block's
    bool ended_ = false;
};

}  // namespace

std::unique_ptr<Unpacker> make_lzop_unpacker() {
    return std::make_unique<LzopUnpacker>();
}

}  // namespace guestdump::vmcore
