/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Talks to ports and addresses where nothing is, and to ROM; leaves what it read at 0x200000 and stands
 * still behind the HLT at 0x100800.
 */
        .equ    kResults, 0x200000

        .text
        .globl  start
        .code32
start:
        movl    $kResults, %edi
        cld

        movl    $0x12345678, %eax
        movw    $0x5678, %dx
        outl    %eax, %dx
        inl     %dx, %eax
        stosl                                   # 0x200000: a port
        movl    $4, %ecx
        rep insb                                # 0x200004: likewise, by string

        movl    $0x12345678, 0xd0000000
        movl    0xd0000000, %eax
        stosl                                   # 0x200008: no memory

        movl    0xfffc0000, %eax
        stosl                                   # 0x20000c: ROM
        movl    $0x12345678, 0xfffc0000
        movl    0xfffc0000, %eax
        stosl                                   # 0x200010: ROM, after a write
        jmp     stand_still

        .org    0x800
stand_still:
        hlt
        jmp     stand_still

        .section .note.GNU-stack, "", @progbits
