/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest that writes all memory: loaded at 1 MiB, entered there by every vCPU. README.md has its
 * parameters and what it promises.
 */
        .equ    kParameters, 0x180000
        .equ    kReports, 0x190000
        .equ    kCpus, 0
        .equ    kFirst, 8
        .equ    kPages, 16
        .equ    kHighFirst, 24
        .equ    kTotal, 32
        .equ    kThreshold, 40
        .equ    kMode, 48
        .equ    kCodeSelector, 0x08
        .equ    kDataSelector, 0x10

        .text
        .globl  start
        .code32
start:
        movl    $1, %eax
        cpuid
        shrl    $24, %ebx                       # the APIC id
        movl    %ebx, %esi
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
        ljmp    $kCodeSelector, $long_mode

        .code64
long_mode:
        movl    $kDataSelector, %eax
        movl    %eax, %ds
        movl    %eax, %es
        movl    %eax, %ss
        movl    %esi, %r12d                     # number of this vCPU
        movq    $kParameters, %r13
        movl    %esi, %r11d
        shll    $12, %r11d
        addl    $kReports, %r11d                # its report
        leaq    2048(%r11), %rsp
        movq    kCpus(%r13), %r15
        movq    %r12, %r14                      # number of the page
        movl    $1, %ebx                        # generation
        xorl    %r10d, %r10d                    # pages written
        cld
        rdtsc
        shlq    $32, %rdx
        orq     %rdx, %rax
        movq    %rax, %rbp                      # time of the last report
        cmpq    $0, kMode(%r13)
        jne     idle
        jmp     sweep

        .org    0x700
gdt:
        .quad   0
        .quad   0x00af9b000000ffff              # code: 64 bits
        .quad   0x00cf93000000ffff              # data
gdt_end:
gdt_register:
        .short  gdt_end - gdt - 1
        .long   gdt

        .org    0x800
sweep:
        movq    %r14, %r8
        subq    kPages(%r13), %r8
        jae     1f
        movq    %r14, %r8
        shlq    $12, %r8
        addq    kFirst(%r13), %r8
        jmp     2f
1:      shlq    $12, %r8
        addq    kHighFirst(%r13), %r8
2:      movq    %r8, %rax
        shlq    $24, %rax
        addq    %rbx, %rax
        movq    %r8, %rdi
        movl    $512, %ecx
        jmp     write

        .org    0x880
write:
        rep stosq
        .org    0x883
        incq    %r10
        call    report_time
        addq    %r15, %r14
        cmpq    kTotal(%r13), %r14
        jb      sweep
        movq    %r12, %r14
        incq    %rbx
        jmp     sweep

        .org    0x900
idle:
        incq    %r10
        call    report_time
        jmp     idle

/* Stores the number of pages and, if more than the threshold has passed since the last call, the gap. */
report_time:
        rdtsc
        shlq    $32, %rdx
        orq     %rdx, %rax
        movq    %rax, %rdx
        subq    %rbp, %rdx
        movq    %r10, 8(%r11)
        cmpq    kThreshold(%r13), %rdx
        jb      1f
        movq    (%r11), %rcx                    # number of gaps
        movl    %ecx, %esi
        andl    $127, %esi
        shll    $4, %esi
        movq    %rbp, 2048(%r11,%rsi)           # when it began
        movq    %rdx, 2056(%r11,%rsi)           # how long it took
        incq    %rcx
        movq    %rcx, (%r11)
1:      movq    %rax, %rbp
        ret

/* 16 GiB at their physical addresses, by pages of 2 MiB. */
        .equ    kTable, 0x3                     # present, writable
        .equ    kLargePage, 0x83                # likewise, 2 MiB
        .org    0x1000
pml4:
        .quad   pdpt + kTable
        .org    0x2000
pdpt:
        .set    table, 0
        .rept   16
        .quad   directories + 0x1000 * table + kTable
        .set    table, table + 1
        .endr
        .org    0x3000
directories:
        .set    page, 0
        .rept   16 * 512
        .quad   0x200000 * page + kLargePage
        .set    page, page + 1
        .endr

        .section .note.GNU-stack, "", @progbits
