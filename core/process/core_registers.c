/* SPDX-License-Identifier: MIT */
/* Registers of the threads of a core. See process/core_registers.h. */
#include "process/core_registers.h"

#include <elf.h>
#include <stdlib.h>

/* Where struct elf_prstatus has them on x86-64, in bytes. */
#define REGISTERS 112
#define REGISTER_SIZE 8

/* Index of each among them. */
enum {
	R10 = 7,
	R9 = 8,
	R8 = 9,
	RAX = 10,
	RDX = 12,
	RSI = 13,
	RDI = 14,
	ORIG_RAX = 15,
	RSP = 19,
	REGISTER_COUNT = 27,
};

/* Codes inside the kernel by which it ends a system call that it begins anew behind a signal. */
#define ERESTARTSYS 512
#define ERESTARTNOINTR 513
#define ERESTARTNOHAND 514
#define ERESTART_RESTARTBLOCK 516
/* Of those that it does not. */
#define INTERRUPTED 4

/*
 * Whoever was in a system call when the core was written was interrupted there: that is what it was
 * about to return. Otherwise it had returned, or the number is negative: there was none.
 */
static bool was_in_syscall(const uint64_t *registers)
{
	switch (-(int64_t)registers[RAX]) {
	case INTERRUPTED:
	case ERESTARTSYS:
	case ERESTARTNOINTR:
	case ERESTARTNOHAND:
	case ERESTART_RESTARTBLOCK:
		return (int64_t)registers[ORIG_RAX] >= 0;
	default:
		return false;
	}
}

static int compare_ids(const void *key, const void *item)
{
	const uint64_t *id = key;
	const struct core_thread *thread = item;
	return *id < thread->tid ? -1 : *id > thread->tid;
}

int core_registers_syscall(const struct core_notes *notes, const struct core_bytes *bytes,
			   uint64_t tid, struct aiodbg_syscall *ret)
{
	static const int arguments[] = {RDI, RSI, RDX, R10, R8, R9};
	uint8_t buf[REGISTER_COUNT * REGISTER_SIZE];
	uint64_t registers[REGISTER_COUNT];
	const struct core_thread *thread = notes->threads.count
						   ? bsearch(&tid, notes->threads.items,
							     notes->threads.count, sizeof(*thread),
							     compare_ids)
						   : NULL;
	if (!thread || bytes->machine != EM_X86_64 || bytes->word_size != REGISTER_SIZE ||
	    thread->size < REGISTERS + sizeof(buf) ||
	    !core_bytes_read(bytes, thread->offset + REGISTERS, buf, sizeof(buf)))
		return AIODBG_NOT_FOUND;
	for (size_t i = 0; i < REGISTER_COUNT; i++)
		registers[i] = core_bytes_uint(bytes, buf + i * REGISTER_SIZE, REGISTER_SIZE);
	*ret = (struct aiodbg_syscall){
		.number = was_in_syscall(registers) ? (int64_t)registers[ORIG_RAX] : -1,
		.stack_pointer = registers[RSP],
	};
	for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++)
		ret->arguments[i] = registers[arguments[i]];
	return 0;
}
