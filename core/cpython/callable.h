/* SPDX-License-Identifier: MIT */
/*
 * What can be called, taken apart: functions, methods of Python and C, functools.partial; and what
 * closures, cells and weak references lead to.
 */
#ifndef CPYTHON_CALLABLE_H
#define CPYTHON_CALLABLE_H

#include "cpython/code.h"
#include "cpython/object.h"

/* 0 or NULL: it has none, or it cannot be read. */
struct callable {
	/* FUNCTION, METHOD, CFUNCTION, PARTIAL, METHOD_DESCRIPTOR; or OTHER, and nothing else. */
	enum kind kind;
	/* What is called in the end: the function of a method or of a partial, itself a callable;
	 * the object itself if it is a function or a method of C. */
	uint64_t function;
	/* Of a bound method of Python or C. */
	uint64_t self;
	/* Of a partial: a tuple, a dict. */
	uint64_t args, keywords;
	/* Of that function, or of the one that a method or partial ends in. */
	const struct code *code;
	/* Its qualified name; that of C alone, which a core without its executable does not have. */
	const char *name;
};

/* Take apart the object at addr. A method or partial of something is followed to the function. */
int callable_read(struct decoder *decoder, uint64_t addr, struct callable *ret);

/* What the variable of an enclosing function is, in a function's closure; 0 if there is none. */
int closure_get(struct decoder *decoder, uint64_t function, const char *name, uint64_t *ret);

/* The content of a cell; 0 if it is empty. */
int cell_get(struct decoder *decoder, uint64_t cell, uint64_t *ret);

/* What a weak reference, or one of a subclass such as KeyedRef, refers to; 0 if that is gone. */
int weakref_get(struct decoder *decoder, uint64_t weakref, uint64_t *ret);

/* Whether the code mentions a global, attribute or method of that ASCII name (co_names). */
int code_mentions(struct decoder *decoder, const struct code *code, const char *name, bool *ret);

/* Whether it mentions release, found once for each code. */
int code_releases(struct decoder *decoder, const struct code *code, bool *ret);

#endif
