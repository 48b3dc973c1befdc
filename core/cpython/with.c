/* SPDX-License-Identifier: MIT */
/* Bodies of with statements. See cpython/with.h. */
#include "cpython/with.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/exctable.h"
#include "cpython/object.h"
#include "cpython/stack.h"

/* Bytes of a code unit: an opcode and its argument. */
#define UNIT_SIZE 2
/* CO_MAXBLOCKS. */
#define BLOCKS_MAX 20

/*
 * Whether the handler at this unit is that of a with statement, and of an async one. What is asked
 * for is never specialised.
 */
static int is_with_handler(struct decoder *decoder, const struct code *code, uint32_t handler,
			   bool *is_with, bool *is_async)
{
	const struct layout *l = decoder->layout;
	uint8_t units[2 * UNIT_SIZE];
	uint64_t unit = (uint64_t)handler + (uint64_t)l->fact.with_except_unit;
	int status = reader_read(&decoder->reader, code->instructions + unit * UNIT_SIZE, units,
				 sizeof(units));
	*is_with = !status && units[0] == l->fact.opcode_with_except;
	*is_async = *is_with && units[UNIT_SIZE] == l->fact.opcode_get_awaitable;
	return status;
}

/* What a bound method of Python or C is bound to; 0 for anything else. */
static int self_of(struct decoder *decoder, uint64_t callable, uint64_t *ret)
{
	const struct layout *l = decoder->layout;
	enum kind kind;
	*ret = 0;
	int status = object_kind(decoder, callable, &kind);
	if (!status && kind == KIND_METHOD)
		status = reader_word(&decoder->reader, callable + (uint64_t)l->method.self, ret);
	else if (!status && kind == KIND_CFUNCTION)
		status = reader_word(&decoder->reader, callable + (uint64_t)l->cfunction.self, ret);
	return decoder_go_on(decoder, status);
}

/*
 * What a with statement keeps, of which the topmost value is at depth - 1: one object to call, or
 * since 3.14 a function and its self, or an object and NULL.
 */
static int visit_with(struct decoder *decoder, const struct frame *frame, uint64_t depth,
		      struct with *with, with_visit_fn *visit, void *arg)
{
	bool pair = decoder->layout->fact.with_pair == 1;
	with->slot = depth - 1;
	int status = stack_get(decoder, frame, depth - 1, pair ? &with->self : &with->exit);
	if (!status && pair && depth >= 2)
		status = stack_get(decoder, frame, depth - 2, &with->exit);
	if (!status && with->exit && !with->self)
		status = self_of(decoder, with->exit, &with->self);
	if (status || !with->exit)
		return decoder_go_on(decoder, status);
	return visit(decoder, with, arg);
}

/* ---- since 3.11 ---- */

static int find_position(struct decoder *decoder, const struct code *code, uint32_t unit,
			 struct position *ret)
{
	int status = work_charge(&decoder->reader.work, code->linetable_size / 16);
	if (!status)
		linetable_find((enum linetable_format)decoder->layout->fact.linetable,
			       code->linetable, code->linetable_size, code->firstlineno, unit, ret);
	return status;
}

/* A with statement around a place, of which the frame keeps the topmost value at depth - 1. */
struct entry {
	uint32_t depth;
	bool is_async;
	struct position position;
};

/* Those around one place, the innermost first. They follow from the code alone: all frames that
 * stand there share them. */
struct entries {
	size_t count;
	/* Something could not be read: another try may find more. */
	bool has_gaps;
	struct entry *items;
};

/*
 * One entry on the way out of the frame, which handles the unit that the frame is at, or the
 * handler before it. *below is the depth of the last one that was a with: those around it are
 * further down on the stack.
 */
static int add_entry(struct decoder *decoder, const struct code *code,
		     const struct exctable_entry *found, uint32_t *below, struct entries *ret)
{
	struct entry entry = {.depth = found->depth, .position = {-1, -1, -1, -1}};
	bool is_with = false;
	/* Others hand on less, and a with keeps at least one value. */
	if (!found->lasti || !found->depth || found->depth >= *below)
		return 0;
	int status = is_with_handler(decoder, code, found->target, &is_with, &entry.is_async);
	ret->has_gaps |= status != 0;
	if (status || !is_with)
		return decoder_go_on(decoder, status);
	*below = found->depth;
	/* Its body begins behind what enters it. */
	uint32_t begin = exctable_begin(code->exctable, code->exctable_size, found);
	if (begin > 0)
		status = find_position(decoder, code, begin - 1, &entry.position);
	ret->items[ret->count++] = entry;
	return status;
}

static int read_entries(struct decoder *decoder, const struct location *location,
			struct entries *ret)
{
	struct code *code;
	struct exctable_entry found;
	int status = code_get(decoder, location->code->addr, &code);
	if (!status)
		status = code_read_exctable(decoder, code);
	uint32_t unit = location->unit, below = UINT32_MAX;
	for (int i = 0; !status && i < LIMIT_BLOCKS; i++) {
		status = work_charge(&decoder->reader.work, code->exctable_size / 16 + 1);
		if (status || !exctable_find(code->exctable, code->exctable_size, unit, &found))
			return status;
		status = add_entry(decoder, code, &found, &below, ret);
		unit = found.target;
	}
	return status;
}

/* Without memory for it, it is found out each time. */
static void keep_entries(struct decoder *decoder, uint64_t key, const struct entries *entries)
{
	struct entries *kept = arena_copy(decoder->arena, entries, sizeof(*entries));
	if (!kept)
		return;
	kept->items = arena_copy(decoder->arena, entries->items,
				 entries->count * sizeof(*entries->items));
	if (kept->items)
		addrmap_put(&decoder->withs, key, kept);
}

