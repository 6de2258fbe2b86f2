// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guest/guest.h"
#include "guest/memory_mapping.h"
#include "tests/support/bytes.h"
#include "util/mapped_array.h"

namespace guestdump::support {

/// RAM with the contents that a test gave it.
class ScriptedRam final : public guest::RamRegion {
  public:
    ScriptedRam(std::string name, View contents);
    /// @size zero bytes. The host gives memory only for pages that are written.
    ScriptedRam(std::string name, size_t size);

    /// Writes @contents, of size() bytes, over all of it.
    void fill(View contents);

    /// From now on, reads of the byte at @offset fail, as with a broken backend.
    void fail_at(uint64_t offset) { bad_offset_ = offset; }
    /// [@offset, @offset + @size), which must be zero, counts as never populated. Reading it fails
    /// the test.
    void make_hole(uint64_t offset, uint64_t size) { holes_[offset] = offset + size; }

    std::span<std::byte> bytes() { return bytes_; }
    View bytes() const { return bytes_; }
    /// Calls of read() so far. Any thread.
    uint64_t reads() const { return reads_; }

    std::string_view name() const override { return name_; }
    uint64_t size() const override { return bytes_.size(); }
    util::Result<> read(uint64_t offset, std::span<std::byte> out) const override;
    const std::byte* mapped() const override { return bytes_.data(); }
    guest::RamExtent extent(uint64_t offset, uint64_t limit) const override;

  private:
    std::string name_;
    util::MappedArray<std::byte> bytes_;  // large, and mostly zero: a vector would write all of it
    std::map<uint64_t, uint64_t> holes_;  ///< ends by starts
    uint64_t bad_offset_ = UINT64_MAX;
    mutable std::atomic<uint64_t> reads_{0};
};

/// A vCPU whose notes and mappings a test sets. At first its registers have meaningless values,
/// different for each vCPU.
struct ScriptedCpu final : guest::RegisterValues {
    explicit ScriptedCpu(uint32_t index);

    std::optional<uint64_t> root;  ///< vCPUs of one address space have the same; empty: no paging
    std::vector<guest::MemoryMapping> mappings;
    /// NT_PRSTATUS descriptor for EM_X86_64, 336 bytes; pr_pid becomes the vCPU's number + 1.
    Bytes prstatus64;
    Bytes prstatus32;  ///< descriptor for EM_386, 144 bytes
    Bytes qemu;        ///< descriptor of the QEMU note, 440 bytes
    bool paging_off = false;
    std::optional<guest::Gva> handler;
    std::map<uint64_t, uint64_t> translations;       ///< physical addresses by virtual ones,
    std::optional<guest::Gpa> root_of_translations;  ///< in the tables at this root
};

/// The functions for ScriptedCpu. The VBCPU note has the QEMU note's descriptor.
extern const guest::Architecture kScriptedArchitecture;

/// A machine that does what a test specifies, including failures.
class ScriptedGuest final : public guest::Guest {
  public:
    /// Makes a long-mode machine from a few lines of text:
    ///
    ///     mode long                           or: mode protected (EM_386, ELF32)
    ///     cpus 2
    ///     ram 0x0 3 pages = 00 A5 pattern     each page's contents; the last word goes on
    ///     ram 0x100800 100 bytes = text
    ///     vmcoreinfo OSRELEASE=6.1.0          a line of the guest note
    ///
    /// Contents: a byte in hex; `pattern` does not compress; `text` does; `hole` is never
    /// populated. Text after '#' is a comment. Errors: a line that cannot be parsed.
    static util::Result<std::unique_ptr<ScriptedGuest>> parse(std::string_view script);

    /// Adds RAM at a guest-physical address. Blocks must not overlap.
    ScriptedRam& add_ram(uint64_t gpa, View contents);
    ScriptedRam& add_ram(uint64_t gpa, size_t size);  ///< zeros
    /// Adds a vCPU.
    ScriptedCpu& add_cpu();
    void add_cpu(guest::Cpu cpu) { cpus_.push_back(std::move(cpu)); }

    guest::ArchDumpInfo arch;
    std::optional<guest::GuestNote> note;
    std::optional<std::string> arch_failure;   ///< arch_info() fails with this
    std::optional<std::string> pause_failure;  ///< pause() fails with this
    bool is_running = true;
    int pauses = 0, resumes = 0;  ///< how often the guest was asked to

    bool running() const override { return is_running; }
    util::Result<> pause() override;
    void resume() override;
    guest::GuestPhysBlockList blocks() const override;
    std::vector<guest::Cpu> cpus() const override { return cpus_; }
    util::Result<guest::ArchDumpInfo> arch_info(const guest::GuestPhysBlockList&) const override;
    std::optional<guest::GuestNote> guest_note() const override { return note; }

  private:
    struct Ram {
        uint64_t gpa;
        std::shared_ptr<ScriptedRam> region;
    };
    bool was_running_ = false;
    std::vector<Ram> ram_;
    std::vector<guest::Cpu> cpus_;
};

/// The VMCOREINFO note as Linux hands it over, header and all, with @text as its descriptor.
guest::GuestNote vmcoreinfo_note(std::string_view text);

}  // namespace guestdump::support
