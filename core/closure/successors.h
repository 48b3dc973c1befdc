/* SPDX-License-Identifier: MIT */
/*
 * Who may still do what somebody waits for: a task, thread or callback of a loop that leads there and
 * does such things.
 */
#ifndef CLOSURE_SUCCESSORS_H
#define CLOSURE_SUCCESSORS_H

#include "closure/deeds.h"
#include "closure/leads.h"
#include "cpython/sequence.h"

/* Any that leads there may do it. */
#define DEED_ANY (~0u)

/* An object that tasks wait for, or the futures that they wait for at one place. */
struct target {
	const struct primitive *object;
	const struct location *location;
	/* The kind of what is waited for. */
	enum wait_kind kind;
	/* Index in waits.ended, from 1, of the last that did it. */
	size_t ended;
	/* Somebody else may do it. */
	bool is_doubtful;
	/* Besides those that wait, only globals have it, and no function that names them does it. */
	bool by_globals;
};

ARRAY(targets, struct target *);

/* What is looked for: the object itself, or a generator that has it. */
struct goal {
	struct target *target;
	unsigned int deeds;
};

/* Functions that one may call, or that these may call. */
#define ASKED_MAX 128
#define OBJECTS_ASKED 8
struct asked {
	const struct code *codes[ASKED_MAX];
	uint64_t globals[ASKED_MAX];
	size_t count;
	/* Instances whose methods they may be, and the classes of these: the first is what is led to,
	 * the others are attributes that were named. */
	uint64_t objects[OBJECTS_ASKED];
	const struct type *types[OBJECTS_ASKED];
	size_t object_count;
};

/* What the names of a code are among some globals. */
struct named {
	uint64_t globals;
	struct named *next;
	size_t count;
	uint64_t objects[];
};

struct abandoning {
	struct waiting *waiting;
	struct leads leads;
	struct targets targets;
	/* By task: what it waits for, or a task that it awaits. */
	struct target **stuck_at;
	/* Who is looked at: a task or NULL, a code or NULL; an ended one, from 1. */
	const struct task *task;
	const struct code *code;
	size_t ended;
	/* What is asked for. */
	unsigned int deeds;
	bool found;
	/* It is the main task, which does nothing until the process ends or all others have. */
	bool is_idle;
	/* That task, if it is one. */
	const struct task *main;
	/* The dict of its module's globals, or 0; what is done with those that the code names. */
	uint64_t globals;
	int (*look)(struct abandoning *abandoning, uint64_t object);
	/* Of each code: what its names are in globals; in the decoder's arena. */
	struct addrmap named;
	struct asked asked;
	/* Functions of those that have ended: nobody calls them again from where it waits. */
	struct addrmap ended_codes;
	/* The generator whose with statements are looked at. */
	uint64_t generator;
};

/* What those do who may end such a wait: bits of enum deed. */
unsigned int successors_wanted(enum wait_kind kind);

/* Call look for the globals that the code of a frame names. */
int successors_visit_globals(struct abandoning *abandoning, const struct frame *frame);

/* Doubt all targets that one of these may still release, set, or the like. */
int successors_read_tasks(struct abandoning *abandoning);
int successors_read_threads(struct abandoning *abandoning);
int successors_read_loops(struct abandoning *abandoning);

/* ---- asked.c ---- */

/* Whether what a function does ends such a wait, given the bits of both. */
bool asked_is_deed(unsigned int deeds, unsigned int wanted);

/* Set abandoning.found if abandoning.code names a function, or a method of the object or of its attributes,
 * that does it; or that calls one that does. */
int asked_functions(struct abandoning *abandoning, uint64_t object);

/* The same of the methods that a transport calls of its protocol. */
int asked_protocol(struct abandoning *abandoning, uint64_t protocol);

/* Visit co_names: str objects. */
int asked_visit_names(struct decoder *decoder, const struct code *code, sequence_visit_fn *visit,
		      void *arg);

/* ---- globals.c ---- */

/* Of targets that nobody is seen to have who may do it: whether others may by a global's name. */
int globals_read(struct abandoning *abandoning);

#endif
