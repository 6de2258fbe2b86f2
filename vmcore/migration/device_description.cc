// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration/device_description.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

#include "format/migration.h"
#include "util/mapped_array.h"
#include "vmcore/migration/json_cursor.h"

namespace guestdump::vmcore {
namespace {

/// Limit on the JSON, bytes. A vCPU takes 6 KiB of it, so this is enough for 4096 vCPUs.
constexpr uint64_t kMostJson = uint64_t{32} << 20;

/// Limit on the devices: a vCPU has four.
constexpr size_t kMostDevices = size_t{1} << 15;

/// kSectionEof, kDescription, be32 size.
constexpr size_t kHeader = 6;

/// A field, or a subsection, that has been read.
struct Field {
    std::string_view name;
    uint64_t size = 0;
    uint64_t count = 1;
    std::optional<FieldPlace> inside;  ///< the wanted field, if it is in this one
};

bool matches(std::string_view name, std::string_view wanted) {
    return name == wanted || (name.starts_with(wanted) && name.substr(wanted.size()) == "[0]");
}

/// Adds @size * @count to @sum. Returns false if it does not fit.
bool add(uint64_t size, uint64_t count, uint64_t& sum) {
    uint64_t bytes = 0;
    return !__builtin_mul_overflow(size, count, &bytes) &&
           !__builtin_add_overflow(sum, bytes, &sum);
}

/// Walks the fields of a device, adds up their sizes, and finds one of them.
class FieldWalk {
  public:
    FieldWalk(JsonCursor& json, std::string_view wanted) : json_(json), wanted_(wanted) {}

    /// Reads the list of "fields". @size: of all of them, bytes.
    bool fields(uint64_t& size, std::optional<FieldPlace>& found) {
        return json_.array([&] {
            Field one;
            if (!field(one)) return false;
            if (!found && one.inside) {
                found = one.inside;
                found->offset += size;
            }
            return add(one.size, one.count, size);
        });
    }

    /// Reads the list of "subsections", which follow the fields. @size: of all before and after
    /// with their headers, bytes.
    bool subsections(uint64_t& size, std::optional<FieldPlace>& found) {
        return json_.array([&] {
            std::string_view name;
            uint64_t content = 0;
            std::optional<FieldPlace> inside;
            const bool good = json_.object([&](std::string_view key) {
                if (key == "vmsd_name") return take(json_.string(), name);
                if (key == "fields") return fields(content, inside);
                if (key == "subsections") return subsections(content, inside);
                return json_.skip();
            });
            // kSubsection, the name and its length, be32 version.
            if (!good || !add(1 + 1 + name.size() + 4, 1, size)) return false;
            if (!found && inside) {
                found = inside;
                found->offset += size;
            }
            return add(content, 1, size);
        });
    }

    template <class T>
    static bool take(const std::optional<T>& from, T& to) {
        if (from) to = *from;
        return from.has_value();
    }

  private:
    bool field(Field& one) {
        const bool good = json_.object([&](std::string_view key) {
            if (key == "name") return take(json_.string(), one.name);
            if (key == "size") return take(json_.number(), one.size);
            if (key == "array_len") return take(json_.number(), one.count);
            if (key == "struct") return structure(one.inside);
            return json_.skip();
        });
        if (good && !wanted_.empty() && matches(one.name, wanted_))
            one.inside = {.offset = 0, .size = one.size, .count = one.count};
        return good;
    }

    /// A structure's size is that of its field.
    bool structure(std::optional<FieldPlace>& found) {
        uint64_t size = 0;
        return json_.object([&](std::string_view key) {
            if (key == "fields") return fields(size, found);
            if (key == "subsections") return subsections(size, found);
            return json_.skip();
        });
    }

