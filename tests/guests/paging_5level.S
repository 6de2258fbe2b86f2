/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 5-level paging. One page of text at 0xff20000000123000. Where the processor has no LA57, stands still
 * behind the HLT at 0x100900. [SDM 3A 4.5]
 */
        .equ    kEntry, 0x3                     # present, writable
        .equ    kLargePage, 0x83                # likewise, 2 MiB
        .equ    kIgnored, 0x5a50000000000a00    # a protection key and bits that belong to software

        .text
        .globl  start
        .code32
start:
        movl    $7, %eax
        xorl    %ecx, %ecx
        cpuid
        testl   $1 << 16, %ecx                  # LA57
        jz      no_such_paging

        lgdt    gdt_register
        movl    %cr4, %eax
        orl     $1 << 5 | 1 << 12, %eax         # PAE, LA57
        movl    %eax, %cr4
        movl    $pml5, %eax
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

        .org    0x900
        .code32
no_such_paging:
        hlt
        jmp     no_such_paging

        .org    0x1000
pml4:
        .quad   low_pointers + kEntry
        .org    0x2000
low_pointers:
        .quad   low_directory + kEntry
        .org    0x3000
low_directory:
        .quad   kLargePage                      # the first 2 MiB, where they are
        .org    0x4000
text:
        .asciz  "read through 5-level paging"
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
text_pml4:
        .quad   text_pointers + kEntry
        .org    0x9000
pml5:
        .quad   pml4 + kEntry
        .org    0x9000 + 0x120 * 8
        .quad   text_pml4 + kEntry
        .org    0xa000

        .section .note.GNU-stack, "", @progbits
