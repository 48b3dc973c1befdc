/* SPDX-License-Identifier: MIT */
/* Code, frames, coroutines and tasks in fake memory. See heap_program.h. */
#include "heap_program.h"

/* Entries of location tables: one line down or the same line, columns in two bytes. */
#define SAME_LINE (0x80 | 10 << 3)
#define NEXT_LINE (0x80 | 11 << 3)
#define UNITS 100
/* Opcodes do not matter, but for the one that awaits in 3.8 to 3.10. */
#define ANY_OPCODE 100

static uint64_t object_of(struct heap *heap, enum heap_type type, size_t size)
{
	return heap_object(heap, heap->types[type], size);
}

/* Each unit one line further down than the one before. */
static uint64_t location_table(struct heap *heap)
{
	uint8_t table[3 * UNITS];
	bool columns = heap->layout.fact.linetable == 3;
	size_t size = columns ? 3 : 2;
	for (size_t i = 0; i < UNITS; i++) {
		uint8_t *entry = table + i * size;
		if (columns) {
			entry[0] = i ? NEXT_LINE : SAME_LINE;
			entry[1] = 4;
			entry[2] = 8;
		} else {
			/* A range of one unit: up to 3.9 the bytes since the last line, and in
			 * 3.10 those of this one. */
			entry[0] = i || heap->layout.fact.linetable == 2 ? 2 : 0;
			entry[1] = i ? 1 : 0;
		}
	}
	return heap_bytes(heap, table, UNITS * size);
}

static void put_variables(struct heap *heap, uint64_t addr, const struct heap_variable *variables)
{
	uint64_t names[16], plain_names[16], cell_names[16], free_names[16];
	uint8_t kinds[16];
	size_t count = 0, plain_count = 0, cell_count = 0, free_count = 0;
	for (; variables && variables[count].name; count++) {
		ck_assert(count < COUNT(names));
		names[count] = heap_str(heap, variables[count].name);
		kinds[count] = variables[count].kind;
		if (kinds[count] & HEAP_LOCAL)
			plain_names[plain_count++] = names[count];
		if (kinds[count] & HEAP_CELL)
			cell_names[cell_count++] = names[count];
		if (kinds[count] & HEAP_FREE)
			free_names[free_count++] = names[count];
	}
	heap_put(heap, addr, code.varnames, heap_tuple(heap, plain_names, plain_count));
	heap_put(heap, addr, code.cellvars, heap_tuple(heap, cell_names, cell_count));
	heap_put(heap, addr, code.localsplusnames, heap_tuple(heap, names, count));
	heap_put(heap, addr, code.localspluskinds, heap_bytes(heap, kinds, count));
	heap_put(heap, addr, code.freevars, heap_tuple(heap, free_names, free_count));
}

/* Where the first instruction is: behind the code object, or up to 3.10 in bytes. */
static uint64_t instructions(struct heap *heap, uint64_t code)
{
	if (heap_has(heap, code.code_adaptive))
		return code + (uint64_t)heap->layout.code.code_adaptive;
	return heap_get(heap, code, code.instructions) + (uint64_t)heap->layout.bytes.data;
}

