/* SPDX-License-Identifier: MIT */
/*
 * The images that the fuzzer changes, and one execution. See target.c.
 */
#ifndef TARGET_H
#define TARGET_H

#include "input.h"

/* Bytes of the target that the library looks at when nothing is changed. */
struct range {
	uint64_t addr, len;
};

struct base {
	struct image image;
	uint32_t hash;
	/* Of tests/programs/small.py or stuck.py: an execution takes half as long as with the
	 * others. */
	bool small;
	/* In the order in which they are looked at first. */
	struct range *ranges;
	size_t num_ranges, max_ranges;
	/* What can be the argument of a command that takes a task: ids, as text. */
	char (*tasks)[24];
	size_t num_tasks;
	/* The kernel's id of a thread, or empty. */
	char tid[24];
	/* The address of a loop, or empty. */
	char loop[24];
};

/* The small ones come first. */
struct bases {
	struct base *list;
	size_t num, num_small;
};

/* Loaded at the first call. */
const struct bases *bases_get(void);

/* The base of an input: that of the name, else any. */
struct base *base_of(const struct input_head *head);

/* What libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

#endif
