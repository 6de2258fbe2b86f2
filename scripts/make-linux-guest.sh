#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Boots Debian's kernel in QEMU (software CPU, no /dev/kvm needed), stops it while it works, and keeps its memory and
# QEMU's own dumps, with which other dumps can be compared.
usage() {
    cat <<'TEXT'
usage: make-linux-guest.sh [OPTION...] [FOLDER]

  --memory MIB     guest memory (256)
  --vcpus N        virtual processors (2)
  --fill MIB       amount of real files to unpack in the guest, which fill its page cache (0)
  --append TEXT    text to append to the kernel's command line, such as nokaslr
  --kernel DEB     Debian package of the kernel to boot (linux-image-cloud-amd64, downloaded)
  --rich           memory of many kinds: hugetlb pages without most of their struct pages, transparent huge pages, ext4 with
                   blocks of 1 KiB, tmpfs, swap on zram, a balloon, and a page with a memory error if the kernel knows those
  --program FILE   a static program to run in the guest, before it is ready
  --until TEXT     stop the guest when its console has this text (the guest is ready)
  --no-vmcoreinfo  no vmcoreinfo device: the guest cannot pass its note to QEMU
  --boot-files     boot nothing: FOLDER contains what another QEMU needs, vmlinuz and initramfs.cpio
  --keep           keep the stopped QEMU running, with its monitor at FOLDER/qmp.sock and its PID in FOLDER/qemu.pid

Prints FOLDER (default: in the cache, named after the options; made once), which then contains:

  ram.img          guest RAM: first the part below the PCI hole, then the part above 4 GiB
  ref.elf          QEMU's dump of the stopped guest as ELF
  ref-paging.elf   QEMU's dump as ELF with paging=true
  ref.zlib         QEMU's dump as kdump-zlib (flattened)
  registers.txt    QEMU's "info registers -a"
TEXT
}
. "$(dirname "$0")/lib.sh"

memory=256 vcpus=2 fill=0 append='' vmcoreinfo=yes keep=no boot_files=no folder='' kernel='' rich=no
program='' until='the guest is ready'
while (($#)); do
    case $1 in
    --memory) memory=$2 && shift ;;
    --vcpus) vcpus=$2 && shift ;;
    --fill) fill=$2 && shift ;;
    --kernel) kernel=$(readlink -e "$2") && shift ;;
    --rich) rich=yes ;;
    --append) append=$2 && shift ;;
    --program) program=$(realpath "$2") && shift ;;
    --until) until=$2 && shift ;;
    --no-vmcoreinfo) vmcoreinfo=no ;;
    --boot-files) boot_files=yes ;;
    --keep) keep=yes ;;
    -h | --help) usage && exit ;;
    -*) die "unknown option $1" ;;
    *) folder=$1 ;;
    esac
    shift
done

# Modules for memory of many kinds; what they need comes along.
rich_modules=(loop ext4 zram lzo_rle lzo-rle virtio_balloon virtio_pci)

# modules_into FOLDER TREE: those of --rich, and their names in the order in which the guest inserts them.
modules_into() {
    local release name file
    release=$(ls "$2/lib/modules")
    mkdir -p "$1"
    /sbin/depmod -b "$2" "$release" 2>/dev/null
    for name in "${rich_modules[@]}"; do # what is part of the kernel has no file
        /sbin/modprobe -d "$2" -S "$release" --show-depends "$name" 2>/dev/null || true
    done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
        cp "$file" "$1/"
        basename "$file" >>"$1/order"
    done
}

