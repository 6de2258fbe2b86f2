// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace guestdump::tools {

/// The progress of a dump.
struct ProgressView {
    uint64_t completed = 0, total = 0;  ///< bytes of guest memory
    double seconds = 0;                 ///< since the start
    std::optional<double> remaining{};  ///< seconds; empty if unknown
    bool committing = false;            ///< memory has been read; the file is being synced
};

/// Adds an estimate of the remaining time to @view, assuming the average speed so far.
ProgressView with_guess(ProgressView view);

/// Formats @view as one line, with a bar as wide as @columns allow:
/// "[====>     ]  45.3 %  1.2 of 2.7 GiB  812.0 MiB/s  0:02 left". If @columns are too few even for
/// the words, the line has only the first words that fit.
std::string progress_text(const ProgressView& view, unsigned columns);

/// As progress_text() without a bar, for a log: "45.3 %, 1.2 of 2.7 GiB, 812.0 MiB/s, 0:02 left".
std::string progress_words(const ProgressView& view);

/// "812.0 MiB/s"; empty if either is 0.
std::string rate_text(uint64_t bytes, double seconds);

/// "0:02", "1:00:02". Rounded up to whole seconds.
std::string time_text(double seconds);

}  // namespace guestdump::tools
