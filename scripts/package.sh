#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes the Debian packages: package.sh [--twice] [FOLDER]
#
# Writes the source package and the binary packages to FOLDER (default: build-packages) and runs lintian, whose errors fail.
# The tree is copied and stays as it is. Files that git does not know, unless it ignores them, are in the packages too.
#
#   --twice   builds in two folders of different names, and fails unless all files are the same, byte for byte
#
# Tests are neither built nor run here. DEB_BUILD_OPTIONS has its usual meaning.
. "$(dirname "$0")/lib.sh"

export CCACHE_DISABLE=1 # a cache of compiled files would make both builds equal

twice=no
if [[ ${1-} == --twice ]]; then
    twice=yes
    shift
fi
(($# <= 1)) || die "more than one folder: $*"
target=${1:-$root/build-packages}
[[ $target != -* ]] || die "unknown option '$target' (there is --twice)"

"$root/scripts/install-deps.sh" build package

version=$(dpkg-parsechangelog -l "$root/debian/changelog" -S Version)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# list_files: the tree's files, ended by NUL.
list_files() {
    if git -C "$root" rev-parse --git-dir >/dev/null 2>&1; then
        git -C "$root" ls-files -z --cached --others --exclude-standard |
            while IFS= read -r -d '' name; do [[ ! -e $root/$name ]] || printf '%s\0' "$name"; done
    else
        (cd "$root" && find . -name 'build*' -prune -o -name __pycache__ -prune -o '(' -type f -o -type l ')' -printf '%P\0')
    fi
}

# build_packages FOLDER: makes all packages in FOLDER.
build_packages() {
    local tree=$1/guestdump-$version
    mkdir -p "$tree"
    tar -C "$tree" -xf "$scratch/tree.tar"
    (cd "$tree" && dpkg-buildpackage --no-sign --build=full) >"$1/build.log" 2>&1 || {
        tail -n 50 "$1/build.log"
        die "dpkg-buildpackage failed"
    }
}

# sums FOLDER: checksums of the packages. (.buildinfo has the date, and .changes has its checksum.)
sums() {
    (cd "$1" && sha256sum -- *.deb *.dsc *.tar.*)
}

# Copied once: the tree may change while the first packages are built.
list_files | tar -C "$root" --null -T - -cf "$scratch/tree.tar"
step "building packages of version $version"
build_packages "$scratch/first"
if [[ $twice == yes ]]; then
    step "building them again in another folder"
    build_packages "$scratch/second-folder-with-another-name"
    if ! diff <(sums "$scratch/first") <(sums "$scratch/second-folder-with-another-name"); then
        mkdir -p "$target/differing"
        cp "$scratch"/first/*.deb "$target/differing/"
        die "the packages of two builds differ; those of the first are in $target/differing"
    fi
    step "both builds are equal, byte for byte"
fi

step "checking with lintian"
# Root may run it here: the packages are our own.
lintian --allow-root --fail-on error "$scratch/first/guestdump_${version}_$(dpkg --print-architecture).changes"

mkdir -p "$target"
find "$scratch/first" -maxdepth 1 -type f ! -name build.log -exec cp -t "$target" {} +
step "packages in $target"
(cd "$target" && sha256sum -- *.deb)
