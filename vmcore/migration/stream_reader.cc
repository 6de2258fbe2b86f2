// SPDX-License-Identifier: GPL-2.0-or-later
#include "vmcore/migration/stream_reader.h"

#include <algorithm>
#include <cinttypes>
#include <set>

#include "format/migration.h"
#include "vmcore/contents.h"

namespace guestdump::vmcore {
namespace {

/// Limit on names of machine types and capabilities, bytes.
constexpr uint32_t kMostName = 256;
constexpr uint32_t kMostCapabilities = 256;
constexpr uint32_t kPageBitsOfX86 = 12;
constexpr size_t kUuidSize = 16;

/// Limit on a field that is read: the configuration space of a PCI Express device has 4 KiB.
constexpr uint64_t kMostField = uint64_t{64} << 10;

struct SectionHeader {
    uint32_t id = 0;
    std::string name;
    uint32_t instance = 0, version = 0;
};

class Reader {
  public:
    Reader(const ByteSource& source, StreamCursor& cursor) : source_(source), cursor_(cursor) {}

    Result<> read(MigrationStream& stream) {
        TRY(read_header());
        TRY(read_sections(stream));
        if (!ram_.has_blocks()) return Error::make("'%s': the stream has no RAM section", name());
        return {};
    }

    /// What has been read. Errors: those of RamReader::take().
    Result<> finish(MigrationStream& stream) {
        stream.blocks = TRY(std::move(ram_).take());
        return {};
    }

    bool has_blocks() const { return ram_.has_blocks(); }
    /// True after an error because the end of the stream is missing.
    bool cut_off() const { return cursor_.cut_off() || lacks_description_; }

  private:
    const char* name() const { return source_.name().c_str(); }

    Result<> read_header() {
        const std::string magic = TRY(cursor_.text("its header", format::kStreamMagic.size()));
        const uint32_t version = TRY(cursor_.be32("its header"));
        if (magic == format::kStreamMagic && version == format::kStreamVersion) return {};
        return Error::make("'%s': a migration stream of version %u, only %u is known", name(),
                           version, format::kStreamVersion);
    }

    Result<> read_sections(MigrationStream& stream) {
        while (true) {
            const uint64_t at = cursor_.position();
            const uint8_t type = TRY(cursor_.u8("the list of sections"));
            switch (type) {
                case format::kSectionEof:
                    return {};
                case format::kConfiguration:
                    TRY(read_configuration(stream));
                    break;
                case format::kCommand:
                    TRY(read_command());
                    break;
                case format::kSectionStart:
                case format::kSectionFull:
                    TRY(begin_section(stream));
                    break;
                case format::kSectionPart:
                case format::kSectionEnd:
                    TRY(continue_section());
                    break;
                default:
                    return Error::make("'%s': section type 0x%02x at offset %" PRIu64
                                       " of the stream is not known",
                                       name(), type, at);
            }
        }
    }

    Result<> read_configuration(MigrationStream& stream) {
        constexpr const char* kWhat = "the configuration";
        const uint32_t size = TRY(cursor_.be32(kWhat));
        if (size > kMostName)
            return Error::make(
                "'%s': the machine type's name has %u bytes, at most %u are believed", name(), size,
                kMostName);
        stream.machine_type = TRY(cursor_.text(kWhat, size));
        while (true) {
            const std::span<const std::byte> next = TRY(cursor_.peek(1));
            if (next.empty() || next[0] != std::byte{format::kSubsection}) return {};
            TRY(cursor_.skip(kWhat, 1));
            TRY(read_subsection());
        }
    }

    Result<> read_subsection() {
        constexpr const char* kWhat = "the configuration";
        const std::string subsection = TRY(cursor_.name(kWhat));
        TRY(cursor_.be32(kWhat));  // its version
        if (subsection == format::kPageBits) return check_page_bits();
        if (subsection == format::kCapabilities) return read_capabilities();
        if (subsection == format::kUuid) return cursor_.skip(kWhat, kUuidSize);
        return Error::make("'%s': the subsection '%s' of the stream's configuration is not known",
                           name(), subsection.c_str());
    }

    Result<> check_page_bits() {
        const uint32_t bits = TRY(cursor_.be32("the configuration"));
        if (bits == kPageBitsOfX86) return {};
        return Error::make("'%s': the stream has pages of 2^%u bytes, x86 has 2^%u", name(), bits,
                           kPageBitsOfX86);
    }

    Result<> read_capabilities() {
        const uint32_t count = TRY(cursor_.be32("the configuration"));
        if (count > kMostCapabilities)
            return Error::make("'%s': the stream has %u capabilities, at most %u are believed",
                               name(), count, kMostCapabilities);
        for (uint32_t i = 0; i < count; ++i) {
            const std::string capability = TRY(cursor_.name("the configuration"));
            if (capability == "mapped-ram") capabilities_.mapped_ram = true;
            if (capability == "x-ignore-shared") capabilities_.ignore_shared = true;
        }
        return {};
    }

    Result<> read_command() {
        const uint16_t command = TRY(cursor_.be16("a command"));
        const uint16_t size = TRY(cursor_.be16("a command"));
        if (command == format::kCommandPostcopyAdvise) capabilities_.postcopy = true;
        return cursor_.skip("a command", size);
    }

    Result<> begin_section(MigrationStream& stream) {
        constexpr const char* kWhat = "the header of a section";
        SectionHeader header;
        header.id = TRY(cursor_.be32(kWhat));
        header.name = TRY(cursor_.name(kWhat));
        header.instance = TRY(cursor_.be32(kWhat));
        header.version = TRY(cursor_.be32(kWhat));
        if (header.name == format::kRamSection) {
            TRY(begin_ram(header));
        } else {
            TRY(add_device(stream, header));
        }
        return read_footer(header.id);
    }

