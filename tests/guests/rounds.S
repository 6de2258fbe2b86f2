/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest that goes round: one vCPU counts, and writes each value to the page after the one before.
 * README.md says what it promises.
 */
        .equ    kFirst, 0x1000000
        .equ    kPages, 16384
        .equ    kEnd, kFirst + kPages * 4096

        .text
        .globl  start
        .code32
start:
        xorl    %eax, %eax
        movl    $kFirst, %edi
        .balign 256
next:                                           # 0x100100
        incl    %eax
        movl    %eax, (%edi)
        addl    $4096, %edi
        cmpl    $kEnd, %edi
        jne     next
        movl    $kFirst, %edi
        jmp     next
