#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Each source includes, itself or by our headers, the standard headers of the names it uses: check_includes.py SOURCE_ROOT.

The builds of scripts/test.sh include the standard headers that most sources need, compiled once, in every source. So no compiler
would see that one is missing, until somebody builds without.
"""
import pathlib
import re
import sys

# Names that only one header gives. Left out is what comes with every container: std::move, std::byte, std::begin.
NAMES = {
    "algorithm": "adjacent_find all_of any_of binary_search clamp copy copy_if copy_n count count_if equal equal_range fill "
                 "fill_n find find_if for_each includes is_sorted lower_bound max max_element merge min min_element mismatch "
                 "none_of nth_element partition partition_point pop_heap push_heap remove remove_if replace reverse rotate search "
                 "sort stable_sort transform unique upper_bound",
    "array": "array to_array",
    "atomic": "atomic atomic_flag atomic_ref memory_order_acquire memory_order_relaxed memory_order_release",
    "bit": "bit_cast bit_ceil bit_floor bit_width countl_zero countr_one countr_zero endian has_single_bit popcount",
    "charconv": "from_chars to_chars",
    "chrono": "chrono",
    "condition_variable": "condition_variable",
    "cstdio": "fopen fprintf fputs fwrite perror printf puts snprintf",
    "cstdlib": "abort atexit atoi exit free getenv malloc strtoul strtoull",
    "cstring": "memchr memcmp memcpy memmove memset strcmp strerror strlen strncmp",
    "deque": "deque",
    "functional": "function greater hash invoke less ref",
    "initializer_list": "initializer_list",
    "limits": "numeric_limits",
    "map": "map multimap",
    "memory": "default_delete enable_shared_from_this make_shared make_unique shared_ptr unique_ptr weak_ptr",
    "mutex": "call_once lock_guard mutex once_flag scoped_lock unique_lock",
    "numeric": "accumulate gcd iota lcm",
    "optional": "nullopt nullopt_t optional",
    "random": "mt19937 mt19937_64 uniform_int_distribution",
    "set": "multiset set",
    "shared_mutex": "shared_lock shared_mutex",
    "span": "as_bytes as_writable_bytes span",
    "string": "string to_string",
    "string_view": "string_view",
    "thread": "jthread this_thread thread",
    "tuple": "tie tuple",
    "unordered_map": "unordered_map",
    "unordered_set": "unordered_set",
    "variant": "get_if holds_alternative monostate variant visit",
    "vector": "vector",
}
IGNORED = re.compile(r"\.|build(-|/)")
HEADER_OF = {name: header for header, names in NAMES.items() for name in names.split()}


class Source:
    def __init__(self, text):
        self.standard = set(re.findall(r"^#include <([^>]+)>", text, re.M))
        self.ours = re.findall(r'^#include "([^"]+)"', text, re.M)
        code = re.sub(r'//.*|"(?:\\.|[^"\\\n])*"', "", text)
        self.names = set(re.findall(r"\bstd::([a-z_0-9]+)", code))


def reached(sources, path):
    """The standard headers that @path includes, itself or by our headers. None: by one that the build makes, too."""
    found, seen, left = set(), set(), [path]
    while left:
        path = left.pop()
        if path in seen:
            continue
        seen.add(path)
        if path not in sources:
            return None
        found |= sources[path].standard
        left += sources[path].ours
    return found


def main(root):
    files = {str(file.relative_to(root)): file for file in root.rglob("*") if file.suffix in (".cc", ".h")}
    sources = {name: Source(file.read_text()) for name, file in files.items() if not IGNORED.match(name)}
    missing = []
    for path, source in sorted(sources.items()):
        found = None if path.startswith("examples/") else reached(sources, path)
        if found is not None:
            missing += ["%s uses std::%s without <%s>" % (path, name, HEADER_OF[name])
                        for name in sorted(source.names) if name in HEADER_OF and HEADER_OF[name] not in found]
    print("\n".join(missing))
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1])))
