/* SPDX-License-Identifier: MIT */
/* Shared stacks. See snapshot/stacks.h. */
#include "snapshot/stacks.h"

/* Of so many different ones, most would be met once. */
#define KNOWN_MAX 65536

struct shared_stack {
	size_t count;
	const struct location *places[];
};

static uint64_t hash_places(const struct location *const *places, size_t count)
{
	uint64_t hash = count;
	for (size_t i = 0; i < count; i++) {
		hash = (hash ^ (uint64_t)(uintptr_t)places[i]) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 29;
	}
	return hash;
}

static bool is_same(const struct shared_stack *stack, const struct location *const *places,
		    size_t count)
{
	if (stack->count != count)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (stack->places[count - 1 - i] != places[i])
			return false;
	}
	return true;
}

const struct location **stacks_get(struct stacks *stacks, struct arena *arena,
				   const struct location *const *places, size_t count)
{
	struct shared_stack *stack = stacks->last;
	if (stack && is_same(stack, places, count))
		return stack->places;
	uint64_t hash = hash_places(places, count);
	stack = addrmap_get(&stacks->known, hash);
	if (stack && is_same(stack, places, count)) {
		stacks->last = stack;
		return stack->places;
	}
	bool keeps = !stack && stacks->known.count < KNOWN_MAX;
	stack = arena_alloc(arena, sizeof(*stack) + count * sizeof(*stack->places));
	if (!stack)
		return NULL;
	stack->count = count;
	for (size_t i = 0; i < count; i++)
		stack->places[count - 1 - i] = places[i];
	stacks->last = stack;
	/* Without memory for it, it is only not shared. */
	if (keeps)
		addrmap_put(&stacks->known, hash, stack);
	return stack->places;
}

void stacks_deinit(struct stacks *stacks)
{
	addrmap_deinit(&stacks->known);
}
