// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

/// Shared by the programs that write seeds, the first inputs of fuzz targets.

namespace guestdump::fuzz {

/// Writes all seeds of a program, each to FOLDER/TARGET/NAME. Every such program defines it; main()
/// calls it.
void write_seeds(const std::filesystem::path& folder);

/// Writes one seed and creates its parent folders. Ends the program on failure.
void write_seed(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace guestdump::fuzz
