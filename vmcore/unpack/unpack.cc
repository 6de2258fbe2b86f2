// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/unpack/unpack.h"

#include <algorithm>
#include <array>
#include <cinttypes>
#include <string_view>

#include "util/mapped_array.h"
#include "vmcore/nameless_file.h"

namespace guestdump::vmcore {
namespace {

using namespace std::string_view_literals;

#ifdef HAVE_BZIP2
constexpr auto kBzip2 = make_bzip2_unpacker;
#else
constexpr std::unique_ptr<Unpacker> (*kBzip2)() = nullptr;
#endif

#ifdef HAVE_XZ
constexpr auto kXz = make_xz_unpacker;
#else
constexpr std::unique_ptr<Unpacker> (*kXz)() = nullptr;
#endif

#ifdef HAVE_LZO
constexpr auto kLzop = make_lzop_unpacker;
#else
constexpr std::unique_ptr<Unpacker> (*kLzop)() = nullptr;
#endif

#ifdef HAVE_ZSTD
constexpr auto kZstd = make_zstd_unpacker;
#else
constexpr std::unique_ptr<Unpacker> (*kZstd)() = nullptr;
#endif

struct Kind {
    std::string_view magic;
    Packing packing;
};

// The magic numbers are those of the formats' specifications.
constexpr std::array kKinds = {
    Kind{"\x1f\x8b"sv, {"gzip", make_gzip_unpacker}},
    Kind{"BZh"sv, {"bzip2", kBzip2}},
    Kind{"\xfd"
         "7zXZ\0"sv,
         {"xz", kXz}},
    Kind{"\x89LZO\0\r\n\x1a\n"sv, {"lzop", kLzop}},
    Kind{"\x28\xb5\x2f\xfd"sv, {"zstd", kZstd}},
};

constexpr size_t kInput = size_t{256} << 10, kOutput = size_t{1} << 20;  ///< bytes

/// Feeds an Unpacker from a source, and writes what it gives.
class Unpacking {
  public:
    Unpacking(const ByteSource& source, uint64_t offset, const Packing& packing,
              const OpenOptions& options)
        : source_(source), position_(offset), packing_(packing), options_(options) {}

    Result<Unpacked> run() {
        input_ = TRY(util::MappedArray<std::byte>::make(kInput));
        output_ = TRY(util::MappedArray<std::byte>::make(kOutput));
        NamelessFile file = TRY(NamelessFile::create(source_.name()));
        const std::unique_ptr<Unpacker> unpacker = packing_.make();
        if (!unpacker) return Error::make("out of memory for %s", packing_.name);
        std::optional<Error> damage;
        while (!damage) {
            TRY(fill());
            const std::span<const std::byte> in(input_.data() + taken_, filled_ - taken_);
            const auto step = unpacker->step(in, std::span(output_.data(), output_.size()));
            if (!step) {
                damage = damaged("is damaged");
                break;
            }
            taken_ += step->taken;
            TRY(file.append(std::span(output_.data(), step->given)));
            if (options_.unpacking) options_.unpacking(packing_.name, file.size());
            if (options_.cancellation) TRY(options_.cancellation->check());
            // What follows a complete file and is not another one is ignored, as gzip does.
            if (step->ended && packing_at(source_, at()) != &packing_) break;
            if (step->ended && !unpacker->restart()) return Error::make("out of memory");
            // Buffers are full-sized, so only the end of the input stops a step.
            const bool stuck = step->taken == 0 && step->given == 0 && !step->ended;
            if (stuck && position_ == source_.size()) damage = damaged("is cut off");
        }
        Unpacked result;
        result.damage = std::move(damage);
        result.file = TRY(std::move(file).finish());
        return result;
    }

  private:
    /// Offset in the source of the next byte of input.
    uint64_t at() const { return position_ - (filled_ - taken_); }

    Error damaged(const char* what) const {
        return Error::make("'%s': the %s data %s before offset %" PRIu64 " of %" PRIu64,
                           source_.name().c_str(), packing_.name, what, at(), source_.size());
    }

    /// Moves the rest of the input to the start of the buffer and fills it.
    Result<> fill() {
        if (position_ == source_.size() || taken_ < kInput / 2) {
            if (filled_ != 0) return {};
        }
        std::copy(input_.data() + taken_, input_.data() + filled_, input_.data());
        filled_ -= taken_;
        taken_ = 0;
        const uint64_t now = std::min<uint64_t>(kInput - filled_, source_.size() - position_);
        TRY(source_.read_at(position_, std::span(input_.data() + filled_, now)));
        position_ += now;
        filled_ += now;
        return {};
    }

    const ByteSource& source_;
    uint64_t position_;  ///< in the source, after the input that has been read
    const Packing& packing_;
    const OpenOptions& options_;
    util::MappedArray<std::byte> input_, output_;
    size_t filled_ = 0, taken_ = 0;  ///< bytes of the input buffer
};

}  // namespace

const Packing* packing_at(const ByteSource& source, uint64_t offset) {
    constexpr size_t kLongest = 16;
    if (offset >= source.size()) return nullptr;
    std::string start(std::min<uint64_t>(kLongest, source.size() - offset), '\0');
    if (!source.read_at(offset, std::as_writable_bytes(std::span(start)))) return nullptr;
    const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& kind) {
        return start.starts_with(kind.magic);
    });
    return found == kKinds.end() ? nullptr : &found->packing;
}

Result<Unpacked> unpack(const ByteSource& source, uint64_t offset, const Packing& packing,
                        const OpenOptions& options) {
    return Unpacking(source, offset, packing, options).run();
}

}  // namespace guestdump::vmcore
