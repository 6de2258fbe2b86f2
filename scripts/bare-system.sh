#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Tries the Debian packages in a bare system: bare-system.sh [--suite SUITE] [--base FOLDER] [PACKAGES]
#
# Makes a minimal Debian with debootstrap, installs the packages from the folder PACKAGES (default: build-packages, which
# package.sh makes) with apt, and runs there: the examples of README.md for packages, man, completion in bash, pkg-config,
# and the package's own tests (debian/tests), which compile and run the examples of the library. Needs root.
#
#   --suite SUITE    Debian's release: bookworm (the default), trixie
#   --base FOLDER    keep the bare system in FOLDER/SUITE, and use it again the next time
#
# The packages come from where this machine's apt gets its own, by the same proxies. Exit status 0 only if all succeeded.
. "$(dirname "$0")/lib.sh"

suite=bookworm base=
while [[ ${1-} == -* ]]; do
    case $1 in
    --suite) suite=${2:?} ;;
    --base) base=${2:?} ;;
    *) die "unknown option '$1' (there are --suite, --base)" ;;
    esac
    shift 2
done
(($# <= 1)) || die "more than one folder of packages: $*"
packages=$(realpath "${1:-$root/build-packages}")
compgen -G "$packages/*.deb" >/dev/null || die "there are no packages in '$packages'; make them with scripts/package.sh"
[[ $(id -u) == 0 ]] || die "this needs root"
"$root/scripts/install-deps.sh" package

scratch=$(mktemp -d /tmp/bare-system.XXXXXX)
bare=$scratch/root
unmount() {
    local place
    for place in dev/shm dev/pts dev proc sys; do
        ! mountpoint -q "$bare/$place" || umount -l "$bare/$place"
    done
}
cleanup() {
    unmount
    rm -rf --one-file-system "$scratch"
}
trap cleanup EXIT

# mirror: the address of this machine's Debian archive.
mirror() {
    local uri
    # shellcheck disable=SC2016  # apt expands these
    uri=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN)' 2>/dev/null | sed -n 's/ Debian$//p' | grep -v security | head -n 1)
    echo "${uri:-http://deb.debian.org/debian/}"
}

# make_bare FOLDER: a minimal system.
make_bare() {
    step "making a bare $suite"
    debootstrap --variant=minbase "$suite" "$1" "$(mirror)" >"$scratch/debootstrap.log" 2>&1 || {
        tail -n 20 "$scratch/debootstrap.log"
        die "debootstrap failed"
    }
    # apt is to reach the archive as it does here.
    apt-config dump | grep -E '^Acquire::(http|https|ftp|Check|Retries)' >"$1/etc/apt/apt.conf.d/90host" || true
    printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
    chmod +x "$1/usr/sbin/policy-rc.d"
}

if [[ -n $base ]]; then
    [[ -e $base/$suite.made ]] || {
        rm -rf "${base:?}/$suite"
        mkdir -p "$base"
        make_bare "$base/$suite"
        touch "$base/$suite.made"
    }
    cp -a "$base/$suite" "$bare"
else
    make_bare "$bare"
fi
cp -L /etc/resolv.conf "$bare/etc/resolv.conf"
mount --bind /dev "$bare/dev"
mount --bind /dev/pts "$bare/dev/pts"
[[ ! -d $bare/dev/shm ]] || mount -t tmpfs tmpfs "$bare/dev/shm"
mount -t proc proc "$bare/proc"
mount -t sysfs sysfs "$bare/sys"

# inside COMMAND...: runs the command in the bare system, from the folder with the sources.
inside() {
    env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 TERM=dumb DEBIAN_FRONTEND=noninteractive \
        ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
        chroot "$bare" /bin/sh -c 'cd /source && exec "$@"' sh "$@"
}

failed=0
# tests_need: the packages that debian/tests need in addition to those that are tried.
tests_need() {
    sed -n 's/^Depends: *//p' "$root/debian/tests/control" | tr -d ',' | tr ' ' '\n' | grep -v -e guestdump -e '^@$' | sort -u
}

# attempt WHAT COMMAND...: prints whether the command succeeded, and its output.
attempt() {
    local what=$1 status=ok
    shift
    "$@" >"$scratch/output" 2>&1 </dev/null || status=FAILED
    printf '%-7s %s\n' "$status" "$what"
    sed 's/^/        /' "$scratch/output"
    [[ $status == ok ]] || failed=$((failed + 1))
}

step "installing the packages"
mkdir "$bare/source" "$bare/packages"
cp "$packages"/*.deb "$bare/packages/"
# What the tests read, and nothing with which the programs could be built.
cp -r "$root"/{README.md,debian,scripts,tests} "$bare/source/"
inside apt-get update -qq
# shellcheck disable=SC2046  # one word, one package
inside apt-get install -y -qq --no-install-recommends $(cd "$packages" && printf '/packages/%s ' *.deb) \
    man-db bash-completion $(tests_need) >"$scratch/apt.log" 2>&1 || {
    tail -n 30 "$scratch/apt.log"
    die "apt cannot install the packages"
}
# shellcheck disable=SC2016  # dpkg-query expands these
inside dpkg-query -W -f '        ${Package} ${Version} ${Installed-Size} KiB\n' '*guestdump*'

# completes LINE WANTED: fails unless bash makes WANTED of the line when Tab is pressed, on a terminal.
completes() {
    local screen
    screen=$({ sleep 2 && printf '%s\t' "$1" && sleep 3 && printf '\025exit\n' && sleep 1; } |
        inside script -qec 'bash --rcfile /usr/share/bash-completion/bash_completion -i' /dev/null)
    printf '%s\n' "${screen//$'\e'/}" | grep -F -e "$2"
}

# formatted_page: the man page, as man prints it.
formatted_page() {
    inside man guestdump | tr -s ' ' | grep -B 3 -A 9 'dump the memory of virtual machines'
}

step "trying them"
attempt "man guestdump" formatted_page
attempt "completion in bash: an option" completes 'guestdump dump --esti' 'guestdump dump --estimate'
attempt "completion in bash: a format" completes 'guestdump convert --format kdump-zl' 'kdump-zlib'
attempt "pkg-config --cflags --libs guestdump" inside pkg-config --cflags --libs guestdump
mapfile -t tests < <(sed -n 's/^Tests: *//p' "$root/debian/tests/control")
for name in "${tests[@]}"; do
    attempt "debian/tests/$name" inside env AUTOPKGTEST_TMP=/tmp "debian/tests/$name"
done
((failed == 0)) || die "$failed of the checks failed in a bare $suite"
step "all succeeded in a bare $suite"
