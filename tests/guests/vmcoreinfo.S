/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hands a note over by fw_cfg, in the steps of a driver: signature, revision, file directory by ports; then
 * etc/vmcoreinfo by DMA. README.md says what it leaves behind.
 */
        .equ    kStep, 0x200000
        .equ    kResult, 0x200004
        .equ    kDirectory, 0x201000
        .equ    kMostFiles, 64
        .equ    kSelector, 0x510
        .equ    kData, 0x511
        .equ    kDma, 0x514

        .text
        .globl  start
        .code32
start:
        cld
        movl    $0, kStep
        movl    $0xffffffff, kResult

        movw    $kSelector, %dx
        xorl    %eax, %eax                      # the signature
        outw    %ax, %dx
        movl    $kDirectory, %edi
        movl    $4, %ecx
        movw    $kData, %dx
        rep insb
        cmpl    $0x554d4551, kDirectory         # "QEMU"
        jne     stand_still
        movl    $1, kStep

        movw    $kSelector, %dx
        movl    $1, %eax                        # the revision
        outw    %ax, %dx
        movw    $kData, %dx
        inb     %dx, %al
        testb   $2, %al                         # DMA
        jz      stand_still
        movl    $2, kStep

        movw    $kSelector, %dx
        movl    $0x19, %eax                     # the directory
        outw    %ax, %dx
        movw    $kData, %dx
        movl    $kDirectory, %edi
        movl    $4, %ecx
        rep insb
        movl    kDirectory, %ebx
        bswap   %ebx
        cmpl    $kMostFiles, %ebx
        ja      stand_still
        movl    $3, kStep

next_file:
        testl   %ebx, %ebx
        jz      stand_still
        decl    %ebx
        movl    $kDirectory, %edi               # size, number, reserved, name
        movl    $64, %ecx
        rep insb
        movl    $kDirectory + 8, %edi
        movl    $wanted, %esi
        movl    $wanted_end - wanted, %ecx
        repe cmpsb
        jne     next_file
        movl    $4, kStep

        movzwl  kDirectory + 4, %eax            # big-endian, as the request wants it in its control
        movw    %ax, request
        movl    $0, %eax
        movw    $kDma, %dx
        outl    %eax, %dx
        movl    $request, %eax
        bswap   %eax
        movw    $kDma + 4, %dx
        outl    %eax, %dx
wait:
        movl    request, %eax
        bswap   %eax
        testl   $~1, %eax
        jnz     wait
        movl    %eax, kResult
        movl    $5, kStep
        jmp     stand_still

        .org    0x800
stand_still:
        hlt
        jmp     stand_still

        .balign 16
wanted:
        .asciz  "etc/vmcoreinfo"
wanted_end:

        .balign 16
request:                                        # big-endian
        .byte   0, 0, 0, 0x18                   # number of the file; select, write
        .byte   0, 0, 0, 16
        .long   0
        .byte   (file_high >> 8) & 0xff, file_high & 0xff, (file_low >> 8) & 0xff, file_low & 0xff

        .org    0x900
file:                                           # little-endian
        .short  0, 1                            # an ELF note
        .long   note_end - note
        .quad   note

        .balign 4
note:
        .long   11, text_end - text, 0
        .asciz  "VMCOREINFO"
        .balign 4
text:
        .ascii  "OSRELEASE=6.1.0-by-fw-cfg\nPAGESIZE=4096\n"
text_end:
        .balign 4
note_end:

        .equ    file_high, 0x10                 # of its address, 0x100900
        .equ    file_low, 0x0900

        .section .note.GNU-stack, "", @progbits
