# SPDX-License-Identifier: GPL-2.0-or-later
# fish: completes the commands of guestdump, their options, and the values of options. Commands and options come from
# --help when fish reads this file.

# True if the command line has no command yet.
function __guestdump_needs_command
    test (count (commandline -opc)) -eq 1
end

# True if the command is one of the arguments.
function __guestdump_command_is
    set -l words (commandline -opc)
    test (count $words) -ge 2; and contains -- $words[2] $argv
end

# Names of the running domains, of the connection that the command line names.
function __guestdump_domains
    set -l uri qemu:///system
    set -q LIBVIRT_DEFAULT_URI; and set uri $LIBVIRT_DEFAULT_URI
    set -l words (commandline -opc)
    for index in (seq 3 (count $words))
        if test "$words[$index]" = --connect; and test $index -lt (count $words)
            set uri $words[(math $index + 1)]
        else if string match -q -- '--connect=*' $words[$index]
            set uri (string replace -- --connect= '' $words[$index])
        end
    end
    virsh --quiet --connect $uri list --name 2>/dev/null | string match -v ''
end

# __guestdump_values COMMAND OPTION: prints the arguments of "complete" for the value of an option.
function __guestdump_values
    switch $argv[2]
        case format
            printf '%s\n' -x -a 'elf kdump-zlib kdump-lzo kdump-snappy kdump-zstd kdump-raw-zlib kdump-raw-lzo kdump-raw-snappy kdump-raw-zstd vbox-core'
        case find-vmcoreinfo
            printf '%s\n' -x -a 'missing never always'
        case progress
            printf '%s\n' -x -a 'auto json'
        case exclude
            printf '%s\n' -x -a 'zero cache cache-private user free'
        case state
            printf '%s\n' -x -a 'R S D T t X Z P I'
        case level
            printf '%s\n' -x
            test $argv[1] = log; and printf '%s\n' -a 'emerg alert crit err warn notice info debug'
        case qmp
            printf '%s\n' -r -F
        case domain
            printf '%s\n' -x -a '(__guestdump_domains)'
        case connect
            printf '%s\n' -x -a 'qemu:///system qemu:///session'
        case '*'
            printf '%s\n' -x
    end
end

# __guestdump_register COMMAND: its options, from lines such as "  -d, --dump-level=LEVEL   text".
function __guestdump_register
    for line in (guestdump $argv[1] --help 2>/dev/null)
        set -l name (string match -r -g -- '^  (?:-., )?--([a-z-]+)' $line); or continue
        set -l text (string match -r -g -- '^  .*--\S+ +(.*)' $line)
        set -l short (string match -r -g -- '^  -(.), ' $line)
        set -l words -c guestdump -n "__guestdump_command_is $argv[1]" -l $name -d "$text"
        test -n "$short"; and set words $words -s $short
        string match -q -r -- '--[a-z-]+=' $line; and set words $words (__guestdump_values $argv[1] $name)
        complete $words
    end
end

complete -c guestdump -n __guestdump_needs_command -f
complete -c guestdump -n __guestdump_needs_command -l help -d 'List the commands'
complete -c guestdump -n __guestdump_needs_command -l version -d 'Print the version'
for line in (guestdump --help 2>/dev/null)
    set -l parts (string match -r -- '^  guestdump ([a-z-]+) .*  (.*)' $line); or continue
    complete -c guestdump -n __guestdump_needs_command -a $parts[2] -d $parts[3]
    __guestdump_register $parts[2]
end
functions -e __guestdump_register __guestdump_values