uint64_t heap_code(struct heap *heap, const struct heap_code *code)
{
	size_t size = (size_t)heap->layout.code.size + 2 * UNITS;
	uint64_t addr = object_of(heap, TYPE_CODE, size);
	uint8_t units[2 * UNITS];
	memset(units, 0, sizeof(units));
	for (size_t i = 0; i < UNITS; i++)
		units[2 * i] = ANY_OPCODE;
	if (heap_has(heap, frame.localsplus))
		heap_put_size(heap, addr, code.framesize,
			      heap->layout.frame.localsplus / (int32_t)heap_word(heap) +
				      HEAP_LOCALS + HEAP_STACK,
			      4);
	heap_put_size(heap, addr, code.nlocalsplus, HEAP_LOCALS, 4);
	heap_put_size(heap, addr, code.stacksize, HEAP_STACK, 4);
	heap_put_size(heap, addr, code.flags, code->flags, 4);
	heap_put_size(heap, addr, code.firstlineno, code->line, 4);
	heap_put_size(heap, addr, code.firsttraceable, code->firsttraceable, 4);
	heap_put(heap, addr, code.name, heap_str(heap, code->name));
	heap_put(heap, addr, code.qualname,
		 heap_str(heap, code->qualname ? code->qualname : code->name));
	heap_put(heap, addr, code.filename, heap_str(heap, code->file ? code->file : "example.py"));
	heap_put(heap, addr, code.linetable, location_table(heap));
	heap_put(heap, addr, code.instructions, heap_bytes(heap, units, sizeof(units)));
	memcpy(memory_at(&heap->memory, instructions(heap, addr), sizeof(units)), units,
	       sizeof(units));
	put_variables(heap, addr, code->variables);
	heap_put(heap, addr, code.names, heap_tuple(heap, NULL, 0));
	heap_put(heap, addr, code.consts, heap_tuple(heap, NULL, 0));
	heap_put_handlers(heap, addr, NULL, 0);
	return addr;
}

void heap_put_unit(struct heap *heap, uint64_t code, unsigned int unit, unsigned int opcode,
		   unsigned int argument)
{
	uint64_t addr = instructions(heap, code) + 2ul * unit;
	heap_put_field(heap, addr, 0, opcode, 1);
	heap_put_field(heap, addr, 1, argument, 1);
}

void heap_put_handlers(struct heap *heap, uint64_t code, const struct heap_handler *handlers,
		       size_t count)
{
	uint8_t table[256];
	size_t size = 0;
	for (size_t i = 0; i < count; i++) {
		const struct heap_handler *h = &handlers[i];
		const unsigned int numbers[] = {h->start, h->end - h->start, h->target,
						h->depth << 1 | h->lasti};
		for (size_t k = 0; k < COUNT(numbers); k++) {
			ck_assert(size + 2 <= sizeof(table));
			/* The upper six bits, if there are any, come first. */
			if (numbers[k] >> 6)
				table[size++] = (uint8_t)(0x40 | numbers[k] >> 6);
			table[size++] = numbers[k] & 0x3f;
		}
	}
	heap_put(heap, code, code.exceptiontable, heap_bytes(heap, table, size));
}

static uint64_t locals_of(struct heap *heap, uint64_t frame)
{
	if (heap_has(heap, frame.localsplus))
		return frame + (uint64_t)heap->layout.frame.localsplus;
	return frame + (uint64_t)heap->layout.pyframe.localsplus;
}

static uint64_t values_of(struct heap *heap, uint64_t frame)
{
	if (heap_has(heap, frame.localsplus))
		return locals_of(heap, frame) + heap_word(heap) * HEAP_LOCALS;
	return heap_get(heap, frame, pyframe.valuestack);
}

void heap_put_local(struct heap *heap, uint64_t frame, size_t index, uint64_t value)
{
	ck_assert(index < HEAP_LOCALS);
	heap_put_field(heap, locals_of(heap, frame) + heap_word(heap) * index, 0, value,
		       heap_word(heap));
}

void heap_put_value(struct heap *heap, uint64_t frame, size_t index, uint64_t value)
{
	ck_assert(index < HEAP_STACK);
	heap_put_field(heap, values_of(heap, frame) + heap_word(heap) * index, 0, value,
		       heap_word(heap));
}

void heap_put_depth(struct heap *heap, uint64_t frame, size_t depth)
{
	uint64_t top = values_of(heap, frame) + heap_word(heap) * depth;
	heap_put(heap, frame, frame.stackpointer, top);
	heap_put_size(heap, frame, frame.stacktop, HEAP_LOCALS + depth, 4);
	heap_put(heap, frame, pyframe.stacktop, top);
	heap_put_size(heap, frame, pyframe.stackdepth, depth, 4);
}

