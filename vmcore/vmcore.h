// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "guest/guest.h"
#include "target-i386/cpu.h"
#include "vmcore/contents.h"
#include "vmcore/elf/note_list.h"
#include "vmcore/kdump/kdump_reader.h"
#include "vmcore/open_options.h"
#include "vmcore/vbox_core.h"

namespace guestdump::vmcore {

/// A vmcore read back: a guest that stands still for ever. Converting a vmcore is dumping it,
/// restoring one is mapping its blocks.
///
/// All functions may be called from any thread.
class Vmcore final : public guest::Guest {
  public:
    /// Opens an ELF or kdump-compressed vmcore, flattened or not, a VirtualBox core, or a core of
    /// guestdump-vm. Memory is read as it is asked for; the file must stay as it is.
    ///
    /// Errors: none of these; whatever in it leads outside of the file or makes no sense. All name
    /// the file and the numbers.
    static Result<std::unique_ptr<Vmcore>> open(const std::string& path, OpenOptions options = {});
    /// As open(), from any source of bytes.
    static Result<std::unique_ptr<Vmcore>> read(std::shared_ptr<const ByteSource> source,
                                                OpenOptions options = {});

    bool running() const override { return false; }
    Result<> pause() override { return {}; }
    void resume() override {}
    guest::GuestPhysBlockList blocks() const override { return contents_.blocks; }
    std::vector<guest::Cpu> cpus() const override;
    /// The file's machine and class; a 32-bit class gives way where @blocks do not fit it.
    Result<guest::ArchDumpInfo> arch_info(const guest::GuestPhysBlockList& blocks) const override;
    std::optional<guest::GuestNote> guest_note() const override { return guest_note_; }
    std::optional<guest::Utsname> recorded_utsname() const override;

    /// Registers by vCPU; see target_i386::parse_qemu_note() for what a note does not tell.
    const std::vector<target_i386::Registers>& vcpus() const { return cpus_; }
    const Contents& contents() const { return contents_; }
    bool flattened() const { return flattened_; }
    /// What only a kdump-compressed file has; nullptr for others.
    const KdumpFile* kdump() const { return kdump_ ? &*kdump_ : nullptr; }
    /// What only a VirtualBox core has; nullptr for others.
    const VboxCore* vbox() const { return vbox_ ? &*vbox_ : nullptr; }

  private:
    Vmcore() = default;

    Result<> read_notes();
    Result<> read_cpus(const NoteList& list);
    void record_cpus(const NoteList& list);
    void take_vbox_cpus();

    Contents contents_;
    std::optional<KdumpFile> kdump_;
    std::optional<VboxCore> vbox_;
    bool flattened_ = false;
    std::vector<target_i386::Registers> cpus_;
    /// NT_PRSTATUS descriptor of each vCPU, if only that note describes them; else empty.
    std::vector<std::vector<std::byte>> recorded_prstatus_;
    std::optional<guest::GuestNote> guest_note_;
};

}  // namespace guestdump::vmcore
