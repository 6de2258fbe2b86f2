#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs the Debian packages that are missing: install-deps.sh [build] [style] [test] [interop] [package]
#
#   build    packages for a release build
#   style    packages for the style checks and the tests of documents and completions
#   test     the second compiler, for the builds with sanitizers
#   interop  tools that open dumps, and packages for booting a Linux guest
#
#   package  what builds, checks and tries Debian packages
#
# The default is all groups but package. Needs root (or sudo) only if a package is missing.
. "$(dirname "$0")/lib.sh"

packages() {
    case $1 in
    build)
        echo g++ meson ninja-build pkg-config python3 check
        echo libglib2.0-dev libjson-c-dev libedit-dev libseccomp-dev zlib1g-dev libbz2-dev liblzma-dev libdeflate-dev libisal-dev liblzo2-dev libsnappy-dev libzstd-dev libvirt-dev
        ;;
    style)
        echo clang-format-14 shellcheck man-db zsh fish
        ;;
    test)
        echo clang-14 libclang-rt-14-dev llvm-14 util-linux
        ;;
    interop)
        echo qemu-system-x86 seabios busybox-static cpio e2fsprogs kmod tmux bzip2 lzop xz-utils zstd
        echo qemu-system-arm qemu-system-misc qemu-system-ppc
        echo binutils gdb crash kexec-tools makedumpfile python3-libkdumpfile python3-drgn
        echo libvirt-daemon-system libvirt-daemon-driver-qemu libvirt-clients
        ;;
    package)
        echo dpkg-dev debhelper lintian debootstrap
        ;;
    *) die "no such group: $1 (there are build, style, test, interop, package)" ;;
    esac
}

missing() {
    local package
    for package in "$@"; do
        [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || echo "$package"
    done
}

(($#)) || set -- build style test interop
wanted=()
for group in "$@"; do
    names=$(packages "$group")
    # shellcheck disable=SC2206  # one word, one package
    wanted+=($names)
done

command -v apt-get >/dev/null ||
    die "this is not a Debian system; install by hand what Debian calls: ${wanted[*]}"
mapfile -t absent < <(missing "${wanted[@]}")
((${#absent[@]})) || exit 0

as_root true # says so where there is no way
step "installing ${#absent[@]} Debian packages: ${absent[*]}"
install=(env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${absent[@]}")
# apt's lists may be missing (a fresh container) or older than the mirror. Only a failing install shows either.
if ! as_root "${install[@]}" >/dev/null 2>&1; then
    as_root apt-get update -qq
    as_root "${install[@]}" >/dev/null
fi