uint64_t heap_function(struct heap *heap, uint64_t code, uint64_t closure)
{
	uint64_t addr = object_of(heap, TYPE_FUNCTION, (size_t)heap->layout.function.size);
	heap_put(heap, addr, function.code, code);
	heap_put(heap, addr, function.closure, closure);
	heap_put(heap, addr, function.qualname, heap_get(heap, code, code.name));
	return addr;
}

uint64_t heap_method(struct heap *heap, uint64_t function, uint64_t self)
{
	uint64_t addr = object_of(heap, TYPE_METHOD, (size_t)heap->layout.method.size);
	heap_put(heap, addr, method.function, function);
	heap_put(heap, addr, method.self, self);
	return addr;
}

uint64_t heap_cfunction(struct heap *heap, const char *name, uint64_t self)
{
	uint64_t addr = object_of(heap, TYPE_CFUNCTION, (size_t)heap->layout.cfunction.size);
	uint64_t def = heap_alloc_static(heap, 32);
	heap_put_word(heap, def, heap_constant(heap, name));
	heap_put(heap, addr, cfunction.def, def);
	heap_put(heap, addr, cfunction.self, self);
	return addr;
}

uint64_t heap_partial(struct heap *heap, uint64_t function, const uint64_t *args, size_t count)
{
	uint64_t addr = object_of(heap, TYPE_PARTIAL, (size_t)heap->layout.partial.size);
	heap_put(heap, addr, partial.function, function);
	heap_put(heap, addr, partial.args, heap_tuple(heap, args, count));
	heap_put(heap, addr, partial.keywords, heap_dict(heap, NULL, 0));
	return addr;
}

uint64_t heap_closure(struct heap *heap, const char *name, const char *file, const char *variable,
		      uint64_t value)
{
	/* Behind locals and in front of another, so that counting matters. */
	uint64_t code = heap_code(
		heap, CODE(.name = name, .file = file, .line = 10,
			   .variables = VARIABLES({"fut", HEAP_LOCAL}, {"made", HEAP_CELL},
						  {"children", HEAP_FREE}, {variable, HEAP_FREE},
						  {"zzz", HEAP_FREE})));
	uint64_t other = heap_cell(heap, heap->none);
	return heap_function(heap, code,
			     heap_tuple(heap, OBJECTS(other, heap_cell(heap, value), other)));
}

/* ---- coroutines and frames ---- */

int32_t heap_state(const struct heap *heap, enum heap_state state)
{
	switch (state) {
	case STATE_CREATED:
		return heap->layout.fact.frame_created;
	case STATE_YIELDED:
		return heap->layout.fact.frame_suspended;
	case STATE_AWAITING:
		if (heap_has(heap, fact.frame_suspended_yield_from))
			return heap->layout.fact.frame_suspended_yield_from;
		return heap->layout.fact.frame_suspended;
	case STATE_EXECUTING:
		return heap->layout.fact.frame_executing;
	default:
		return heap->layout.fact.frame_finished;
	}
}

/* A reference as frames have it: borrowed, so with a tag where there are tags. */
static uint64_t borrowed(const struct heap *heap, uint64_t object)
{
	return heap->layout.fact.tagged_refs == 1 ? object | 1 : object;
}

/* Since 3.11. */
static void put_frame(struct heap *heap, uint64_t frame, uint64_t code, unsigned int unit,
		      unsigned int owner, uint64_t previous)
{
	heap_put(heap, frame, frame.executable, borrowed(heap, code));
	heap_put(heap, frame, frame.instr_ptr, instructions(heap, code) + 2ul * unit);
	heap_put_size(heap, frame, frame.owner, owner, 1);
	heap_put(heap, frame, frame.previous, previous);
}

