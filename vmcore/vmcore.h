// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "guest/guest.h"
#include "guest/live_moment.h"
#include "target-i386/registers.h"
#include "vmcore/contents.h"
#include "vmcore/elf/note_list.h"
#include "vmcore/open_options.h"

namespace guestdump::vmcore {

class ByteSource;
struct KdumpFile;
struct VboxCore;

/// Presents a vmcore as a guest that is always stopped. So `convert` dumps this guest, and
/// `-restore` maps its blocks.
///
/// All functions may be called from any thread.
class Vmcore final : public guest::Guest {
  public:
    /// Opens an ELF or kdump-compressed vmcore, flattened or not, a VirtualBox core, a core of
    /// guestdump-vm, or a migration stream of QEMU. Memory is read on request, so the file must not
    /// change. A compressed file is unpacked into a temporary file first.
    ///
    /// Errors: the file has none of these formats; something in it lies outside the file or is
    /// implausible. Messages contain the file's name and the numbers.
    static Result<std::unique_ptr<Vmcore>> open(const std::string& path, OpenOptions options = {});
    /// As open(), from any source of bytes.
    static Result<std::unique_ptr<Vmcore>> read(std::shared_ptr<const ByteSource> source,
                                                OpenOptions options = {});

    /// As read(), from all files of a split set, or from one file of any kind. @parts is not empty.
    static Result<std::unique_ptr<Vmcore>> read(
        const std::vector<std::shared_ptr<const ByteSource>>& parts, OpenOptions options = {});

    ~Vmcore() override;

    bool running() const override { return false; }
    Result<> pause() override { return {}; }
    void resume() override {}
    guest::GuestPhysBlockList blocks() const override { return contents_.blocks; }
    std::vector<guest::Cpu> cpus() const override;
    /// Returns the file's machine and class. The class is 64-bit if 32-bit headers cannot represent
    /// @blocks.
    Result<guest::ArchDumpInfo> arch_info(const guest::GuestPhysBlockList& blocks) const override;
    std::optional<guest::GuestNote> guest_note() const override { return guest_note_; }
    std::optional<guest::Utsname> recorded_utsname() const override;
    guest::RecordedNotes recorded_notes() const override { return recorded_notes_; }
    guest::LeftOut left_out() const override;

    /// The registers of each vCPU, of x86 only; see target_i386::parse_qemu_note() for those
    /// that notes do not contain.
    const std::vector<target_i386::Registers>& vcpus() const { return cpus_; }
    const Contents& contents() const { return contents_; }
    bool flattened() const { return flattened_; }
    /// The parts that only a kdump-compressed file has; nullptr for other files.
    const KdumpFile* kdump() const { return kdump_.get(); }
    /// The parts that only a VirtualBox core has; nullptr for other files.
    const VboxCore* vbox() const { return vbox_.get(); }
    /// Set if the guest ran while the file was made. Its note is one of recorded_notes().
    std::optional<guest::LiveMoment> live_moment() const { return moment_; }

    /// Replaces the note that guest_note() returns. Main thread, before the vmcore is shared.
    void set_guest_note(guest::GuestNote note) { guest_note_ = std::move(note); }

    /// Takes @ranges, which cannot be read, out of the blocks: they are missing from now on. Main
    /// thread, before the vmcore is shared.
    void lose(const RangeList& ranges);

    /// Number of files of a split set that were put together; 1 for others.
    size_t files() const { return files_; }

  private:
    Vmcore();

    Result<> read_notes();
    void read_other_notes(const NoteList& list);
    void count_foreign_cpus(const NoteList& list);
    Result<> read_cpus(const NoteList& list);
    void record_others(const NoteList& list, const Note* vmcoreinfo);
    void record_cpus(const NoteList& list);
    void take_vbox_cpus();

    Contents contents_;
    std::unique_ptr<const KdumpFile> kdump_;
    std::unique_ptr<const VboxCore> vbox_;
    bool flattened_ = false;
    size_t files_ = 1;
    std::vector<target_i386::Registers> cpus_;
    /// NT_PRSTATUS descriptor of each vCPU, if there is no other note about vCPUs; otherwise empty.
    std::vector<std::vector<std::byte>> recorded_prstatus_;
    std::optional<guest::GuestNote> guest_note_;
    guest::RecordedNotes recorded_notes_;
    std::optional<guest::LiveMoment> moment_;
};

}  // namespace guestdump::vmcore
