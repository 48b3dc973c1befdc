/* SPDX-License-Identifier: MIT */
/* The objects that waiting tasks lead to, and the references between them: closure/references.c
 * finds them, and closure.c draws its conclusions. */
#ifndef CLOSURE_REFERENCES_H
#define CLOSURE_REFERENCES_H

#include "base/array.h"
#include "closure/program.h"

/* An object. Its references are a range of edges, once it has been looked into. */
struct thing {
	uint64_t addr;
	enum kind kind : 16;
	unsigned int depth : 8;
	/* Somebody else has it, or something that has it. */
	bool open;
	/* Somebody else has the very thing. */
	bool unseen;
	uint32_t first_out, out_count;
	/* Number of the edge that leads to it and was found last, from 1; how many do. */
	uint32_t last_in, in_count;
	/* Of a task that has ended: its index in waits.ended, from 1. It leads to what its exception has,
	 * and whoever has it does nothing with that. */
	uint32_t ended;
	/* The search that came by last. */
	uint32_t seen;
};

/* A reference to a thing: of another one, of a frame of a task, or of a global. */
struct reference {
	uint32_t from, to, next_in;
	/* Index of the task; of the global in closure.globals. */
	uint32_t task;
	/* The frame is of a library. */
	bool by_library;
};
#define REFERENCE_OF_FRAME UINT32_MAX
#define REFERENCE_OF_GLOBAL (UINT32_MAX - 1)

ARRAY(things, struct thing);
ARRAY(references, struct reference);
ARRAY(indexes, size_t);

struct closure {
	struct waiting *waiting;
	struct things things;
	struct references references;
	/* Numbers of things, from 1, in places that follow from their addresses; 0: free. As many as a power
	 * of two, of which half are free. */
	uint32_t *numbers;
	size_t number_count;
	/* Sets that were found, by the address of the object; closure itself for none. */
	struct addrmap sets;
	/* By task: its frames have an object of an extension type, which may do anything. */
	bool *foreign;
	/* Whose references are visited: a thing or a task. */
	uint32_t from, task;
	size_t limit;
	uint32_t search;
	struct indexes found, todo;
	/* The search begins at all tasks that are suspended, and at all globals of the program's modules. */
	bool is_wide;
	struct global_names globals;
	/* What is followed: a frame of a library; the globals in that dict. */
	bool by_library;
	uint64_t dict;
	/* Frames of exceptions that were looked into; and those tasks that find_owners() came to. */
	struct addrmap frames;
	struct indexes found_ended;
};

/* Whether the task waits for something that others do, not for time or the system: its frames are
 * where the search begins. */
bool closure_is_root(const struct waiting *waiting, const struct task *task);

/* Find the things and references. closure->foreign has room for all tasks; program has modules that were
 * read, or is NULL: then globals don't count. */
int closure_walk(struct closure *closure, const struct program *program);

/* The thing at an address, or NULL. */
struct thing *closure_thing(const struct closure *closure, uint64_t addr);

void closure_deinit(struct closure *closure);

/* Set open in all things. */
int closure_open(struct closure *closure);

#endif
