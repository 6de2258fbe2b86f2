/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guest that counts: loaded at 1 MiB, entered there by every vCPU as vm/firmware.h has it, at any
 * time and any number of times. README.md says what it promises.
 */
        .equ    kImage, 0x100000
        .equ    kCounters, 0x200000
        .equ    kVirtualBase, 0xffff800000000000
        .equ    kCodeSelector, 0x08
        .equ    kDataSelector, 0x10

        .text
        .globl  start
        .code32
start:
        movl    $1, %eax
        cpuid
        shrl    $24, %ebx                       # the APIC id
        shll    $6, %ebx
        leal    kCounters(%ebx), %edi

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
        movl    %eax, %fs
        movl    %eax, %gs
        movl    %eax, %ss
        movabs  $kVirtualBase, %rax
        addq    %rax, %rdi
        leaq    gdt_register_high(%rip), %rdx
        lgdt    (%rdx)
        xorl    %ebx, %ebx
        movq    %rbx, (%rdi)
        leaq    count(%rip), %rdx
        addq    %rax, %rdx
        jmp     *%rdx

        .org    0x7c0
gdt:
        .quad   0
        .quad   0x00af9b000000ffff              # code: 64 bits
        .quad   0x00cf93000000ffff              # data
gdt_end:
gdt_register:
        .short  gdt_end - gdt - 1
        .long   gdt
gdt_register_high:
        .short  gdt_end - gdt - 1
        .quad   gdt + kVirtualBase

        .org    0x800
count:
        incq    %rbx
        movq    %rbx, (%rdi)
        jmp     count

/* 4 MiB at virtual 0, for the way in, and at the kernel's end of the address space. */
        .equ    kTable, 0x3                     # present, writable
        .equ    kLargePage, 0x83                # likewise, 2 MiB

        .org    0x1000
pml4:
        .quad   pdpt + kTable
        .org    0x1000 + 256 * 8
        .quad   pdpt + kTable
        .org    0x2000
pdpt:
        .quad   page_directory + kTable
        .org    0x3000
page_directory:
        .quad   0x000000 + kLargePage
        .quad   0x200000 + kLargePage
        .org    0x4000

        .section .note.GNU-stack, "", @progbits
