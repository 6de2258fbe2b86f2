/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 256 KiB of ROM that end at 4 GiB. RESET begins at 0xfffffff0 in real mode; from there to 32-bit
 * protected mode, flat and without paging, and on to whatever address stands in the slot at 0xfffffff8:
 * first the loop of HLT below, later where the machine wants its vCPUs. [SDM 3A 10.1.4, 10.9]
 *
 * It is data to the program that carries it: every address is computed here, none is left to a linker.
 */
        .equ    kSize, 0x40000
        .equ    kBase, 0x100000000 - kSize      # where the guest sees the first byte
        .equ    kSegment, kSize - 0x10000       # what CS:0 is after RESET, from the first byte
        .equ    kCodeSelector, 0x08
        .equ    kDataSelector, 0x10

        .section .rodata
        .balign 16
        .globl  guestdump_firmware
        .type   guestdump_firmware, @object
guestdump_firmware:
        .org    guestdump_firmware + kSize - 0x100, 0

        .balign 8
gdt:
        .quad   0
        .quad   0x00cf9b000000ffff              # code: 32 bits, base 0, 4 GiB
        .quad   0x00cf93000000ffff              # data: likewise
gdt_end:
gdt_register:
        .short  gdt_end - gdt - 1
        .long   kBase + (gdt - guestdump_firmware)

        .code16
real_mode:
        cli
        cld
        lgdtl   %cs:(gdt_register - guestdump_firmware - kSegment)
        movl    $0x11, %eax                     # PE, ET; caches on
        movl    %eax, %cr0
        ljmpl   $kCodeSelector, $(kBase + (protected_mode - guestdump_firmware))

        .code32
protected_mode:
        movl    $kDataSelector, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %fs
        movl    %eax, %gs
        movl    %eax, %ss
        jmp     *(kBase + (entry - guestdump_firmware))

stand_still:
        cli
        hlt
        jmp     stand_still

        .org    guestdump_firmware + kSize - 0x10, 0
        .code16
        jmp     real_mode
        .org    guestdump_firmware + kSize - 8, 0
entry:
        .long   kBase + (stand_still - guestdump_firmware)
        .long   0

        .size   guestdump_firmware, . - guestdump_firmware
        .section .note.GNU-stack, "", @progbits
