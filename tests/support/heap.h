/* SPDX-License-Identifier: MIT */
/*
 * Objects of CPython, built in fake memory where the layout table says their fields are,
 * and a decoder that reads them.
 *
 *	HEAP(heap, _i);
 *	uint64_t name = heap_str(&heap, "Task-1");
 *	expect_ok(heap.err, str_read(&heap.decoder, name, &text));
 *
 * Each object is as CPython would make it; a test then breaks what it is about, with
 * heap_put() or in heap.memory. What is changed in heap.memory after the decoder has read
 * it is seen after heap_forget(), which forgets types and code objects as well.
 */
#ifndef HEAP_H
#define HEAP_H

#include "cpython/decoder.h"
#include "cpython/layout_table.h"
#include "expect.h"
#include "memory.h"

/* Where things are. Names of static types are in the executable, apart. */
#define HEAP_RODATA 0x600000
#define HEAP_STATIC 0xa00000
#define HEAP_START 0x7f0000000000
/* The heap, where pointers have 32 bits. */
#define HEAP_START_32 0xb0000000

/* Types that every heap has. Those of C. */
enum heap_type {
	TYPE_TYPE,
	TYPE_OBJECT,
	TYPE_NONE,
	TYPE_INT,
	TYPE_STR,
	TYPE_BYTES,
	TYPE_TUPLE,
	TYPE_LIST,
	TYPE_DICT,
	TYPE_SET,
	TYPE_FROZENSET,
	TYPE_DEQUE,
	TYPE_WEAKREF,
	TYPE_MODULE,
	TYPE_CODE,
	TYPE_FUNCTION,
	TYPE_METHOD,
	TYPE_CFUNCTION,
	TYPE_PARTIAL,
	TYPE_CELL,
	TYPE_COROUTINE,
	TYPE_GENERATOR,
	TYPE_ASYNC_GENERATOR,
	TYPE_ASEND,
	TYPE_ATHROW,
	TYPE_CORO_WRAPPER,
	TYPE_ANEXT,
	TYPE_FUTUREITER,
	TYPE_FUTURE,
	TYPE_TASK,
	TYPE_FLOAT,
	TYPE_MEMBER,
	TYPE_METHOD_DESCRIPTOR,
	TYPE_LOCK,
	TYPE_RLOCK,
	TYPE_SIMPLE_QUEUE,
	/* Of old versions. */
	TYPE_FRAME,
	TYPE_WAKEUP,
	TYPE_LOOP_HOLDER,
	TYPE_COUNT
};

/* tp_flags that tests set and clear. */
#define HEAP_FLAG_INLINE_VALUES (1ull << 2)
#define HEAP_FLAG_MANAGED_DICT (1ull << 4)
#define HEAP_FLAG_HEAPTYPE (1ull << 9)
#define HEAP_FLAG_READY (1ull << 12)
#define HEAP_FLAG_STR (1ull << 28)
#define HEAP_FLAG_TYPE (1ull << 31)

struct heap {
	struct memory memory;
	const struct layout_table *table;
	struct layout layout;
	struct arena arena;
	struct decoder decoder;
	/* Where the decoder puts its errors. */
	struct aiodbg_error *err;
	/* Where the next thing goes, in each of the three places, and where the last ends. */
	uint64_t next_rodata, next_static, next, end;
	/* Addresses of the types, and of None. */
	uint64_t types[TYPE_COUNT];
	uint64_t none;
	/* Made by heap_start(): heap_process.h. */
	uint64_t runtime, asyncio_debug, interp, thread, loop, all_tasks, current_tasks;
};

/* What a heap can be of. In #test-loop(PY_3_14, PY_COUNT) tests/support/suite makes them numbers. */
enum heap_version {
#define VERSION(name) PY_##name,
#define VERSION_32(name)
#include "versions.def"
#undef VERSION
#undef VERSION_32
	PY_COUNT,
	/* From here on the same again, big-endian. */
	PY_BIG_ENDIAN = PY_COUNT,
	/* Those with 32 bits. */
	PY_32 = 2 * PY_COUNT,
	PY_BEFORE_32 = PY_32 - 1,
#define VERSION(name)
#define VERSION_32(name) PY_##name##_32,
#include "versions.def"
#undef VERSION
#undef VERSION_32
	/* #test-loop(0, PY_ALL) is all of them. */
	PY_ALL,
	/* All that are in layout_tables. */
	PY_LAYOUTS = PY_ALL - PY_COUNT,
};

void heap_init(struct heap *heap, int version);
void heap_deinit(struct heap *heap);

/* Declares a heap that is freed at the end of the scope. */
#define HEAP(name, version)                                                                        \
	struct heap name __attribute__((cleanup(heap_deinit)));                                    \
	heap_init(&(name), version)

/* Bytes of a pointer. */
static inline size_t heap_word(const struct heap *heap)
{
	return heap->memory.target.word_size;
}

/* A pointer that is in no struct of the layout, such as an item of an array. */
void heap_put_word(struct heap *heap, uint64_t addr, uint64_t value);

/* Has the decoder forget all that it has read and learned. */
void heap_forget(struct heap *heap);

/* Zeros: in the heap, beside _PyRuntime, or a string among the constants. */
uint64_t heap_alloc(struct heap *heap, size_t size);
uint64_t heap_alloc_static(struct heap *heap, size_t size);
uint64_t heap_constant(struct heap *heap, const char *text);

