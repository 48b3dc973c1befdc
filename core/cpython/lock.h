/* SPDX-License-Identifier: MIT */
/* _thread.lock and _thread.RLock: Modules/_threadmodule.c. */
#ifndef CPYTHON_LOCK_H
#define CPYTHON_LOCK_H

#include "cpython/decoder.h"

struct lock {
	/* An RLock, which knows its owner. */
	bool is_recursive;
	bool locked;
	/* It is a mutex, and threads wait for it; where it is a semaphore nobody can tell. */
	bool contended;
	/* struct thread.ident of the owner of an RLock, and how often it has it; else 0. */
	uint64_t owner, count;
	/* Where a thread waits that waits for it: the address of the semaphore, for which it calls
	 * futex; or of the mutex, which is on its C stack meanwhile. 0 if there is none. */
	uint64_t semaphore, mutex;
};

/* Fails if the object at addr is no lock, or of a form that is not known. */
int lock_read(struct decoder *decoder, uint64_t addr, struct lock *ret);

#endif