/* Up to 3.10. The stack is behind the locals. */
static uint64_t frame_object(struct heap *heap, uint64_t code, int unit, uint64_t previous)
{
	size_t size = (size_t)heap->layout.pyframe.size;
	uint64_t frame = object_of(heap, TYPE_FRAME,
				   size + heap_word(heap) * (HEAP_LOCALS + HEAP_STACK));
	heap_put(heap, frame, pyframe.code, code);
	heap_put(heap, frame, pyframe.back, previous);
	heap_put(heap, frame, pyframe.valuestack, frame + size + heap_word(heap) * HEAP_LOCALS);
	heap_put_size(heap, frame, pyframe.lasti,
		      heap_has(heap, pyframe.state) || unit < 0 ? unit : 2 * unit, 4);
	heap_put_size(heap, frame, pyframe.executing, 1, 1);
	heap_put_size(heap, frame, pyframe.state, heap->layout.fact.frame_executing, 1);
	heap_put_size(heap, frame, pyframe.stackdepth, -1, 4);
	return frame;
}

uint64_t heap_gen_frame(struct heap *heap, uint64_t gen)
{
	if (heap_has(heap, gen.iframe))
		return gen + (uint64_t)heap->layout.gen.iframe;
	return heap_get(heap, gen, gen.frame);
}

/* Puts what is awaited on the stack. Returns how many values are there then. */
static unsigned int push_awaited(struct heap *heap, uint64_t stack, uint64_t awaits)
{
	unsigned int count = (unsigned int)heap->layout.fact.awaited_slot;
	/* What is above the awaited object in 3.15 is a NULL, which has a tag. */
	for (unsigned int i = 0; i < count; i++)
		heap_put_word(heap, stack + heap_word(heap) * i, i ? borrowed(heap, 0) : awaits);
	return count;
}

/* Up to 3.12 the instruction behind tells whether a generator awaits. */
static void put_next_instruction(struct heap *heap, uint64_t code, unsigned int unit, bool awaiting)
{
	uint64_t next = instructions(heap, code) + 2ul * (unit + 1);
	if (heap_has(heap, fact.opcode_yield_from))
		memory_put(&heap->memory, next,
			   awaiting ? (uint64_t)heap->layout.fact.opcode_yield_from : ANY_OPCODE,
			   1);
	if (heap_has(heap, fact.resume_argument))
		memory_put(&heap->memory, next + 1, awaiting ? 3 : 1, 1);
}

static uint64_t old_gen(struct heap *heap, enum heap_type type, uint64_t code, unsigned int unit,
			enum heap_state state, uint64_t awaits)
{
	uint64_t addr = object_of(heap, type, (size_t)heap->layout.gen.size);
	uint64_t name = heap_get(heap, code, code.name);
	heap_put(heap, addr, gen.name, name);
	heap_put(heap, addr, gen.qualname, name);
	if (state == STATE_FINISHED)
		return addr;
	uint64_t frame = frame_object(heap, code, state == STATE_CREATED ? -1 : (int)unit, 0);
	uint64_t stack = heap_get(heap, frame, pyframe.valuestack);
	heap_put(heap, addr, gen.frame, frame);
	heap_put(heap, frame, pyframe.gen, addr);
	heap_put_size(heap, addr, gen.running, state == STATE_EXECUTING, 1);
	heap_put_size(heap, frame, pyframe.executing, state == STATE_EXECUTING, 1);
	heap_put_size(heap, frame, pyframe.state, heap_state(heap, state), 1);
	put_next_instruction(heap, code, unit, state == STATE_AWAITING);
	unsigned int depth = state == STATE_AWAITING ? push_awaited(heap, stack, awaits) : 0;
	heap_put_size(heap, frame, pyframe.stackdepth, state == STATE_EXECUTING ? -1 : (int)depth,
		      4);
	heap_put(heap, frame, pyframe.stacktop,
		 state == STATE_EXECUTING ? 0 : stack + heap_word(heap) * depth);
	return addr;
}