# kernel_into FOLDER: Debian's cloud kernel (small, and with debug symbols available), and its fw_cfg module.
# It is downloaded unless --kernel names a package.
kernel_into() {
    [[ -e $1/vmlinuz ]] && return
    local package work
    mkdir -p "$1"
    exec 8>"$1/lock"
    flock 8 # two guests may want it at once
    [[ -e $1/vmlinuz ]] && exec 8>&- && return
    newest() { apt-cache depends linux-image-cloud-amd64 2>/dev/null | awk '/Depends: linux-image-/ { print $2; exit }'; }
    work=$(mktemp -d)
    chmod 755 "$work" # apt downloads as a user of its own
    if [[ -n $kernel ]]; then
        package=$(dpkg-deb -f "$kernel" Package)
        cp "$kernel" "$work/"
    else
        package=$(newest) || true # there may be no lists of packages yet
        if [[ -z $package ]] || ! (cd "$work" && apt-get download -qq "$package" >/dev/null 2>&1); then
            as_root apt-get update -qq
            package=$(newest) || true
            (cd "$work" && apt-get download -qq "$package" >/dev/null) || die "cannot download the package '$package'"
        fi
    fi
    dpkg-deb -x "$work"/*.deb "$work/tree"
    find "$work/tree/lib/modules" -name '*.ko.xz' -exec xz -d {} +
    find "$work/tree/lib/modules" -name 'qemu_fw_cfg.ko' -exec cp {} "$1/" \;
    [[ $rich == no ]] || modules_into "$1/modules" "$work/tree"
    echo "$package" >"$1/package"
    # Written last and atomically: its presence shows that everything is there.
    cp "$work"/tree/boot/vmlinuz-* "$1/vmlinuz.new"
    mv "$1/vmlinuz.new" "$1/vmlinuz"
    rm -rf "$work"
    exec 8>&-
}

# The guest passes its VMCOREINFO to QEMU (the driver does it when it is loaded), and has some processes, some
# incompressible pages, and a page cache full of ordinary files.
initramfs_into() {
    local tree=$1/initramfs
    rm -rf "$tree"
    mkdir -p "$tree"/{bin,dev,proc,sys,work}
    cp "$(command -v busybox)" "$tree/bin/busybox"
    cp "$2/qemu_fw_cfg.ko" "$tree/"
    if ((fill > 0)); then
        # head closes the pipe when it has enough, and tar complains
        { tar -C /usr -cf - lib share 2>/dev/null || true; } | head -c "${fill}M" >"$tree/files.tar"
    fi
    [[ $rich == no ]] || rich_into "$tree" "$2"
    [[ -z $program ]] || cp "$program" "$tree/program"
    cat >"$tree/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t devtmpfs none /dev
mount -t proc none /proc
mount -t sysfs none /sys
mount -t tmpfs none /work
insmod /qemu_fw_cfg.ko
head -c 8388608 /dev/urandom >/work/noise
for name in one two three; do
    sh -c "while sleep 1000; do :; done" $name &
done
if [ -e /files.tar ]; then
    mkdir /work/files
    tar -C /work/files -xf /files.tar 2>/dev/null
    head -c 67108864 /files.tar | gzip -1 >/work/packed.gz
fi
[ -e /rich ] && sh /rich
if [ -x /program ]; then
    /program &
    sleep 2
fi
echo the guest is ready
while :; do sleep 1; done
INIT
    chmod +x "$tree/init"
    (cd "$tree" && find . | cpio --quiet -o -H newc) >"$1/initramfs.cpio"
    rm -rf "$tree"
}

# rich_into TREE KERNEL: what the guest needs for memory of many kinds, and a script that uses it.
rich_into() {
    cp -r "$2/modules" "$1/"
    truncate -s 24M "$1/disk"
    mkfs.ext4 -q -F -b 1024 "$1/disk"
    cat >"$1/rich" <<'RICH'
while read -r module; do insmod "/modules/$module"; done </modules/order
mkdir -p /ext4 /huge /hugetlb /groups
mount -t tmpfs -o huge=always none /huge
mount -t cgroup2 none /groups
head -c 12m /dev/urandom >/huge/file
mount -o loop -t ext4 /disk /ext4
for i in 1 2 3 4 5 6 7 8; do head -c 1m /dev/urandom >/ext4/$i; done
sync
# Half of it is in use, by a file of its own file system.
mount -t hugetlbfs none /hugetlb
truncate -s 8m /hugetlb/file
# A process with anonymous memory, of which some is swapped out to memory.
echo 64M >/sys/block/zram0/disksize
mkswap /dev/zram0 && swapon /dev/zram0
mkdir -p /groups/one
echo +memory >/groups/cgroup.subtree_control
sh -c 'echo $$ >/groups/one/cgroup.procs; { head -c 40000000 /dev/urandom; sleep 100000; } | tail -c 40000000 >/dev/null' &
sleep 15
echo 12M >/groups/one/memory.reclaim
echo 0x8000000 >/sys/devices/system/memory/hard_offline_page
cat /proc/meminfo /proc/swaps
RICH
}

boot() {
    local device=()
    [[ $vmcoreinfo == yes ]] && device=(-device vmcoreinfo)
    if [[ $rich == yes ]]; then
        device+=(-device virtio-balloon-pci)
        append+=" hugepages=16 hugetlb_free_vmemmap=on transparent_hugepage=always"
    fi
    truncate -s "${memory}M" ram.img
    # Relative names of sockets: an absolute name may be too long for sun_path.
    qemu-system-x86_64 -accel tcg,thread=multi -machine q35,memory-backend=ram,vmport=off -m "$memory" -smp "$vcpus" \
        -object memory-backend-file,id=ram,size="${memory}M",mem-path=ram.img,share=on \
        -display none -vga none -nic none -serial file:serial.log "${device[@]}" \
        -kernel "$1/vmlinuz" -initrd initramfs.cpio -append "console=ttyS0 panic=1 $append" \
        -qmp unix:qmp.sock,server=on,wait=off -daemonize -pidfile qemu.pid
    local second
    for ((second = 0; second < 600; second++)); do
        grep -q -e "$until" serial.log 2>/dev/null && return
        kill -0 "$(<qemu.pid)" 2>/dev/null || die "QEMU has ended; see $PWD/serial.log"
        sleep 1
    done
    die "the guest did not come up; see $PWD/serial.log"
}

freeze_and_dump() {
    # Absolute names: a daemon's working directory is the root.
    PYTHONPATH=$root/tests/support "$python" - "$PWD" "$memory" "$rich" <<'PYTHON'
import sys
import time
from qmp import Qmp

folder, memory, rich = sys.argv[1:]
with Qmp(folder + "/qmp.sock", timeout=900) as qemu:
    if rich == "yes":
        wanted = (int(memory) - 16) << 20
        qemu("balloon", value=wanted)
        for _ in range(60):
            if qemu("query-balloon")["actual"] == wanted:
                break
            time.sleep(1)
    qemu("stop")
    for name, paging, kind in [("ref.elf", False, "elf"), ("ref-paging.elf", True, "elf"), ("ref.zlib", False, "kdump-zlib")]:
        qemu("dump-guest-memory", paging=paging, protocol="file:%s/%s" % (folder, name), format=kind)
    with open(folder + "/registers.txt", "w") as out:
        out.write(qemu.hmp("info registers -a"))
PYTHON
    chmod u+w ref.elf ref-paging.elf ref.zlib
    fallocate --dig-holes ref.elf 2>/dev/null || true # not every file system can
    fallocate --dig-holes ref-paging.elf 2>/dev/null || true
}

if [[ -z $folder ]]; then
    [[ $keep == no && -z $program ]] || die "--keep and --program need a folder of their own"
    [[ $boot_files == no ]] || folder=$cache/boot-$fill
fi
if [[ -z $folder ]]; then
    folder=$cache/linux-$memory-$vcpus-$fill-$vmcoreinfo$([[ $rich == no ]] || echo -rich)${kernel:+-$(dpkg-deb -f "$kernel" Package)}${append:+-${append//[^a-zA-Z0-9=.]/_}}
fi
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
if [[ $keep == no && -e $folder/complete ]]; then
    echo "$folder"
    exit
fi
exec 9>"$folder/lock"
flock 9 # two tests may ask for the same guest at once
if [[ $keep == yes || ! -e $folder/complete ]]; then
    boots=$cache/kernel${kernel:+-$(dpkg-deb -f "$kernel" Package)}
    [[ $rich == no ]] || boots+=-rich
    kernel_into "$boots" 1>&2
    cd "$folder"
    if [[ -e qemu.pid ]] && grep -qs qemu "/proc/$(cat qemu.pid)/comm"; then
        die "the guest in $folder still runs: process $(cat qemu.pid)"
    fi
    rm -f ram.img ref* qmp.sock qemu.pid serial.log complete
    initramfs_into "$folder" "$boots"
    if [[ $boot_files == yes ]]; then
        cp "$boots/vmlinuz" .
        touch complete
        echo "$folder"
        exit
    fi
    trap 'kill "$(cat qemu.pid 2>/dev/null)" 2>/dev/null || true' EXIT
    boot "$boots" 9>&-
    freeze_and_dump
    rm -f initramfs.cpio
    if [[ $keep == yes ]]; then
        trap - EXIT
    else
        kill "$(cat qemu.pid)"
        trap - EXIT
        rm -f qmp.sock
    fi
    touch complete
fi
echo "$folder"
