/* SPDX-License-Identifier: MIT */
/*
 * Which of a few objects that are looked for others lead to: by attributes, items of containers,
 * what methods and partials are bound to and functions close over, in a few steps. Each object is
 * looked into once, however many lead to it.
 */
#ifndef CLOSURE_LEADS_H
#define CLOSURE_LEADS_H

#include "waits/waiting.h"

#define LEADS_STEPS 4

/* One that an object leads to: what leads.wanted has for it. */
struct led {
	void *wanted;
	struct led *next;
};

struct led_list {
	struct led *first;
};

struct leads {
	struct waiting *waiting;
	/* What is looked for, by address. */
	struct addrmap wanted;
	/* struct led_list by the object, for each number of steps that were taken before it. */
	struct addrmap objects[LEADS_STEPS];
	/* While objects are looked into: the list of each, and how much was looked at in it. */
	struct led_list *into[LEADS_STEPS];
	size_t items[LEADS_STEPS], step, count;
	/* There was too much: what is not found may be there. */
	bool is_cut;
};

/* What an object leads to, itself included. */
int leads_find(struct leads *leads, uint64_t object, const struct led **ret);

void leads_deinit(struct leads *leads);

#endif
