/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A virtual machine monitor in C that runs a guest and dumps it: vmm FILE [FORMAT [KVM_DEVICE]]
 *
 *     cc vmm.c $(pkg-config --cflags --libs guestdump) -pthread -o vmm
 *
 * The guest has one vCPU, in real mode, that counts at 0x2000 and in BX. Without /dev/kvm, a thread of this program counts in
 * its place.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <guestdump/guestdump.h>

enum { RAM_SIZE = 16 << 20, CODE_AT = 0x1000, COUNTER_AT = 0x2000 };

/* inc word [0x2000]; inc bx; jmp 0x1000 */
static const unsigned char code[] = {0xff, 0x06, 0x00, 0x20, 0x43, 0xeb, 0xf9};

struct machine {
    unsigned char *ram;
    int kvm, vm, vcpu; /* descriptors; kvm is -1 if a thread counts */
    struct kvm_run *shared;
    pthread_t thread;
    atomic_int stop;
    uint64_t counted; /* without KVM */
};

static int set_up_kvm(struct machine *machine)
{
    struct kvm_userspace_memory_region memory = {
        .memory_size = RAM_SIZE,
        .userspace_addr = (uintptr_t)machine->ram,
    };
    struct kvm_regs general = {.rip = CODE_AT, .rflags = 2};
    struct kvm_sregs special;
    int size = ioctl(machine->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);

    machine->vm = ioctl(machine->kvm, KVM_CREATE_VM, 0);
    ioctl(machine->vm, KVM_SET_TSS_ADDR, 0xfffbd000);
    if (ioctl(machine->vm, KVM_SET_USER_MEMORY_REGION, &memory) < 0)
        return -1;
    machine->vcpu = ioctl(machine->vm, KVM_CREATE_VCPU, 0);
    machine->shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, machine->vcpu, 0);
    if (machine->shared == MAP_FAILED || ioctl(machine->vcpu, KVM_GET_SREGS, &special) < 0)
        return -1;
    special.cs.base = special.cs.selector = 0;
    if (ioctl(machine->vcpu, KVM_SET_SREGS, &special) < 0)
        return -1;
    return ioctl(machine->vcpu, KVM_SET_REGS, &general);
}

static void *run_vcpu(void *opaque)
{
    struct machine *machine = opaque;

    while (!atomic_load(&machine->stop)) {
        if (machine->kvm >= 0)
            ioctl(machine->vcpu, KVM_RUN, 0);
        else
            machine->ram[COUNTER_AT] = (unsigned char)++machine->counted;
    }
    return NULL;
}

static void run(struct machine *machine)
{
    atomic_store(&machine->stop, 0);
    if (machine->kvm >= 0)
        machine->shared->immediate_exit = 0;
    if (pthread_create(&machine->thread, NULL, run_vcpu, machine) != 0)
        abort();
}

/* What a dump asks of a machine. */

static int pause_machine(void *opaque)
{
    struct machine *machine = opaque;

    atomic_store(&machine->stop, 1);
    if (machine->kvm >= 0)
        machine->shared->immediate_exit = 1;  /* ends a KVM_RUN that is about to begin */
    pthread_kill(machine->thread, SIGUSR1);   /* ends one that has begun */
    return pthread_join(machine->thread, NULL);
}

static void resume_machine(void *opaque)
{
    run(opaque);
}

static void set_segment(guestdump_segment *to, const struct kvm_segment *from)
{
    to->base = from->base;
    to->limit = from->limit;
    to->selector = from->selector;
    to->flags = (uint32_t)from->type << 8 | (uint32_t)from->s << 12 | (uint32_t)from->dpl << 13 |
                (uint32_t)from->present << 15 | (uint32_t)from->avl << 20 | (uint32_t)from->l << 21 |
                (uint32_t)from->db << 22 | (uint32_t)from->g << 23;
}

static int get_registers(void *opaque, uint32_t index, guestdump_x86_registers *registers)
{
    struct machine *machine = opaque;
    struct kvm_regs general;
    struct kvm_sregs special;

    (void)index; /* there is one vCPU */
    registers->rbx = machine->counted;
    if (machine->kvm < 0)
        return 0;
    if (ioctl(machine->vcpu, KVM_GET_REGS, &general) < 0 || ioctl(machine->vcpu, KVM_GET_SREGS, &special) < 0)
        return errno;
    registers->rax = general.rax;
    registers->rbx = general.rbx;
    registers->rsp = general.rsp;
    registers->rip = general.rip;
    registers->rflags = general.rflags;
    set_segment(&registers->cs, &special.cs);
    set_segment(&registers->ds, &special.ds);
    set_segment(&registers->ss, &special.ss);
    registers->cr0 = special.cr0;
    registers->cr3 = special.cr3;
    registers->cr4 = special.cr4;
    registers->efer = special.efer;
    return 0;
}

static int print_progress(void *opaque, int phase, uint64_t completed, uint64_t total)
{
    (void)opaque;
    if (phase == GUESTDUMP_PHASE_MEMORY)
        fprintf(stderr, "%ju of %ju bytes\n", (uintmax_t)completed, (uintmax_t)total);
    return 0; /* go on */
}

static int dump_machine(struct machine *machine, const char *path, const char *format)
{
    guestdump_guest *guest = guestdump_guest_new();
    guestdump_dump *dump = guestdump_dump_new();
    guestdump_error *error = NULL;
    int failed;

    guestdump_guest_set_pause(guest, pause_machine, resume_machine, machine);
    guestdump_dump_set_progress(dump, print_progress, NULL, 100);
    failed = guestdump_guest_add_memory(guest, 0, machine->ram, RAM_SIZE, GUESTDUMP_MEMORY_ANONYMOUS, &error) ||
             guestdump_guest_set_vcpus(guest, 1, get_registers, machine, &error) ||
             guestdump_dump_set_format(dump, format, &error) ||
             guestdump_dump_to_path(dump, guest, path, &error);
    if (failed)
        fprintf(stderr, "vmm: %s\n", guestdump_error_message(error));
    else
        printf("%s: %ju bytes of guest memory\n", path, (uintmax_t)guestdump_dump_memory(dump));
    guestdump_error_free(error);
    guestdump_dump_free(dump);
    guestdump_guest_free(guest);
    return failed;
}

static void on_signal(int number)
{
    (void)number; /* only ends KVM_RUN */
}

int main(int argc, char **argv)
{
    struct machine machine = {.kvm = -1};
    int failed;

    if (argc < 2) {
        fprintf(stderr, "usage: vmm FILE [FORMAT [KVM_DEVICE]]\n");
        return 2;
    }
    signal(SIGUSR1, on_signal);
    machine.ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memcpy(machine.ram + CODE_AT, code, sizeof code);
    machine.kvm = open(argc > 3 ? argv[3] : "/dev/kvm", O_RDWR | O_CLOEXEC);
    if (machine.kvm >= 0 && set_up_kvm(&machine) < 0)
        machine.kvm = -1;
    run(&machine);
    while (*(volatile unsigned char *)&machine.ram[COUNTER_AT] == 0)
        usleep(1000); /* it has not begun to count */
    failed = dump_machine(&machine, argv[1], argc > 2 ? argv[2] : "elf");
    pause_machine(&machine);
    return failed ? 1 : 0;
}
