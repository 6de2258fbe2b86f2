/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest that asks the processor: turns on the paging that a test has prepared in memory, then reads at each
 * virtual address of a list and notes what it found, or that the access faulted. README.md tells the layout.
 */
        .equ    kParameters, 0x101000
        .equ    kCr3, kParameters + 0
        .equ    kCr4, kParameters + 4
        .equ    kEfer, kParameters + 8
        .equ    kCount, kParameters + 12
        .equ    kDone, kParameters + 16
        .equ    kFeatures, kParameters + 20     # CPUID.80000001H:EDX
        .equ    kStackTop, 0x103000
        .equ    kInterrupts, 0x103000           # the descriptor table; its page is ours
        .equ    kProbes, 0x104000               # u64 address, u64 found, u64 outcome
        .equ    kProbeSize, 24
        .equ    kRead, 1
        .equ    kFaulted, 2
        .equ    kGeneralProtection, 13
        .equ    kPageFault, 14
        .equ    kLongModeEnable, 1 << 8
        .equ    kCode32, 0x08
        .equ    kCode64, 0x18

        .text
        .globl  start
        .code32
start:
        movl    $kStackTop, %esp
        lgdt    gdt_register
        ljmp    $kCode32, $own_segments
own_segments:
        movl    $0x80000001, %eax
        cpuid
        movl    %edx, kFeatures
        movl    $0xc0000080, %ecx               # EFER
        rdmsr
        orl     kEfer, %eax
        wrmsr
        movl    kCr4, %eax
        movl    %eax, %cr4
        movl    kCr3, %eax
        movl    %eax, %cr3
        movl    %cr0, %eax
        orl     $1 << 31, %eax                  # PG
        movl    %eax, %cr0
        testl   $kLongModeEnable, kEfer
        jz      legacy
        ljmp    $kCode64, $long_mode

legacy:
        movl    $kInterrupts + 8 * kGeneralProtection, %edi
        call    write_gate
        movl    $kInterrupts + 8 * kPageFault, %edi
        call    write_gate
        lidt    interrupts_register
        movl    $kProbes, %esi
        movl    kCount, %ecx
        jecxz   done
probe:
        movl    (%esi), %eax
        movl    $kFaulted, 16(%esi)
        movl    (%eax), %eax
        movl    %eax, 8(%esi)
        movl    $kRead, 16(%esi)
next_probe:
        addl    $kProbeSize, %esi
        loop    probe
done:
        movl    $1, kDone
stand_still:
        cli
        hlt
        jmp     stand_still

/* An interrupt gate to fault, at EDI. */
write_gate:
        movl    $(kCode32 << 16), (%edi)
        movl    $fault, %eax
        movw    %ax, (%edi)
        movl    $0x8e00, 4(%edi)
        shrl    $16, %eax
        movw    %ax, 6(%edi)
        ret

fault:
        addl    $4, %esp                        # the error code
        movl    $next_probe, (%esp)
        iretl

        .code64
long_mode:
        movl    $kInterrupts + 16 * kGeneralProtection, %edi
        call    write_long_gate
        movl    $kInterrupts + 16 * kPageFault, %edi
        call    write_long_gate
        leaq    interrupts_register(%rip), %rax
        lidt    (%rax)
        movl    $kProbes, %esi
        movl    kCount, %ecx
        jrcxz   long_done
long_probe:
        movq    (%rsi), %rax
        movq    $kFaulted, 16(%rsi)
        movq    (%rax), %rax
        movq    %rax, 8(%rsi)
        movq    $kRead, 16(%rsi)
next_long_probe:
        addq    $kProbeSize, %rsi
        loop    long_probe
long_done:
        movl    $1, kDone
long_stand_still:
        cli
        hlt
        jmp     long_stand_still

/* A 64-bit interrupt gate to long_fault, at RDI. */
write_long_gate:
        movl    $(kCode64 << 16), (%rdi)
        leaq    long_fault(%rip), %rax
        movw    %ax, (%rdi)
        movl    $0x8e00, 4(%rdi)
        shrl    $16, %eax
        movw    %ax, 6(%rdi)
        movq    $0, 8(%rdi)
        ret

long_fault:
        addq    $8, %rsp                        # the error code
        leaq    next_long_probe(%rip), %rax
        movq    %rax, (%rsp)
        iretq

        .balign 8
gdt:
        .quad   0
        .quad   0x00cf9b000000ffff              # code: 32 bits
        .quad   0x00cf93000000ffff              # data
        .quad   0x00af9b000000ffff              # code: 64 bits
gdt_end:
gdt_register:
        .short  gdt_end - gdt - 1
        .long   gdt
interrupts_register:                            # the same in both modes, as the upper half is 0
        .short  0xfff
        .quad   kInterrupts

        .section .note.GNU-stack, "", @progbits