uint64_t heap_gen(struct heap *heap, enum heap_type type, uint64_t code, unsigned int unit,
		  enum heap_state state, uint64_t awaits)
{
	const struct layout *l = &heap->layout;
	if (!heap_has(heap, gen.iframe))
		return old_gen(heap, type, code, unit, state, awaits);
	size_t locals = (size_t)l->frame.localsplus + heap_word(heap) * HEAP_LOCALS;
	uint64_t addr = object_of(heap, type,
				  (size_t)l->gen.iframe + locals + heap_word(heap) * HEAP_STACK);
	uint64_t frame = heap_gen_frame(heap, addr);
	uint64_t stack = frame + locals;
	unsigned int depth = 0;
	heap_put_size(heap, addr, gen.frame_state, heap_state(heap, state), 1);
	put_frame(heap, frame, code, unit, (unsigned int)l->fact.owner_generator, 0);
	/* Up to 3.12 a frame that has not begun is in front of its first instruction. */
	if (state == STATE_CREATED && heap->table->version < 0x030d)
		heap_put(heap, frame, frame.instr_ptr, instructions(heap, code) - 2);
	put_next_instruction(heap, code, unit, state == STATE_AWAITING);
	if (state == STATE_AWAITING)
		depth = push_awaited(heap, stack, awaits);
	heap_put(heap, frame, frame.stackpointer,
		 state == STATE_EXECUTING ? 0 : stack + heap_word(heap) * depth);
	heap_put_size(heap, frame, frame.stacktop,
		      state == STATE_EXECUTING ? -1 : (int)(HEAP_LOCALS + depth), 4);
	return addr;
}

uint64_t heap_coro(struct heap *heap, const char *name, int line, uint64_t awaits)
{
	uint64_t code = heap_code(heap,
				  CODE(.name = name, .line = line - 2, .flags = HEAP_CO_COROUTINE));
	return heap_gen(heap, TYPE_COROUTINE, code, 2, awaits ? STATE_AWAITING : STATE_YIELDED,
			awaits);
}

uint64_t heap_wrapper(struct heap *heap, enum heap_type type, uint64_t inner)
{
	uint64_t addr = object_of(heap, type, 64);
	heap_put_word(heap, addr + (uint64_t)heap->layout.object.size, inner);
	return addr;
}

/* ---- what Cython makes ---- */

/* Words from the end of the header: body, closure, exception state, weakreflist, classobj. */
#define COMPILED_AWAITED 7
#define COMPILED_WORDS 18

static uint64_t compiled_word(const struct heap *heap, unsigned int index)
{
	return (uint64_t)heap->layout.object.size + index * heap_word(heap);
}

uint64_t heap_compiled_type(struct heap *heap, const char *name, const char *member)
{
	uint64_t type = heap_static_type(heap, name, compiled_word(heap, COMPILED_WORDS));
	uint64_t members = heap_alloc_static(heap, 2 * (size_t)heap->layout.member.size);
	heap_put_word(heap, members, heap_constant(heap, member));
	memory_put(&heap->memory, members + heap_word(heap), 6, 4);
	heap_put(heap, members, member.offset, compiled_word(heap, COMPILED_AWAITED));
	heap_put_word(heap, type + (uint64_t)heap->layout.type.base - 2 * heap_word(heap), members);
	return type;
}

uint64_t heap_compiled(struct heap *heap, uint64_t type, const char *qualname, int label,
		       uint64_t awaits, unsigned int words)
{
	uint64_t addr = heap_object(heap, type, compiled_word(heap, COMPILED_WORDS));
	uint64_t name = COMPILED_AWAITED + words + 1;
	heap_put_word(heap, addr + compiled_word(heap, COMPILED_AWAITED), awaits);
	if (words)
		heap_put_word(heap, addr + compiled_word(heap, COMPILED_AWAITED + 1), 0x401236);
	heap_put_word(heap, addr + compiled_word(heap, (unsigned int)name), heap_str(heap, "name"));
	heap_put_word(heap, addr + compiled_word(heap, (unsigned int)name + 1),
		      heap_str(heap, qualname));
	memory_put(&heap->memory, addr + compiled_word(heap, (unsigned int)name + 5),
		   (uint32_t)label, 4);
	return addr;
}

void heap_compiled_run(struct heap *heap, uint64_t compiled, unsigned int words)
{
	memory_put(&heap->memory, compiled + compiled_word(heap, COMPILED_AWAITED + words + 6) + 4,
		   1, 1);
}

