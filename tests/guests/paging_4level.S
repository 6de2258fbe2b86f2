/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 4-level paging. One page of text in both halves of the address space, at 0x7f0000123000 and at
 * 0xffffc00000123000. [SDM 3A 4.5]
 */
        .equ    kEntry, 0x3                     # present, writable
        .equ    kLargePage, 0x83                # likewise, 2 MiB
        .equ    kIgnored, 0x5a50000000000a00    # a protection key and bits that belong to software

        .text
        .globl  start
        .code32
start:
        lgdt    gdt_register
        movl    %cr4, %eax
        orl     $1 << 5, %eax                   # PAE
        movl    %eax, %cr4
        movl    $pml4, %eax
        movl    %eax, %cr3
        movl    $0xc0000080, %ecx               # EFER
        rdmsr
        orl     $1 << 8, %eax                   # LME
        wrmsr
        movl    %cr0, %eax
        orl     $1 << 31, %eax                  # PG
        movl    %eax, %cr0
        ljmp    $0x08, $stand_still

        .balign 8
gdt:
        .quad   0
        .quad   0x00af9b000000ffff              # code: 64 bits
gdt_end:
gdt_register:
        .short  gdt_end - gdt - 1
        .long   gdt

        .org    0x800
        .code64
stand_still:
        hlt
        jmp     stand_still

        .org    0x1000
pml4:
        .quad   low_pointers + kEntry
        .org    0x1000 + 0x0fe * 8
        .quad   text_pointers + kEntry
        .org    0x1000 + 0x180 * 8
        .quad   text_pointers + kEntry
        .org    0x2000
low_pointers:
        .quad   low_directory + kEntry
        .org    0x3000
low_directory:
        .quad   kLargePage                      # the first 2 MiB, where they are
        .org    0x4000
text:
        .asciz  "read through 4-level paging"
        .org    0x5000
text_pointers:
        .quad   text_directory + kEntry
        .org    0x6000
text_directory:
        .quad   text_table + kEntry
        .org    0x7000
text_table:
        .org    0x7000 + 0x123 * 8
        .quad   text + kEntry + kIgnored
        .org    0x8000

        .section .note.GNU-stack, "", @progbits
