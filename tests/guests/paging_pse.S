/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 32-bit paging with 4 MiB pages. [SDM 3A 4.3] */
        .equ    kLargePage, 0x83                # present, writable, PS

        .text
        .globl  start
        .code32
start:
        movl    %cr4, %eax
        orl     $1 << 4, %eax                   # PSE
        movl    %eax, %cr4
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
        .long   kLargePage                      # the first 4 MiB, where they are
        .org    0x1000 + 0x300 * 4
        .long   kLargePage                      # and at 0xc0000000
        .org    0x4000
        .asciz  "read through 4 MiB pages"      # 0xc0104000
        .org    0x5000

        .section .note.GNU-stack, "", @progbits
