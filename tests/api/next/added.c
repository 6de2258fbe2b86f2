/* SPDX-License-Identifier: GPL-2.0-or-later */

/* A function that version 1.0 does not have. */
int guestdump_added(void);

int guestdump_added(void)
{
    return 1;
}