/* Words of what a greenlet points to, and two of them. */
#define GREENLET_WORDS 32
#define GREENLET_SELF 3
#define GREENLET_FRAME 21

uint64_t heap_greenlet(struct heap *heap, uint64_t frame)
{
	size_t word = heap_word(heap);
	uint64_t header = (uint64_t)heap->layout.object.size;
	uint64_t type = heap_static_type(heap, "greenlet.greenlet", header + 3 * word);
	uint64_t addr = heap_object(heap, type, header + 3 * word);
	uint64_t inner = heap_alloc(heap, GREENLET_WORDS * word);
	heap_put_word(heap, addr + header + 2 * word, inner);
	heap_put_word(heap, inner + GREENLET_SELF * word, addr);
	/* Since 3.11 the object that stands for a frame has it behind f_back. */
	if (frame && heap_has(heap, frame.localsplus)) {
		uint64_t object = object_of(heap, TYPE_FRAME, header + 2 * word);
		heap_put_word(heap, object + header + word, frame);
		frame = object;
	}
	heap_put_word(heap, inner + GREENLET_FRAME * word, frame);
	return addr;
}

uint64_t heap_frame(struct heap *heap, uint64_t code, unsigned int unit, unsigned int owner,
		    uint64_t previous)
{
	if (!heap_has(heap, frame.localsplus))
		return frame_object(heap, code, (int)unit, previous);
	uint64_t frame = heap_alloc(heap, (size_t)heap->layout.frame.localsplus +
						  heap_word(heap) * (HEAP_LOCALS + HEAP_STACK));
	put_frame(heap, frame, code, unit, owner, previous);
	return frame;
}

void heap_put_previous(struct heap *heap, uint64_t frame, uint64_t previous)
{
	heap_put(heap, frame, frame.previous, previous);
	heap_put(heap, frame, pyframe.back, previous);
}

/* ---- futures and tasks ---- */

static void put_future(struct heap *heap, uint64_t addr)
{
	heap_put(heap, addr, future.loop, heap->loop);
	heap_put_size(heap, addr, future.state, heap->layout.fact.state_pending, 4);
}

uint64_t heap_future(struct heap *heap)
{
	uint64_t addr = object_of(heap, TYPE_FUTURE, (size_t)heap->layout.future.size);
	put_future(heap, addr);
	return addr;
}

uint64_t heap_task(struct heap *heap, const char *name, uint64_t coro)
{
	uint64_t addr = object_of(heap, TYPE_TASK, (size_t)heap->layout.task.size);
	put_future(heap, addr);
	heap_put_size(heap, addr, future.is_task, 1, 1);
	heap_put(heap, addr, task.name, name ? heap_str(heap, name) : 0);
	heap_put(heap, addr, task.coro, coro);
	return addr;
}

uint64_t heap_put_callbacks(struct heap *heap, uint64_t future, const uint64_t *callbacks,
			    size_t count)
{
	uint64_t pairs[32];
	ck_assert(count - 1 < COUNT(pairs));
	heap_put(heap, future, future.callback0, callbacks[0]);
	for (size_t i = 1; i < count; i++)
		pairs[i - 1] = heap_tuple(heap, OBJECTS(callbacks[i], heap->none));
	uint64_t list = heap_list(heap, pairs, count - 1);
	heap_put(heap, future, future.callbacks, list);
	return list;
}

uint64_t heap_wakeup(struct heap *heap, uint64_t task)
{
	if (heap_has(heap, wakeup.task))
		return heap_wrapper(heap, TYPE_WAKEUP, task);
	return heap_cfunction(heap, "task_wakeup", task);
}

void heap_wakes(struct heap *heap, uint64_t future, uint64_t waiter)
{
	heap_put(heap, future, future.callback0, heap_wakeup(heap, waiter));
}

void heap_awaited_by(struct heap *heap, uint64_t future, uint64_t waiter)
{
	heap_put(heap, future, future.awaited_by, waiter);
	heap_put_size(heap, future, future.awaited_by_is_set, 0, 1);
}
