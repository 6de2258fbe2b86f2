# SPDX-License-Identifier: GPL-2.0-or-later
# fish: completes the options of guestdump-vm, which come from -h when fish reads this file, and their values.

# __guestdump_vm_values OPTION: prints the arguments of "complete" for the value of an option.
function __guestdump_vm_values
    switch $argv[1]
        case machine
            printf '%s\n' -x -a 'pc q35 none'
        case accel
            printf '%s\n' -x -a 'kvm synthetic qtest'
        case sandbox
            printf '%s\n' -x -a 'on off on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'
        case vga
            printf '%s\n' -x -a 'none std'
        case qmp monitor
            printf '%s\n' -x -a 'stdio none unix:'
        case qtest
            printf '%s\n' -x -a unix:
        case object
            printf '%s\n' -x -a 'memory-backend-ram,id= memory-backend-file,id= memory-backend-memfd,id='
        case device
            printf '%s\n' -x -a 'loader,file= vmcoreinfo'
        case chardev
            printf '%s\n' -x -a socket,id=
        case mon
            printf '%s\n' -x -a chardev=
        case restore bios pidfile
            printf '%s\n' -r -F
        case m smp name uuid
            printf '%s\n' -x
    end
end

complete -c guestdump-vm -f
for name in (guestdump-vm -h 2>/dev/null | string match -r -g -- '^-([a-z-]*[A-Z]?)' | sort -u)
    complete -c guestdump-vm -o $name (__guestdump_vm_values $name)
end
functions -e __guestdump_vm_values
