/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 32-bit paging: two levels of 4-byte entries, 4 KiB pages. [SDM 3A 4.3] */
        .equ    kEntry, 0x3                     # present, writable

        .text
        .globl  start
        .code32
start:
        movl    $page_directory, %eax
        movl    %eax, %cr3
        movl    %cr0, %eax
        orl     $1 << 31, %eax                  # PG
        movl    %eax, %cr0
        jmp     stand_still

        .org    0x800
stand_still:
        hlt
        jmp     stand_still

        .org    0x1000
page_directory:
        .long   low_table + kEntry
        .org    0x1000 + 0x300 * 4
        .long   high_table + kEntry
        .org    0x2000
low_table:
        .org    0x2000 + 0x100 * 4
        .long   0x100000 + kEntry               # this page, where it is
        .org    0x3000
high_table:
        .org    0x3000 + 0x123 * 4
        .long   text + kEntry                   # 0xc0123000
        .org    0x4000
text:
        .asciz  "read through 32-bit paging"
        .org    0x5000

        .section .note.GNU-stack, "", @progbits
