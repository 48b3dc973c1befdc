/* SPDX-License-Identifier: MIT */
/*
 * Code objects and positions in them: Include/cpython/code.h.
 *
 * Each code object is decoded once per snapshot, and each position in it once.
 */
#ifndef CPYTHON_CODE_H
#define CPYTHON_CODE_H

#include "cpython/decoder.h"
#include "cpython/linetable.h"

#define CALLBACK_RULE_UNKNOWN (-1)

struct code_variable;

/* What a frame runs. */
struct code {
	uint64_t addr;
	enum aiodbg_frame_kind kind;
	/* Not CPython's: there is only a name. */
	bool is_compiled;
	/* In the arena; NULL where they cannot be read. */
	const char *name, *qualname, *filename;
	int32_t firstlineno;
	/* Slots for variables and stack, in a frame. */
	int64_t slots;
	/* Of those, the ones for variables come first, then those that the stack may need. Up to
	 * 3.10 the frame tells where its stack begins. */
	int32_t locals, stacksize;
	/* Code units before the first instruction that a user sees. */
	int32_t firsttraceable;
	/* Address of the first instruction. */
	uint64_t instructions;
	/* Free-threaded builds: the table of the threads' own copies of the instructions. */
	uint64_t copies;
	const uint8_t *linetable;
	size_t linetable_size;
	/* NULL until it is asked for: code_read_exctable(). */
	const uint8_t *exctable;
	size_t exctable_size;
	/* Memory of asyncio/callback.c: what a function of this code means as a callback, and the
	 * place in its closure of what that asks for. */
	int callback_rule, callback_cell;
	/* Memory of cpython/callable.c: whether it mentions release; 0: not known, 1: no, 2: yes. */
	int releases;
	/* Memory of cpython/locals.c: its variables, as many as locals; NULL until they are read. */
	const struct code_variable *variables;
	/* SQLAlchemy's: cpython/greenlet.h. */
	bool is_greenlet_spawn;
};

/* A place in the program. Two frames at the same place share one. */
struct location {
	const struct code *code;
	uint32_t unit;
	/* Qualified name, of the code, or of the generator where codes have none; NULL if it
	 * cannot be read. */
	const char *function;
	struct position position;
};

/* The unit of a frame that has not begun: it stands on the first line. */
#define UNIT_START UINT32_MAX
/* The unit of a frame whose instruction pointer makes no sense. */
#define UNIT_UNKNOWN (UINT32_MAX - 1)

/* The code object at addr, if that was met lately; else NULL. */
static inline struct code *code_recent(const struct decoder *decoder, uint64_t addr)
{
	struct code *recent = decoder->recent_codes[(addr >> 4) % DECODER_RECENT];
	return recent && recent->addr == addr ? recent : NULL;
}

/* The code object at addr. */
int code_get(struct decoder *decoder, uint64_t addr, struct code **ret);

/* Read the exception table of a code, once, in versions that have one. */
int code_read_exctable(struct decoder *decoder, struct code *code);

/* The text of a str, or of a C string, that many objects share, read once for each address. NULL if
 * it cannot be read. */
int name_get(struct decoder *decoder, uint64_t addr, const char **ret);
int name_get_c(struct decoder *decoder, uint64_t addr, const char **ret);

/*
 * The place unit code units from the start of the code. qualname is the address of a str
 * that names the function if the code has no qualified name, or 0.
 */
int location_get(struct decoder *decoder, const struct code *code, uint32_t unit, uint64_t qualname,
		 const struct location **ret);

/* A place in compiled code: only its name is known, the str at qualname. */
int location_named(struct decoder *decoder, uint64_t qualname, enum aiodbg_frame_kind kind,
		   const struct location **ret);

/* The object at addr stands for what is not known of it: "TYPE at 0x...". */
int location_foreign(struct decoder *decoder, enum aiodbg_frame_kind kind, const char *type,
		     uint64_t addr, const struct location **ret);

/*
 * The index, in a function's closure, of the variable of that name; -1 if there is none.
 */
int code_free_variable(struct decoder *decoder, const struct code *code, const char *name,
		       int *ret);

hashval_t location_hash(const void *element);
int location_equal(const void *element, const void *other);

#endif
