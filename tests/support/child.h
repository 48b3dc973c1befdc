/* SPDX-License-Identifier: MIT */
/* Real processes to look at: copies of the test, which wait to be killed. */
#ifndef CHILD_H
#define CHILD_H

#include "memory.h"

#include <sys/types.h>

struct child {
	pid_t pid;
	/* A page that both may write to. */
	void *shared;
};

/* Run in the child before child_start() returns. */
typedef void child_fn(void *arg, void *shared);

/* prepare may be NULL. */
void child_start(struct child *child, child_fn *prepare, void *arg);

/* End it; it is a zombie until child_deinit(). */
void child_kill(const struct child *child);
void child_deinit(struct child *child);

/* Declares one that is ended at the end of the scope. */
#define CHILD(name, prepare, arg)                                                                  \
	struct child name __attribute__((cleanup(child_deinit)));                                  \
	child_start(&(name), prepare, arg)

/* Has what is in arg, a struct memory, at the same addresses, as mapped files. */
child_fn child_map_memory;

#endif
