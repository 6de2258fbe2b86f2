// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

/// What the programs share that write the inputs which fuzz targets begin with.

namespace guestdump::fuzz {

/// Writes all seeds of a program, each to FOLDER/TARGET/NAME. Every program has its own; main()
/// calls it.
void write_seeds(const std::filesystem::path& folder);

/// Writes one seed, and the folders above it. Ends the program where it cannot.
void write_seed(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace guestdump::fuzz
