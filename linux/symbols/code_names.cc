// SPDX-License-Identifier: GPL-2.0-or-later
#include "linux/symbols/code_names.h"

#include <cinttypes>

#include "util/text.h"

namespace guestdump::linux_guest {

std::string CodeName::text() const {
    std::string text = util::text("%s+0x%" PRIx64 "/0x%" PRIx64, function.c_str(), offset, size);
    if (!module.empty()) text += " [" + module + "]";
    return text;
}

CodeNames::CodeNames(const VirtualMemory& memory, const SymbolTable& symbols,
                     const ModuleList* modules)
    : memory_(memory),
      symbols_(symbols),
      modules_(modules),
      text_(between("_stext", "_etext")),
      init_text_(between("_sinittext", "_einittext")),
      scheduler_(between("__sched_text_start", "__sched_text_end")) {}

CodeNames::Range CodeNames::between(const char* first, const char* last) const {
    const auto begin = symbols_.address_of(first), end = symbols_.address_of(last);
    if (!begin || !end) return {};
    return {begin->value, end->value};
}

bool CodeNames::is_code(guest::Gva address) const {
    return text_.contains(address) || init_text_.contains(address) ||
           (modules_ && modules_->find(address));
}

const SymbolTable* CodeNames::symbols_of(const Module& module) const {
    const auto [place, is_new] = module_symbols_.try_emplace(&module);
    if (is_new) {
        Result<SymbolTable> table = read_module_symbols(memory_, module);
        if (table) place->second = std::move(table).take();
    }
    return place->second ? &*place->second : nullptr;
}

std::optional<CodeName> CodeNames::find(guest::Gva address, bool behind_call) const {
    const guest::Gva inside{behind_call ? address.value - 1 : address.value};
    if (!is_code(inside)) return std::nullopt;
    const Module* const module = modules_ ? modules_->find(inside) : nullptr;
    const SymbolTable* const symbols = module ? symbols_of(*module) : &symbols_;
    CodeName name;
    if (module) name.module = util::ascii(module->name);
    const auto symbol = symbols ? symbols->find(inside) : std::nullopt;
    if (!symbol) return module ? std::optional(name) : std::nullopt;
    name.function = symbol->name;
    name.offset = symbol->offset + (behind_call ? 1 : 0);
    name.size = symbol->size;
    return name;
}

bool CodeNames::is_scheduler(guest::Gva address) const {
    return scheduler_.contains(address);
}

}  // namespace guestdump::linux_guest
