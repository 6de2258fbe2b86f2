// SPDX-License-Identifier: GPL-2.0-or-later
#include "api/vmcore.h"

#include <utility>

#include "api/error.h"
#include "api/registers.h"

namespace guestdump::api {
namespace {

std::string architecture_of(const vmcore::Contents& contents) {
    return contents.uname_machine.empty() ? vmcore::uname_of(contents.machine)
                                          : contents.uname_machine;
}

std::vector<std::string> names_of(const vmcore::NoteList& list) {
    std::vector<std::string> names;
    for (const vmcore::Note& note : list.notes) names.emplace_back(note.name);
    return names;
}

}  // namespace
}  // namespace guestdump::api

namespace api = guestdump::api;

guestdump_vmcore::guestdump_vmcore(std::unique_ptr<guestdump::vmcore::Vmcore> opened)
    : file(std::move(opened)),
      memory(file->page_source()),
      architecture(api::architecture_of(file->contents())),
      notes(file->contents().note_list()),
      note_names(api::names_of(notes)) {}

guestdump_vmcore* guestdump_vmcore_open(const char* path, guestdump_error** error) {
    auto opened = guestdump::vmcore::Vmcore::open(path);
    if (opened) return new guestdump_vmcore(std::move(opened).take());
    api::report(std::move(opened).take_error(), error);
    return nullptr;
}

void guestdump_vmcore_free(guestdump_vmcore* vmcore) {
    delete vmcore;
}

const char* guestdump_vmcore_format(const guestdump_vmcore* vmcore) {
    return vmcore->file->contents().format.c_str();
}

const char* guestdump_vmcore_architecture(const guestdump_vmcore* vmcore) {
    return vmcore->architecture.c_str();
}

uint32_t guestdump_vmcore_page_size(const guestdump_vmcore* vmcore) {
    return vmcore->file->contents().page_size;
}

const char* guestdump_vmcore_warning(const guestdump_vmcore* vmcore, size_t index) {
    const std::vector<std::string>& warnings = vmcore->file->contents().warnings;
    return index < warnings.size() ? warnings[index].c_str() : nullptr;
}

size_t guestdump_vmcore_notes(const guestdump_vmcore* vmcore) {
    return vmcore->notes.notes.size();
}

const char* guestdump_vmcore_note_name(const guestdump_vmcore* vmcore, size_t index) {
    return index < vmcore->note_names.size() ? vmcore->note_names[index].c_str() : nullptr;
}

uint32_t guestdump_vmcore_note_type(const guestdump_vmcore* vmcore, size_t index) {
    const auto& notes = vmcore->notes.notes;
    return index < notes.size() ? notes[index].type : 0;
}

const void* guestdump_vmcore_note_data(const guestdump_vmcore* vmcore, size_t index, size_t* size) {
    const auto& notes = vmcore->notes.notes;
    const bool is_there = index < notes.size();
    if (size) *size = is_there ? notes[index].descriptor.size() : 0;
    return is_there ? notes[index].descriptor.data() : nullptr;
}

size_t guestdump_vmcore_blocks(const guestdump_vmcore* vmcore) {
    return vmcore->memory->blocks().view().size();
}

int guestdump_vmcore_block(const guestdump_vmcore* vmcore, size_t index, uint64_t* start,
                           uint64_t* size) {
    const auto blocks = vmcore->memory->blocks().view();
    if (index >= blocks.size()) return -1;
    if (start) *start = blocks[index].range.start.value;
    if (size) *size = blocks[index].range.size;
    return 0;
}

int guestdump_vmcore_read(const guestdump_vmcore* vmcore, uint64_t gpa, void* buffer, size_t size,
                          guestdump_error** error) {
    const std::span<std::byte> out(static_cast<std::byte*>(buffer), size);
    return api::status_of(vmcore->memory->read(guestdump::guest::Gpa{gpa}, out), error);
}

size_t guestdump_vmcore_vcpus(const guestdump_vmcore* vmcore) {
    return vmcore->file->vcpus().size();
}

int guestdump_vmcore_registers(const guestdump_vmcore* vmcore, size_t index,
                               guestdump_x86_registers* registers, guestdump_error** error) {
    const auto& vcpus = vmcore->file->vcpus();
    if (index >= vcpus.size()) {
        api::report(guestdump::Error::make("there is no vCPU %zu: the file has registers of %zu",
                                           index, vcpus.size()),
                    error);
        return -1;
    }
    *registers = api::to_c(vcpus[index]);
    return 0;
}
