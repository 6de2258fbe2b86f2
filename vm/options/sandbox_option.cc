// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <initializer_list>

#include "vm/options/option_list.h"
#include "vm/options/option_parsers.h"

namespace guestdump::vm {
namespace {

/// Sets @denied if @name is given. Errors: its value is neither deny nor one of @allows.
Result<> take_denied(OptionList& list, const char* name, bool& denied,
                     std::initializer_list<std::string_view> allows = {"allow"}) {
    const std::optional<std::string> value = list.take(name);
    if (!value) return {};
    denied = *value == "deny";
    if (denied || std::ranges::find(allows, *value) != allows.end()) return {};
    return Error::make("invalid argument for %s", name);
}

}  // namespace

Result<> parse_sandbox(OptionContext& context, const std::string& argument) {
    OptionList list = TRY(OptionList::parse(argument, "enable"));
    const bool enable = TRY(list.take_bool("enable")).value_or(false);
    util::SandboxPolicy policy;
    TRY(take_denied(list, "obsolete", policy.deny_obsolete));
    // With "children", only child processes are kept from gaining privileges. A seccomp filter does
    // that in any case.
    TRY(take_denied(list, "elevateprivileges", policy.deny_privileges, {"allow", "children"}));
    TRY(take_denied(list, "spawn", policy.deny_spawn));
    TRY(take_denied(list, "resourcecontrol", policy.deny_resource_control));
    TRY(list.expect_all_taken());
    if (enable && !util::sandbox_available())
        return Error::make("support is not enabled in this QEMU binary");
    context.options.sandbox = enable ? std::optional(policy) : std::nullopt;
    return {};
}

}  // namespace guestdump::vm
