/* SPDX-License-Identifier: MIT */
/*
 * Which of the things that are looked for an object leads to, in a few steps of attributes. What is
 * found of an object is kept: many tasks lead to the same ones.
 */
#ifndef WAITS_LEADS_H
#define WAITS_LEADS_H

#include "waits/waiting.h"

#define LEADS_STEPS_MAX 5

/* Something that is looked for. */
struct wanted {
	struct primitive *primitive;
	/* Only as an attribute of an object of the class of that name; NULL: of any. */
	const char *of_type;
	/* It is one of the things that the primitive gives out, and whoever has it has been given it. */
	bool is_given;
};

struct led {
	const struct wanted *wanted;
	struct led *next;
};

/* What an object leads to. */
struct leads_list {
	struct led *first;
};

struct leads {
	struct waiting *waiting;
	/* struct wanted by address. */
	const struct addrmap *wanted;
	size_t steps;
	/* struct leads_list by the object, by how many steps were taken. */
	struct addrmap objects[LEADS_STEPS_MAX];
	/* Of what is visited, by steps. */
	struct leads_list *lists[LEADS_STEPS_MAX];
	uint64_t current[LEADS_STEPS_MAX];
	size_t attributes[LEADS_STEPS_MAX];
	size_t step;
	/* Containers around the one that is visited. */
	unsigned int nested;
	/* Objects that were looked into. There were too many, and more may be led to. */
	size_t count;
	bool is_cut;
};

/* What the object leads to, itself left out; NULL: nothing. Returns 0 or an error that is fatal. */
int leads_of(struct leads *leads, uint64_t object, const struct led **ret);

/* Do not look into that object, which leads to everything. */
int leads_leave_out(struct leads *leads, uint64_t object);

void leads_deinit(struct leads *leads);

#endif
