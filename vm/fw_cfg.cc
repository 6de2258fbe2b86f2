// SPDX-License-Identifier: GPL-2.0-or-later
#include "vm/fw_cfg.h"

#include <algorithm>
#include <cstring>

#include "util/stored.h"

namespace guestdump::vm {
namespace {

using util::be64;
using util::le16;
using util::le32;
using util::le64;
using be16 = util::Stored<uint16_t, std::endian::big>;
using be32 = util::Stored<uint32_t, std::endian::big>;

// Ports on a PC. [qemu docs/specs/fw_cfg.rst]
constexpr uint16_t kSelectorPort = 0x510, kDataPort = 0x511;
constexpr uint16_t kDmaHighPort = 0x514, kDmaLowPort = 0x518;

// Items. Files have numbers from 0x20. [qemu docs/specs/fw_cfg.rst]
constexpr uint16_t kSignature = 0x00, kId = 0x01, kDirectory = 0x19, kVmcoreinfo = 0x20;

// Bits of a request's control word; its high half selects an item. [qemu docs/specs/fw_cfg.rst]
constexpr uint32_t kDmaError = 0x01, kDmaRead = 0x02, kDmaSkip = 0x04, kDmaSelect = 0x08,
                   kDmaWrite = 0x10;

/// Maximum transfer size of one guest request, bytes. It is larger than any item and small enough
/// to finish quickly.
constexpr uint32_t kMostTransfer = 64 << 10;

/// [qemu docs/specs/vmcoreinfo.rst]
struct VmcoreinfoFile {
    le16 host_format, guest_format;
    le32 size;
    le64 address;
};
static_assert(sizeof(VmcoreinfoFile) == 16);
constexpr uint16_t kFormatNone = 0, kFormatElf = 1;

struct DirectoryEntry {
    be32 size;
    be16 item;
    uint8_t reserved[2] = {};
    std::array<char, 56> name{};
};
struct Directory {
    be32 count;
    DirectoryEntry file;
};
static_assert(sizeof(Directory) == 68);

struct DmaRequest {
    be32 control, length;
    be64 address;
};
static_assert(sizeof(DmaRequest) == 16);

constexpr std::string_view kSignatureText = "QEMU";
constexpr std::string_view kDmaSignatureText = "QEMU CFG";
constexpr std::string_view kFileName = "etc/vmcoreinfo";

const le32 kTraditionalAndDma = 3;

std::span<const std::byte> bytes(std::string_view text) {
    return std::as_bytes(std::span(text));
}

const Directory& directory() {
    static const Directory kOneFile = [] {
        Directory made;
        made.count = 1;
        made.file.size = sizeof(VmcoreinfoFile);
        made.file.item = kVmcoreinfo;
        std::copy(kFileName.begin(), kFileName.end(), made.file.name.begin());
        return made;
    }();
    return kOneFile;
}

/// Address of [@gpa, @gpa + @size) in this process. nullptr unless all of it lies in one piece of
/// RAM.
std::byte* ram_at(const AddressSpace& memory, Gpa gpa, uint64_t size) {
    for (const MappedMemory& piece : memory.view()) {
        if (piece.kind != MemoryKind::ram || !piece.host || !piece.range.contains(gpa)) continue;
        const uint64_t at = gpa.value - piece.range.start.value;
        return size <= piece.range.size - at ? piece.host + at : nullptr;
    }
    return nullptr;
}

template <class T>
T load(const std::byte* from) {
    T object;
    std::memcpy(&object, from, sizeof object);
    return object;
}

}  // namespace

FwCfg::FwCfg(const AddressSpace& memory, std::function<void()> on_note)
    : memory_(memory), on_note_(std::move(on_note)) {
    reset();
}

void FwCfg::reset() {
    const std::lock_guard lock(mutex_);
    select(kSignature);
    VmcoreinfoFile fresh;
    fresh.host_format = kFormatElf;
    std::memcpy(file_.data(), &fresh, sizeof fresh);
    has_note_ = false;
}

std::optional<FwCfg::NotePlace> FwCfg::note() const {
    const std::lock_guard lock(mutex_);
    if (!has_note_) return std::nullopt;
    const auto file = load<VmcoreinfoFile>(file_.data());
    return NotePlace{.format = file.guest_format, .size = file.size, .address = Gpa{file.address}};
}

void FwCfg::select(uint16_t item) {
    item_ = item;
    position_ = 0;
}

std::span<const std::byte> FwCfg::selected() const {
    switch (item_) {
        case kSignature:
            return bytes(kSignatureText);
        case kId:
            return util::bytes_of(kTraditionalAndDma);
        case kDirectory:
            return util::bytes_of(directory());
        case kVmcoreinfo:
            return file_;
        default:
            return {};
    }
}

std::byte FwCfg::next_byte() {
    const auto item = selected();
    return position_ < item.size() ? item[position_++] : std::byte{0};
}

bool FwCfg::read_port(uint16_t port, std::span<std::byte> out) {
    const std::lock_guard lock(mutex_);
    if (port == kDataPort && out.size() == 1) {
        out[0] = next_byte();
        return true;
    }
    if ((port == kDmaHighPort || port == kDmaLowPort) && out.size() == 4) {
        const auto signature = bytes(kDmaSignatureText).subspan(port - kDmaHighPort, 4);
        std::copy(signature.begin(), signature.end(), out.begin());
        return true;
    }
    return false;
}

bool FwCfg::write_port(uint16_t port, std::span<const std::byte> data) {
    bool file_written = false;
    {
        const std::lock_guard lock(mutex_);
        if (port == kSelectorPort && data.size() == 2) {
            select(load<le16>(data.data()));
        } else if (port == kDmaHighPort && data.size() == 4) {
            dma_high_ = load<be32>(data.data());
        } else if (port == kDmaLowPort && data.size() == 4) {
            const uint64_t high = std::exchange(dma_high_, 0);
            file_written = transfer(Gpa{high << 32 | load<be32>(data.data())});
        } else {
            return false;
        }
    }
    // Called without the lock, because on_note_ may read the note.
    if (file_written) on_note_();
    return true;
}

bool FwCfg::transfer(Gpa request_at) {
    std::byte* const place = ram_at(memory_, request_at, sizeof(DmaRequest));
    if (!place) return false;  // the guest cannot be informed
    const auto request = load<DmaRequest>(place);
    const uint32_t control = request.control, length = request.length;
    if (control & kDmaSelect) select(static_cast<uint16_t>(control >> 16));

    bool fine = length <= kMostTransfer, file_written = false;
    if (fine && (control & (kDmaRead | kDmaWrite))) {
        std::byte* const data = ram_at(memory_, Gpa{request.address}, length);
        fine = data || length == 0;
        if (fine && (control & kDmaRead)) {
            std::generate_n(data, length, [this] { return next_byte(); });
        } else if (fine) {
            fine = file_written = write_file({data, length});
        }
    } else if (fine && (control & kDmaSkip)) {
        position_ += length;
    }
    const be32 done = fine ? 0 : kDmaError;
    std::memcpy(place, &done, sizeof done);
    return file_written;
}

bool FwCfg::write_file(std::span<const std::byte> data) {
    if (item_ != kVmcoreinfo || position_ > file_.size() || data.size() > file_.size() - position_)
        return false;
    std::copy(data.begin(), data.end(), file_.begin() + static_cast<ptrdiff_t>(position_));
    const bool whole = position_ == 0 && data.size() == file_.size();
    has_note_ = whole && load<VmcoreinfoFile>(file_.data()).guest_format != kFormatNone;
    position_ += data.size();
    return true;
}

}  // namespace guestdump::vm
