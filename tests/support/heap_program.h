/* SPDX-License-Identifier: MIT */
/* More objects for a heap: what a program runs, and its tasks. */
#ifndef HEAP_PROGRAM_H
#define HEAP_PROGRAM_H

#include "heap.h"

/* co_flags. */
#define HEAP_CO_GENERATOR 0x20
#define HEAP_CO_COROUTINE 0x80
#define HEAP_CO_ASYNC_GENERATOR 0x200

/* Kinds of variables: co_localspluskinds. */
#define HEAP_LOCAL 0x20
#define HEAP_CELL 0x40
#define HEAP_FREE 0x80
/* An argument that is a cell. */
#define HEAP_ARGUMENT_CELL (HEAP_LOCAL | HEAP_CELL)

/* Slots of a frame for locals, and for the value stack behind them. */
#define HEAP_LOCALS 5
#define HEAP_STACK 4

struct heap_variable {
	const char *name;
	uint8_t kind;
};

struct heap_code {
	/* The qualname is the same, and the file "example.py", if they are NULL. */
	const char *name, *qualname, *file;
	int line;
	unsigned int flags;
	int firsttraceable;
	/* Ended by one without a name. */
	const struct heap_variable *variables;
};

/*
 * A code object. Its instruction k, of 100, stands in the line k below the first, in the
 * columns 4 to 8.
 */
uint64_t heap_code(struct heap *heap, const struct heap_code *code);
#define CODE(...) (&(const struct heap_code){__VA_ARGS__})
#define VARIABLES(...)                                                                             \
	(const struct heap_variable[])                                                             \
	{                                                                                          \
		__VA_ARGS__,                                                                       \
		{                                                                                  \
			NULL, 0                                                                    \
		}                                                                                  \
	}

/* The opcode and argument of an instruction. */
void heap_put_unit(struct heap *heap, uint64_t code, unsigned int unit, unsigned int opcode,
		   unsigned int argument);

/* Since 3.11: what handles exceptions of the units from start to end, exclusive. Entries are kept in
 * the order of these calls. */
struct heap_handler {
	unsigned int start, end, target, depth, lasti;
};
void heap_put_handlers(struct heap *heap, uint64_t code, const struct heap_handler *handlers,
		       size_t count);

/* The index-th variable of a frame, and the index-th value of its stack. */
void heap_put_local(struct heap *heap, uint64_t frame, size_t index, uint64_t value);
void heap_put_value(struct heap *heap, uint64_t frame, size_t index, uint64_t value);
/* So many values are on its stack. */
void heap_put_depth(struct heap *heap, uint64_t frame, size_t depth);

/* closure: a tuple of cells, or 0. */
uint64_t heap_function(struct heap *heap, uint64_t code, uint64_t closure);
uint64_t heap_method(struct heap *heap, uint64_t function, uint64_t self);
uint64_t heap_cfunction(struct heap *heap, const char *name, uint64_t self);
uint64_t heap_partial(struct heap *heap, uint64_t function, const uint64_t *args, size_t count);

/* A function with one free variable, which has this value. */
uint64_t heap_closure(struct heap *heap, const char *name, const char *file, const char *variable,
		      uint64_t value);

/* The value of gi_frame_state. */
enum heap_state {
	STATE_CREATED,
	/* At a plain yield. */
	STATE_YIELDED,
	STATE_AWAITING,
	STATE_EXECUTING,
	STATE_FINISHED,
};
int32_t heap_state(const struct heap *heap, enum heap_state state);

/*
 * A coroutine, generator or async generator that stands at an instruction, of which it
 * changes the next if that has to tell the state. awaits is on its value stack.
 */
uint64_t heap_gen(struct heap *heap, enum heap_type type, uint64_t code, unsigned int unit,
		  enum heap_state state, uint64_t awaits);
/* The same for a coroutine of a function of that name, in a line of example.py. If it awaits
 * nothing, it is at a plain yield. */
uint64_t heap_coro(struct heap *heap, const char *name, int line, uint64_t awaits);
/* Its frame. */
uint64_t heap_gen_frame(struct heap *heap, uint64_t gen);

/* An object whose first field is another one: asend, cell, FutureIter... */
uint64_t heap_wrapper(struct heap *heap, enum heap_type type, uint64_t inner);

/*
 * A coroutine as Cython makes them, and its type, which publishes where it keeps what it awaits
 * under this name. words: how many stand between that and the name, 1 in Cython 3.1.
 */
uint64_t heap_compiled_type(struct heap *heap, const char *name, const char *member);
uint64_t heap_compiled(struct heap *heap, uint64_t type, const char *qualname, int label,
		       uint64_t awaits, unsigned int words);
/* It runs. */
void heap_compiled_run(struct heap *heap, uint64_t compiled, unsigned int words);

/* A greenlet.greenlet that is suspended in this frame; 0: it runs. */
uint64_t heap_greenlet(struct heap *heap, uint64_t frame);

/* A frame on a thread's stack. owner: 0, or that of the entry to the interpreter. */
uint64_t heap_frame(struct heap *heap, uint64_t code, unsigned int unit, unsigned int owner,
		    uint64_t previous);
void heap_put_previous(struct heap *heap, uint64_t frame, uint64_t previous);

/* Pending. */
uint64_t heap_future(struct heap *heap);
uint64_t heap_task(struct heap *heap, const char *name, uint64_t coro);

/* The first and the further callbacks of a future. Returns the list. */
uint64_t heap_put_callbacks(struct heap *heap, uint64_t future, const uint64_t *callbacks,
			    size_t count);
/* What asyncio's own tasks leave as a callback, to be woken. */
uint64_t heap_wakeup(struct heap *heap, uint64_t task);
/* waiter is woken when future is done; waiter is on record as awaiting it (3.14). */
void heap_wakes(struct heap *heap, uint64_t future, uint64_t waiter);
void heap_awaited_by(struct heap *heap, uint64_t future, uint64_t waiter);

#endif
