// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "tests/support/bytes.h"

namespace guestdump::support {

/// A temporary folder for one test, removed by the destructor.
class Scratch {
  public:
    Scratch();
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    std::string path(const std::string& name) const { return folder_ + "/" + name; }
    const std::string& folder() const { return folder_; }

    /// Names in the folder, sorted.
    std::vector<std::string> names() const;

  private:
    std::string folder_;
};

/// The whole file; fails the test if it cannot be read.
Bytes read_file(const std::string& path);
void write_file(const std::string& path, View bytes);

/// The number of descriptors that this process has open.
size_t open_descriptors();

}  // namespace guestdump::support