    JsonCursor& json_;
    std::string_view wanted_;
};

bool read_device(JsonCursor& json, std::string_view text, DeviceDescription& device) {
    FieldWalk walk(json, {});
    std::optional<FieldPlace> unused;
    std::string_view name;
    const size_t from = json.position();
    const bool good = json.object([&](std::string_view key) {
        if (key == "name") return FieldWalk::take(json.string(), name);
        if (key == "instance_id") return FieldWalk::take(json.number(), device.instance);
        if (key == "version") return FieldWalk::take(json.number(), device.version);
        if (key == "fields") return walk.fields(device.size, unused);
        if (key == "subsections") return walk.subsections(device.size, unused);
        return json.skip();
    });
    device.name = name;
    device.json = text.substr(from, json.position() - from);
    return good && !name.empty();
}

/// The size of the description's JSON, if a stream ends at @at and one follows.
std::optional<uint32_t> description_at(std::span<const std::byte> bytes, size_t at) {
    if (bytes[at] != std::byte{format::kSectionEof} ||
        bytes[at + 1] != std::byte{format::kDescription} || bytes[at + kHeader] != std::byte{'{'})
        return std::nullopt;
    format::be32 size;
    std::memcpy(&size, bytes.data() + at + 2, sizeof size);
    const bool inside = size >= 2 && size <= bytes.size() - at - kHeader;
    if (!inside || bytes[at + kHeader + size - 1] != std::byte{'}'}) return std::nullopt;
    return uint32_t{size};
}

}  // namespace

std::optional<FieldPlace> DeviceDescription::find(std::string_view field) const {
    JsonCursor cursor(json);
    FieldWalk walk(cursor, field);
    std::optional<FieldPlace> found;
    uint64_t bytes = 0;
    const bool good = cursor.object([&](std::string_view key) {
        if (key == "fields") return walk.fields(bytes, found);
        if (key == "subsections") return walk.subsections(bytes, found);
        return cursor.skip();
    });
    return good ? found : std::nullopt;
}

Result<DeviceDescriptions> DeviceDescriptions::parse(std::string json, const std::string& name) {
    DeviceDescriptions all;
    all.json_ = std::make_unique<const std::string>(std::move(json));
    JsonCursor cursor(*all.json_);
    const bool good = cursor.object([&](std::string_view key) {
        if (key != "devices") return cursor.skip();
        return cursor.array([&] {
            DeviceDescription device;
            const bool read = read_device(cursor, *all.json_, device);
            if (!read) return false;
            all.by_name_.try_emplace({device.name, device.instance}, all.devices_.size());
            all.devices_.push_back(std::move(device));
            return all.devices_.size() < kMostDevices;
        });
    });
    if (good) return all;
    return Error::make("'%s': the description of the devices is malformed at byte %zu of %zu",
                       name.c_str(), cursor.position(), all.json_->size());
}

Result<std::optional<DeviceDescriptions>> DeviceDescriptions::find(const ByteSource& source,
                                                                   uint64_t begin) {
    const uint64_t there = std::min(source.size() - begin, kMostJson);
    const uint64_t from = source.size() - there;
    std::optional<Error> malformed;
    for (uint64_t window = std::min<uint64_t>(there, uint64_t{1} << 20);;
         window = std::min(there, window * 8)) {
        util::MappedArray<std::byte> tail = TRY(util::MappedArray<std::byte>::make(window));
        const uint64_t start = source.size() - window;
        const std::span<std::byte> bytes(tail.data(), tail.size());
        TRY(source.read_at(start, bytes));
        for (size_t at = bytes.size() > kHeader ? bytes.size() - kHeader : 0; at-- > 0;) {
            const std::optional<uint32_t> size = description_at(bytes, at);
            if (!size) continue;
            const char* const json = reinterpret_cast<const char*>(bytes.data()) + at + kHeader;
            Result<DeviceDescriptions> found = parse({json, *size}, source.name());
            if (found) {
                found->offset_ = start + at;
                return std::optional(std::move(found).take());
            }
            if (!malformed) malformed = found.error();
        }
        if (start != from) continue;
        if (malformed) return *std::move(malformed);
        return std::optional<DeviceDescriptions>();
    }
}

const DeviceDescription* DeviceDescriptions::find(std::string_view name, uint64_t instance) const {
    const auto found = by_name_.find({std::string(name), instance});
    return found == by_name_.end() ? nullptr : &devices_[found->second];
}

}  // namespace guestdump::vmcore