/*
 * Set or get a field of the object at addr; member is one of struct layout. One that the
 * version does not have is not set.
 */
#define heap_put(heap, addr, member, value)                                                        \
	heap_put_size(heap, addr, member, value, heap_word(heap))
#define heap_put_size(heap, addr, member, value, size)                                             \
	heap_put_field(heap, addr, (heap)->layout.member, (uint64_t)(value), size)
#define heap_get(heap, addr, member)                                                               \
	memory_get(&(heap)->memory, (addr) + (uint64_t)(heap)->layout.member, heap_word(heap))
#define heap_has(heap, member) ((heap)->layout.member != LAYOUT_NONE)
void heap_put_field(struct heap *heap, uint64_t addr, int32_t offset, uint64_t value, size_t size);
/* A bit-field. */
void heap_put_bits(struct heap *heap, uint64_t addr, int32_t bits, uint64_t value);

/* Arguments that are a list of objects, or of names with objects. */
#define OBJECTS(...)                                                                               \
	(const uint64_t[]){__VA_ARGS__}, sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t)
#define ITEMS(...)                                                                                 \
	(const struct heap_item[]){__VA_ARGS__},                                                   \
		sizeof((const struct heap_item[]){__VA_ARGS__}) / sizeof(struct heap_item)

/* A NULL name is a key that is NULL. */
struct heap_item {
	const char *name;
	uint64_t value;
};

/* An object of size bytes of which only the type is set. */
uint64_t heap_object(struct heap *heap, uint64_t type, size_t size);

/* A type of C, of which nothing is set but this; and one of Python. base may be 0. */
uint64_t heap_static_type(struct heap *heap, const char *name, size_t size);
uint64_t heap_class(struct heap *heap, const char *name, uint64_t base);

/* text is UTF-8; the str is of the narrowest kind. */
uint64_t heap_str(struct heap *heap, const char *text);
/* count characters of 1, 2 or 4 bytes each, not marked as ASCII. */
uint64_t heap_str_units(struct heap *heap, unsigned int kind, const void *units, size_t count);
/* The same, of a subclass of str: the characters are elsewhere. */
uint64_t heap_str_subclass(struct heap *heap, const char *text);

uint64_t heap_int(struct heap *heap, int64_t value);
uint64_t heap_float(struct heap *heap, double value);
uint64_t heap_bytes(struct heap *heap, const void *bytes, size_t len);
uint64_t heap_tuple(struct heap *heap, const uint64_t *items, size_t count);
uint64_t heap_list(struct heap *heap, const uint64_t *items, size_t count);
/* first: index of the first item in its block. */
uint64_t heap_deque(struct heap *heap, const uint64_t *items, size_t count, size_t first);
uint64_t heap_set(struct heap *heap, const uint64_t *items, size_t count);
/* Adds to a set that has room. */
void heap_set_add(struct heap *heap, uint64_t set, uint64_t item);
/* An empty one with this many slots, a power of two. */
uint64_t heap_set_of_size(struct heap *heap, size_t slots);
uint64_t heap_weakref(struct heap *heap, uint64_t object);
uint64_t heap_cell(struct heap *heap, uint64_t object);

/* Keys of a dict: dk_kind. Up to 3.10 all are alike. */
enum heap_keys {
	KEYS_GENERAL,
	KEYS_UNICODE,
	KEYS_SPLIT,
};
uint64_t heap_keys(struct heap *heap, enum heap_keys kind, const struct heap_item *items,
		   size_t count);
/* The array for KEYS_SPLIT, at addr. */
void heap_put_values(struct heap *heap, uint64_t addr, const struct heap_item *items, size_t count);
size_t heap_values_size(const struct heap *heap, size_t count);
uint64_t heap_dict_of(struct heap *heap, uint64_t keys, uint64_t values);
uint64_t heap_dict(struct heap *heap, const struct heap_item *items, size_t count);

/* A module object with this namespace. */
uint64_t heap_module(struct heap *heap, const struct heap_item *items, size_t count);

/*
 * An instance of a new class with these attributes: in a dict of its own, or in values
 * for keys that the class has. Where they are is the version's way: at tp_dictoffset up
 * to 3.10, then in front of the object, or behind it.
 */
uint64_t heap_instance(struct heap *heap, const char *name, const struct heap_item *items,
		       size_t count);
uint64_t heap_values_instance(struct heap *heap, const char *name, const struct heap_item *items,
			      size_t count);
/* Gives an object of heap_instance() these instead. */
void heap_put_attributes(struct heap *heap, uint64_t object, const struct heap_item *items,
			 size_t count);
/*
 * A class with these __slots__, one word each behind what its base has; and what an instance of it
 * has in the slot of that name.
 */
uint64_t heap_slots_class(struct heap *heap, const char *name, uint64_t base,
			  const char *const *slots, size_t count);
/* At tp_dictoffset, as some types of C have it in all versions. */
uint64_t heap_dictoffset_instance(struct heap *heap, const char *name,
				  const struct heap_item *items, size_t count);
/* A WeakSet of weak references to the objects. */
uint64_t heap_weakset(struct heap *heap, const uint64_t *objects, size_t count);

#endif
