/* SPDX-License-Identifier: MIT */
/*
 * Which of the things that are looked for an object leads to, in a few steps of attributes. What is
 * found of an object is kept: many tasks lead to the same ones.
 */
#ifndef WAITS_TRAILS_H
#define WAITS_TRAILS_H

#include "waits/waiting.h"

#define TRAILS_STEPS_MAX 5

/* Something that is looked for. */
struct wanted {
	struct primitive *primitive;
	/* Only as an attribute of an object of the class of that name; NULL: of any. */
	const char *of_type;
	/* It is one of the things that the primitive gives out, and whoever has it has been given it. */
	bool is_given;
	/* Who leads to it, and where; others do as well, as to what an object that all know keeps. */
	struct task *by;
	struct site site;
	bool is_shared;
};

struct trail {
	struct wanted *wanted;
	struct trail *next;
};

/* What an object leads to. */
struct trail_list {
	struct trail *first;
};

struct trails {
	struct waiting *waiting;
	/* struct wanted by address. */
	const struct addrmap *wanted;
	size_t steps;
	/* The attribute whose container is followed; NULL: none is, as containers have things of
	 * everybody. */
	const char *followed;
	/* struct trail_list by the object, by how many steps were taken. */
	struct addrmap objects[TRAILS_STEPS_MAX];
	/* Of what is visited, by steps. */
	struct trail_list *lists[TRAILS_STEPS_MAX];
	uint64_t current[TRAILS_STEPS_MAX];
	size_t attributes[TRAILS_STEPS_MAX];
	size_t step;
	/* Containers around the one that is visited. */
	unsigned int nested;
	/* That attribute is visited. */
	bool follows;
	/* Objects that were looked into, and may be. There were too many, and more may be led to. */
	size_t count, limit;
	bool is_cut;
};

/* What the object leads to, itself left out; NULL: nothing. Returns 0 or an error that is fatal. */
int trails_of(struct trails *trails, uint64_t object, const struct trail **ret);

/* Do not look into that object, which leads to everything. */
int trails_leave_out(struct trails *trails, uint64_t object);

void trails_deinit(struct trails *trails);

#endif