static int visit_entries(struct decoder *decoder, const struct frame *frame,
			 const struct entries *entries, with_visit_fn *visit, void *arg)
{
	int status = 0;
	for (size_t i = 0; !status && i < entries->count; i++) {
		const struct entry *entry = &entries->items[i];
		struct with with = {.position = entry->position, .is_async = entry->is_async};
		status = visit_with(decoder, frame, entry->depth, &with, visit, arg);
	}
	return status;
}

static int visit_table(struct decoder *decoder, const struct frame *frame, with_visit_fn *visit,
		       void *arg)
{
	uint64_t key = (uint64_t)(uintptr_t)frame->location;
	const struct entries *known = addrmap_get(&decoder->withs, key);
	if (known)
		return visit_entries(decoder, frame, known, visit, arg);
	struct entry items[LIMIT_BLOCKS];
	struct entries found = {.items = items};
	int status = read_entries(decoder, frame->location, &found);
	if (!status && !found.has_gaps)
		keep_entries(decoder, key, &found);
	int visited = visit_entries(decoder, frame, &found, visit, arg);
	return visited ? visited : status;
}

/* ---- up to 3.10 ---- */

/* Finds the instruction that has begun a block with this handler: they are in no table. */
struct setup {
	uint32_t handler;
	uint32_t unit, argument;
	bool found;
};

static void look_at_unit(const struct layout *l, const uint8_t *unit, struct setup *setup)
{
	uint32_t argument = setup->argument << 8 | unit[1];
	setup->argument = 0;
	setup->unit++;
	if (unit[0] == l->fact.opcode_extended_arg)
		setup->argument = argument;
	if (unit[0] != l->fact.opcode_setup_with && unit[0] != l->fact.opcode_setup_async_with)
		return;
	uint64_t target = setup->unit +
			  (uint64_t)argument * (uint64_t)l->fact.jump_unit / UNIT_SIZE;
	setup->found = target == setup->handler;
}

static int find_setup(struct decoder *decoder, const struct code *code, struct setup *setup)
{
	const struct layout *l = decoder->layout;
	uint64_t bytes = code->instructions - (uint64_t)l->bytes.data, size;
	struct window w;
	int status = reader_word(&decoder->reader, bytes + (uint64_t)l->bytes.length, &size);
	if (!status && size > LIMIT_LINETABLE)
		status = reader_corrupt(&decoder->reader, bytes, "code of an impossible size");
	for (uint64_t at = 0; !status && !setup->found && at < size; at += WINDOW_MAX) {
		size_t part = size - at < WINDOW_MAX ? (size_t)(size - at) : WINDOW_MAX;
		status = work_charge(&decoder->reader.work, part / 16);
		if (!status)
			status = window_read(&decoder->reader, code->instructions + at, part, &w);
		for (size_t i = 0; !status && !setup->found && i + 1 < part; i += UNIT_SIZE)
			look_at_unit(l, w.data + i, setup);
	}
	return status;
}

static int visit_block(struct decoder *decoder, const struct frame *frame, const struct window *w,
		       with_visit_fn *visit, void *arg)
{
	const struct layout *l = decoder->layout;
	const struct code *code = frame->location->code;
	struct with with = {.position = {-1, -1, -1, -1}};
	bool is_with = false;
	int64_t type = window_int(w, (size_t)l->tryblock.type, 4);
	int64_t handler = window_int(w, (size_t)l->tryblock.handler, 4);
	int64_t level = window_int(w, (size_t)l->tryblock.level, 4);
	if (type != l->fact.block_finally || level <= 0 || handler < 0)
		return 0;
	struct setup setup = {
		.handler = (uint32_t)(handler * l->fact.jump_unit / UNIT_SIZE),
	};
	int status = is_with_handler(decoder, code, setup.handler, &is_with, &with.is_async);
	if (status || !is_with)
		return decoder_go_on(decoder, status);
	status = find_setup(decoder, code, &setup);
	if (!status && setup.found)
		status = find_position(decoder, code, setup.unit - 1, &with.position);
	status = decoder_go_on(decoder, status);
	if (status)
		return status;
	return visit_with(decoder, frame, (uint64_t)level, &with, visit, arg);
}

static int visit_blocks(struct decoder *decoder, const struct frame *frame, with_visit_fn *visit,
			void *arg)
{
	const struct layout *l = decoder->layout;
	size_t size = (size_t)l->tryblock.size;
	struct window w;
	int status = window_read(&decoder->reader, frame->addr + (uint64_t)l->pyframe.block_count,
				 4, &w);
	int64_t count = status ? 0 : window_int(&w, 0, 4);
	if (count < 0 || count > BLOCKS_MAX)
		return reader_corrupt(&decoder->reader, frame->addr, "frame with too many blocks");
	for (int64_t i = count - 1; !status && i >= 0; i--) {
		status = window_read(&decoder->reader,
				     frame->addr + (uint64_t)l->pyframe.blocks + (uint64_t)i * size,
				     size, &w);
		if (!status)
			status = visit_block(decoder, frame, &w, visit, arg);
	}
	return status;
}

int withs_visit(struct decoder *decoder, const struct frame *frame, with_visit_fn *visit, void *arg)
{
	if (!frame->location || frame->location->unit >= UNIT_UNKNOWN)
		return 0;
	if (decoder->layout->code.exceptiontable != LAYOUT_NONE)
		return visit_table(decoder, frame, visit, arg);
	return visit_blocks(decoder, frame, visit, arg);
}
