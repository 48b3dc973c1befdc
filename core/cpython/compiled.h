/* SPDX-License-Identifier: MIT */
/*
 * Coroutines of code that Cython has compiled (Coroutine and AsyncGen of its utility code), or Nuitka.
 *
 * Their types are the extension's own, and so are their structs, which differ from version to
 * version. Cython says where the awaited object is: cr_await, ag_await or gi_yieldfrom is a
 * member of the type (PyMemberDef). The names follow it. Nuitka publishes nothing; its objects are
 * told by their types' names, and by names of their own in the places that those have.
 */
#ifndef CPYTHON_COMPILED_H
#define CPYTHON_COMPILED_H

#include "cpython/coro.h"
#include "cpython/object.h"

/* What such an object is. */
enum compiled_role {
	/* Nothing that can be followed. */
	COMPILED_NOT,
	COMPILED_GENERATOR,
	/* Passes an await on to the compiled generator that it has as its first field. */
	COMPILED_WRAPPER,
};

struct compiled {
	enum compiled_role role;
	enum coro_state state;
	/* Of a generator: what it awaits, or 0; of a wrapper, the generator. */
	uint64_t awaited;
	/* Function, without a file and a line. */
	const struct location *location;
	/* It runs, and tells nothing of what it has called: only after the first step of an await
	 * does it say what that is, which may be another compiled coroutine. The place of a line
	 * for that; else NULL. */
	const struct location *unknown;
};

/* Read the object at addr, of that type. */
int compiled_read(struct decoder *decoder, uint64_t addr, const struct type *type,
		  struct compiled *ret);

#endif