    Result<> begin_ram(const SectionHeader& header) {
        if (header.version != format::kRamVersion)
            return Error::make("'%s': RAM section of version %u, only %u is known", name(),
                               header.version, format::kRamVersion);
        ram_id_ = header.id;
        return ram_.read_section(cursor_, capabilities_);
    }

    Result<> continue_section() {
        const uint32_t id = TRY(cursor_.be32("the header of a section"));
        if (!ram_id_ || id != *ram_id_)
            return Error::make("'%s': the section %u at offset %" PRIu64
                               " of the stream was never begun",
                               name(), id, cursor_.position());
        TRY(ram_.read_section(cursor_, capabilities_));
        return read_footer(id);
    }

    /// Machine types of QEMU 2.3 and older have no footers. The first section shows that.
    Result<> read_footer(uint32_t id) {
        const std::span<const std::byte> next = TRY(cursor_.peek(1));
        const bool there = !next.empty() && next[0] == std::byte{format::kSectionFooter};
        if (!has_footers_) has_footers_ = there;
        if (!*has_footers_) return {};
        const uint8_t mark = TRY(cursor_.u8("the end of a section"));
        const uint32_t number = TRY(cursor_.be32("the end of a section"));
        if (mark == format::kSectionFooter && number == id) return {};
        return Error::make("'%s': section %u of the stream does not end at offset %" PRIu64, name(),
                           id, cursor_.position());
    }

    Result<> add_device(MigrationStream& stream, const SectionHeader& header) {
        if (!stream.descriptions) TRY(find_descriptions(stream));
        const DeviceDescription* const described =
            stream.descriptions ? stream.descriptions->find(header.name, header.instance) : nullptr;
        if (!stream.descriptions) {
            lacks_description_ = true;
            return Error::make("'%s': the stream is cut off after offset %" PRIu64
                               ": the description of its devices, at its end, is missing",
                               name(), cursor_.position());
        }
        if (!described) {
            return Error::make(
                "'%s': the stream does not describe device '%s', instance %u, at "
                "offset %" PRIu64 ", so its data cannot be skipped",
                name(), header.name.c_str(), header.instance, cursor_.position());
        }
        if (!seen_.insert(described).second)
            return Error::make("'%s': device '%s', instance %u, is in the stream twice", name(),
                               header.name.c_str(), header.instance);
        stream.devices.push_back({.name = header.name,
                                  .instance = header.instance,
                                  .version = header.version,
                                  .offset = cursor_.position(),
                                  .described = described});
        return cursor_.skip("the state of a device", described->size);
    }

    Result<> find_descriptions(MigrationStream& stream) {
        stream.descriptions = TRY(DeviceDescriptions::find(source_, cursor_.position()));
        return {};
    }

    const ByteSource& source_;
    StreamCursor& cursor_;
    RamReader ram_;
    RamCapabilities capabilities_;
    std::optional<uint32_t> ram_id_;
    std::optional<bool> has_footers_;
    bool lacks_description_ = false;
    std::set<const DeviceDescription*> seen_;  ///< of the devices so far
};

}  // namespace

uint64_t big_endian(std::span<const std::byte> bytes) {
    uint64_t value = 0;
    for (const std::byte byte : bytes) value = value << 8 | std::to_integer<uint64_t>(byte);
    return value;
}

const DeviceState* MigrationStream::find(std::string_view name, uint32_t instance) const {
    const auto found = std::find_if(devices.begin(), devices.end(), [&](const DeviceState& device) {
        return device.name == name && device.instance == instance;
    });
    return found == devices.end() ? nullptr : &*found;
}

Result<MigrationStream> read_stream(const ByteSource& source, uint64_t begin, OpenOptions options) {
    StreamCursor cursor = TRY(StreamCursor::at(source, begin, options.cancellation));
    MigrationStream stream;
    Reader reader(source, cursor);
    Result<> read = reader.read(stream);
    if (!read) {
        if (!reader.cut_off() || !options.partial || !reader.has_blocks())
            return std::move(read).take_error();
        stream.cut_off = read.error().message();
    }
    TRY(reader.finish(stream));
    return stream;
}

Result<std::vector<std::byte>> read_field(const ByteSource& source, const DeviceState& device,
                                          std::string_view field) {
    const std::optional<FieldPlace> place = device.described->find(field);
    std::vector<std::byte> bytes;
    uint64_t size = 0, end = 0;
    const bool possible = place && !__builtin_mul_overflow(place->size, place->count, &size) &&
                          !__builtin_add_overflow(place->offset, size, &end) &&
                          size <= kMostField && end <= device.described->size;
    if (!possible) return bytes;
    bytes.resize(size);
    TRY(source.read_at(device.offset + place->offset, bytes));
    return bytes;
}

Result<std::vector<uint64_t>> read_numbers(const ByteSource& source, const DeviceState& device,
                                           std::string_view field) {
    const std::vector<std::byte> bytes = TRY(read_field(source, device, field));
    std::vector<uint64_t> numbers;
    if (bytes.empty()) return numbers;
    const uint64_t size = device.described->find(field)->size;
    if (size > sizeof(uint64_t)) return numbers;
    for (uint64_t at = 0; at < bytes.size(); at += size)
        numbers.push_back(big_endian(std::span(bytes).subspan(at, size)));
    return numbers;
}

}  // namespace guestdump::vmcore
