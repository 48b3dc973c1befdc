/* SPDX-License-Identifier: MIT */
/*
 * The variables of a frame: of a coroutine or generator that is suspended or has not begun, and of
 * one that runs, whose innermost frame may be a little behind (Objects/frameobject.c).
 */
#ifndef CPYTHON_LOCALS_H
#define CPYTHON_LOCALS_H

#include "cpython/attr.h"
#include "cpython/frame.h"

enum local_kind {
	/* A variable of the function alone. */
	LOCAL_PLAIN,
	/* One that functions inside of it use too. */
	LOCAL_CELL,
	/* One of a function around it. */
	LOCAL_FREE,
};

struct local {
	/* A str: str_equals(), str_read(). */
	uint64_t name;
	/* What it is bound to, if need be through its cell; 0 if it is unset. */
	uint64_t value;
	/* The cell, for the last two kinds; 0 while there is none. */
	uint64_t cell;
	/* Where the frame keeps the value or cell. */
	uint64_t addr;
	enum local_kind kind;
	/* The frame does not own a reference to what is at addr: it is not counted there. */
	bool borrowed;
};

/* A value other than 0 ends the walk and is returned. */
typedef int local_visit_fn(struct decoder *decoder, const struct local *local, void *arg);

/* Visit all variables of the frame, unset ones too, once each, arguments first. */
int locals_visit(struct decoder *decoder, const struct frame *frame, local_visit_fn *visit,
		 void *arg);

/* What the variable of that ASCII name is bound to; 0 if it is unset or there is none. */
int locals_get(struct decoder *decoder, const struct frame *frame, const char *name, uint64_t *ret);

/* Several at once, as attrs_get() does. */
int locals_get_all(struct decoder *decoder, const struct frame *frame, struct attr *attrs,
		   size_t count);

#endif
