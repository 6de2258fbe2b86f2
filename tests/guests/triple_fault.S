/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Dies at once of a triple fault: an exception, and no table to find its handler in. */
        .text
        .globl  start
        .code32
start:
        lidt    no_table
        ud2
no_table:
        .short  0
        .long   0

        .section .note.GNU-stack, "", @progbits
