/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The 256 KiB of ROM that end at 4 GiB. RESET starts at 0xfffffff0 in real mode. The code switches to
 * 32-bit protected mode, flat and without paging, and jumps to the address in the slot at 0xfffffff8:
 * the loop of HLT below, unless the machine has written another address. [SDM 3A 10.1.4, 10.9]
 *
 * The program contains it as data: every address is computed here, and the linker changes none.
 */
        .equ    kSize, 0x40000
        .equ    kBase, 0x100000000 - kSize      # guest-physical address of the first byte
        .equ    kSegment, kSize - 0x10000       # offset of CS:0 after RESET
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
