/* SPDX-License-Identifier: MIT */
/* The modules of an interpreter that asyncio's state is in, and what they export. */
#ifndef CPYTHON_MODULES_H
#define CPYTHON_MODULES_H

#include "cpython/interp.h"

/* Namespaces (dicts) of modules, 0 for those that are not loaded. */
struct modules {
	uint64_t sys;
	/* asyncio.tasks */
	uint64_t tasks;
	/* The module object _asyncio itself. */
	uint64_t asyncio;
	/* All of sys.modules was seen: what is 0 is not there. */
	bool complete;
};

/*
 * Look through sys.modules once; also tell cpython/object.h the types that modules export. What
 * cannot be read is noted, and what is not found is 0.
 */
int modules_read(struct decoder *decoder, const struct interp *interp, struct modules *ret,
		 note_fn *note, void *arg);

/* The namespace (a dict) of any module, by its name in sys.modules; 0 if it is not loaded. This looks
 * through all of sys.modules each time. */
int modules_find(struct decoder *decoder, const struct interp *interp, const char *name,
		 uint64_t *ret);

/* A module's global; 0 if there is none. */
int modules_global(struct decoder *decoder, const struct interp *interp, const char *module,
		   const char *name, uint64_t *ret);

/* A class that a module exports, such as asyncio.locks and Lock; 0 if there is none. */
int modules_class(struct decoder *decoder, const struct interp *interp, const char *module,
		  const char *name, uint64_t *ret);

/*
 * Learn the types that only what tasks wait for is about: locks and queues of C. They are told by
 * their flags and names where those are readable; in a core without its executable by this.
 */
int modules_learn_of_waits(struct decoder *decoder, const struct interp *interp);

#endif
