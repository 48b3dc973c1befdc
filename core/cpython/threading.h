/* SPDX-License-Identifier: MIT */
/* What the module threading knows of the threads: Lib/threading.py. */
#ifndef CPYTHON_THREADING_H
#define CPYTHON_THREADING_H

#include "cpython/interp.h"

struct threading_thread {
	/* struct thread.ident. */
	uint64_t ident;
	/* The threading.Thread. */
	uint64_t object;
};
ARRAY(threading_threads, struct threading_thread);

/* Append the threads that threading knows; none if the module is not loaded. */
int threading_read(struct decoder *decoder, const struct interp *interp,
		   struct threading_threads *ret);

/* 1 if the end of the process does not wait for a threading.Thread, 0 if it does; -1: not known. */
int threading_is_daemon(struct decoder *decoder, uint64_t object, int *ret);

/* The name of a threading.Thread; NULL if it has none. */
int threading_name(struct decoder *decoder, uint64_t object, const char **ret);

#endif
