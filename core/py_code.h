/* SPDX-License-Identifier: MIT */
/*
 * Code objects and positions in them: Include/cpython/code.h.
 *
 * Each code object is decoded once per snapshot, and each position in it once.
 */
#ifndef PY_CODE_H
#define PY_CODE_H

#include "decoder.h"
#include "py_linetable.h"

/* What a frame runs. */
enum code_kind {
	CODE_FUNCTION,
	CODE_GENERATOR,
	CODE_COROUTINE,
	CODE_ASYNC_GENERATOR,
};

struct code {
	uint64_t addr;
	enum code_kind kind;
	/* In the arena; NULL where they cannot be read. */
	const char *name, *qualname, *filename;
	int32_t firstlineno;
	/* Slots of a frame, its fixed part included. */
	int32_t framesize;
	/* Code units before the first instruction that a user sees. */
	int32_t firsttraceable;
	/* Address of the first instruction. */
	uint64_t instructions;
	const uint8_t *linetable;
	size_t linetable_size;
	/* Memory of py_callback.c: what a function of this code means as a callback. */
	int callback_rule;
};

/* A place in the program. Two frames at the same place share one. */
struct location {
	const struct code *code;
	uint32_t unit;
	struct position position;
};

/* The code object at addr. */
int code_get(struct decoder *decoder, uint64_t addr, struct code **ret);

/* The place unit code units from the start of the code. */
int location_get(struct decoder *decoder, const struct code *code, uint32_t unit,
		 const struct location **ret);

/*
 * The index-th of a code object's variables (locals, cells, then free variables) that
 * has any of the bits in kind (CO_FAST_* below) is named name: returns its index among
 * those in *ret, or -1.
 */
#define CODE_VARIABLE_FREE 0x80
int code_variable_index(struct decoder *decoder, const struct code *code, const char *name,
			uint8_t kind, int *ret);

hashval_t location_hash(const void *element);
int location_equal(const void *element, const void *other);

#endif
