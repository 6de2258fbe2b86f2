// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace guestdump::tools {

/// How far a dump has come.
struct ProgressView {
    uint64_t completed = 0, total = 0;  ///< bytes of guest memory
    double seconds = 0;                 ///< since it began
    std::optional<double> remaining{};  ///< seconds; empty where nobody can tell
    bool committing = false;            ///< memory has been read; the file is being made durable
};

/// @view, with the time that is left if the rest goes as fast as what came before.
ProgressView with_guess(ProgressView view);

/// One line that tells it, with a bar as wide as @columns leave room for:
/// "[====>     ]  45.3 %  1.2 of 2.7 GiB  812.0 MiB/s  0:02 left". Where even the words have no
/// room the line ends after as many of them as have.
std::string progress_text(const ProgressView& view, unsigned columns);

/// The same in words alone, for a log: "45.3 %, 1.2 of 2.7 GiB, 812.0 MiB/s, 0:02 left".
std::string progress_words(const ProgressView& view);

/// "812.0 MiB/s"; empty where there is nothing to divide.
std::string rate_text(uint64_t bytes, double seconds);

/// "0:02", "1:00:02". Rounded up: a second that has begun is still to be waited for.
std::string time_text(double seconds);

}  // namespace guestdump::tools
