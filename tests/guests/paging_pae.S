/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PAE paging: four PDPTEs, which need 32 bytes of alignment only, then 8-byte entries. [SDM 3A 4.4] */
        .equ    kPresent, 0x1
        .equ    kEntry, 0x3                     # present, writable
        .equ    kLargePage, 0x83                # likewise, 2 MiB

        .text
        .globl  start
        .code32
start:
        movl    %cr4, %eax
        orl     $1 << 5, %eax                   # PAE
        movl    %eax, %cr4
        movl    $pointers, %eax
        movl    %eax, %cr3
        movl    %cr0, %eax
        orl     $1 << 31, %eax                  # PG
        movl    %eax, %cr0
        jmp     stand_still

        .org    0x800
stand_still:
        hlt
        jmp     stand_still

        .org    0x920
pointers:
        .quad   low_directory + kPresent
        .quad   0, 0
        .quad   high_directory + kPresent
        .org    0x1000
low_directory:
        .quad   kLargePage                      # the first 2 MiB, where they are
        .org    0x2000
high_directory:
        .quad   high_table + kEntry
        .org    0x3000
high_table:
        .org    0x3000 + 0x123 * 8
        .quad   text + kEntry                   # 0xc0123000
        .org    0x4000
text:
        .asciz  "read through PAE paging"
        .org    0x5000

        .section .note.GNU-stack, "", @progbits
