/* SPDX-License-Identifier: MIT */
/*
 * Registers of the threads of an ELF core, and the system calls that they were in. struct
 * elf_prstatus and struct user_regs_struct of the kernel; core(5).
 */
#ifndef PROCESS_CORE_REGISTERS_H
#define PROCESS_CORE_REGISTERS_H

#include "aiodbg.h"
#include "process/core_notes.h"

/*
 * The system call of the thread with that id, of notes that core_notes_add() has read. Returns 0, or
 * AIODBG_NOT_FOUND: there is no such thread, or it is cut off, or of another machine than x86-64.
 */
int core_registers_syscall(const struct core_notes *notes, const struct core_bytes *bytes,
			   uint64_t tid, struct aiodbg_syscall *ret);

#endif
