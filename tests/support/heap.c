/* SPDX-License-Identifier: MIT */
/* Objects in fake memory. See heap.h. */
#include "heap.h"

#include <stddef.h>
#include <stdlib.h>

#define RODATA_SIZE 0x10000
#define STATIC_SIZE 0x80000
#define HEAP_SIZE 0x800000

/* In front of an object: its managed dict, and what the garbage collector keeps. */
#define PRE_HEADER 32

#define SIZE_OF(struct_name) offsetof(struct layout, struct_name.size)

static const struct {
	const char *name;
	/* Of struct layout; 0 where the size does not matter. */
	size_t size_member;
	uint64_t flags;
	enum heap_type base;
} type_table[TYPE_COUNT] = {
	[TYPE_TYPE] = {"type", SIZE_OF(type), HEAP_FLAG_TYPE, TYPE_OBJECT},
	[TYPE_OBJECT] = {"object", SIZE_OF(object), 0, TYPE_OBJECT},
	[TYPE_NONE] = {"NoneType", SIZE_OF(object), 0, TYPE_OBJECT},
	[TYPE_INT] = {"int", SIZE_OF(integer), 1ull << 24, TYPE_OBJECT},
	[TYPE_STR] = {"str", SIZE_OF(str), HEAP_FLAG_STR, TYPE_OBJECT},
	[TYPE_BYTES] = {"bytes", SIZE_OF(bytes), 1ull << 27, TYPE_OBJECT},
	[TYPE_TUPLE] = {"tuple", SIZE_OF(tuple), 1ull << 26, TYPE_OBJECT},
	[TYPE_LIST] = {"list", SIZE_OF(list), 1ull << 25, TYPE_OBJECT},
	[TYPE_DICT] = {"dict", SIZE_OF(dict), 1ull << 29, TYPE_OBJECT},
	[TYPE_SET] = {"set", SIZE_OF(set), 0, TYPE_OBJECT},
	[TYPE_FROZENSET] = {"frozenset", SIZE_OF(set), 0, TYPE_OBJECT},
	[TYPE_DEQUE] = {"collections.deque", SIZE_OF(deque), HEAP_FLAG_HEAPTYPE, TYPE_OBJECT},
	[TYPE_WEAKREF] = {"weakref.ReferenceType", SIZE_OF(weakref), 0, TYPE_OBJECT},
	[TYPE_MODULE] = {"module", SIZE_OF(module), 0, TYPE_OBJECT},
	[TYPE_CODE] = {"code", SIZE_OF(code), 0, TYPE_OBJECT},
	[TYPE_FUNCTION] = {"function", SIZE_OF(function), 0, TYPE_OBJECT},
	[TYPE_METHOD] = {"method", SIZE_OF(method), 0, TYPE_OBJECT},
	[TYPE_CFUNCTION] = {"builtin_function_or_method", SIZE_OF(cfunction), 0, TYPE_OBJECT},
	[TYPE_PARTIAL] = {"functools.partial", SIZE_OF(partial), HEAP_FLAG_HEAPTYPE, TYPE_OBJECT},
	[TYPE_CELL] = {"cell", SIZE_OF(cell), 0, TYPE_OBJECT},
	[TYPE_COROUTINE] = {"coroutine", SIZE_OF(gen), 0, TYPE_OBJECT},
	[TYPE_GENERATOR] = {"generator", SIZE_OF(gen), 0, TYPE_OBJECT},
	[TYPE_ASYNC_GENERATOR] = {"async_generator", SIZE_OF(gen), 0, TYPE_OBJECT},
	[TYPE_ASEND] = {"async_generator_asend", SIZE_OF(asend), 0, TYPE_OBJECT},
	[TYPE_ATHROW] = {"async_generator_athrow", SIZE_OF(athrow), 0, TYPE_OBJECT},
	[TYPE_CORO_WRAPPER] = {"coroutine_wrapper", SIZE_OF(corowrapper), 0, TYPE_OBJECT},
	[TYPE_ANEXT] = {"anext_awaitable", SIZE_OF(anext), 0, TYPE_OBJECT},
	[TYPE_FRAME] = {"frame", SIZE_OF(pyframe), 0, TYPE_OBJECT},
	[TYPE_WAKEUP] = {"TaskWakeupMethWrapper", SIZE_OF(wakeup), 0, TYPE_OBJECT},
	[TYPE_LOOP_HOLDER] = {"_RunningLoopHolder", SIZE_OF(loopholder), 0, TYPE_OBJECT},
	[TYPE_FUTUREITER] = {"_asyncio.FutureIter", SIZE_OF(futureiter), HEAP_FLAG_HEAPTYPE,
			     TYPE_OBJECT},
	[TYPE_FUTURE] = {"_asyncio.Future", SIZE_OF(future), HEAP_FLAG_HEAPTYPE, TYPE_OBJECT},
	[TYPE_FLOAT] = {"float", SIZE_OF(pyfloat), 0, TYPE_OBJECT},
	[TYPE_MEMBER] = {"member_descriptor", SIZE_OF(slot), 0, TYPE_OBJECT},
	[TYPE_METHOD_DESCRIPTOR] = {"method_descriptor", SIZE_OF(descriptor), 0, TYPE_OBJECT},
	[TYPE_LOCK] = {"_thread.lock", SIZE_OF(mutexlock), HEAP_FLAG_HEAPTYPE, TYPE_OBJECT},
	[TYPE_RLOCK] = {"_thread.RLock", SIZE_OF(rlock), HEAP_FLAG_HEAPTYPE, TYPE_OBJECT},
	[TYPE_SIMPLE_QUEUE] = {"_queue.SimpleQueue", SIZE_OF(simplequeue), HEAP_FLAG_HEAPTYPE,
			       TYPE_OBJECT},
	[TYPE_TASK] = {"_asyncio.Task", SIZE_OF(task), HEAP_FLAG_HEAPTYPE, TYPE_FUTURE},
};

/* Has the decoder read again what may have changed. */
static void changed(struct heap *heap)
{
	if (heap->decoder.reader.cache.count)
		pagecache_flush(&heap->decoder.reader.cache);
}

static uint64_t take(uint64_t *next, size_t size)
{
	uint64_t addr = *next;
	*next += (size + 15) & ~(size_t)15;
	return addr;
}

uint64_t heap_alloc(struct heap *heap, size_t size)
{
	uint64_t addr = take(&heap->next, size);
	changed(heap);
	ck_assert_msg(heap->next <= heap->end, "the test needs a larger heap");
	return addr;
}

uint64_t heap_alloc_static(struct heap *heap, size_t size)
{
	uint64_t addr = take(&heap->next_static, size);
	changed(heap);
	ck_assert_msg(heap->next_static <= HEAP_STATIC + STATIC_SIZE, "too much static data");
	return addr;
}

uint64_t heap_constant(struct heap *heap, const char *text)
{
	size_t size = strlen(text) + 1;
	uint64_t addr = take(&heap->next_rodata, size);
	memcpy(memory_at(&heap->memory, addr, size), text, size);
	return addr;
}

/* A string in the heap, where the names of classes are. */
static uint64_t heap_copy(struct heap *heap, const void *bytes, size_t size)
{
	uint64_t addr = heap_alloc(heap, size ? size : 1);
	if (size)
		memcpy(memory_at(&heap->memory, addr, size), bytes, size);
	return addr;
}

void heap_put_field(struct heap *heap, uint64_t addr, int32_t offset, uint64_t value, size_t size)
{
	changed(heap);
	if (offset != LAYOUT_NONE)
		memory_put(&heap->memory, addr + (uint64_t)offset, value, size);
}

void heap_put_bits(struct heap *heap, uint64_t addr, int32_t bits, uint64_t value)
{
	size_t offset = LAYOUT_BITS_OFFSET(bits), width = LAYOUT_BITS_WIDTH(bits);
	changed(heap);
	addr += offset / 8;
	if (width >= 8) {
		memory_put(&heap->memory, addr, value, width / 8);
		return;
	}
	/* Compilers of big-endian machines begin at the other end of the byte. */
	size_t shift = offset % 8;
	if (heap->memory.target.byte_order == AIODBG_BIG_ENDIAN)
		shift = 8 - shift - width;
	uint64_t mask = ((1ull << width) - 1) << shift;
	uint64_t old = memory_get(&heap->memory, addr, 1);
	memory_put(&heap->memory, addr, (old & ~mask) | value << shift, 1);
}

void heap_put_word(struct heap *heap, uint64_t addr, uint64_t value)
{
	memory_put(&heap->memory, addr, value, heap_word(heap));
}

static void put_type(struct heap *heap, uint64_t addr, uint64_t name, size_t size, uint64_t flags,
		     uint64_t base)
{
	heap_put(heap, addr, object.type, heap->types[TYPE_TYPE]);
	heap_put(heap, addr, type.name, name);
	heap_put(heap, addr, type.basicsize, size);
	heap_put(heap, addr, type.flags, flags | HEAP_FLAG_READY);
	heap_put(heap, addr, type.base, base);
}

/* Types of C are static, but for those that have become heap types since 3.8. */
static bool is_heap_type(const struct heap *heap, int type)
{
	bool is_late = type == TYPE_FUTUREITER || type == TYPE_FUTURE || type == TYPE_TASK ||
		       type == TYPE_DEQUE || type == TYPE_LOCK || type == TYPE_RLOCK ||
		       type == TYPE_SIMPLE_QUEUE;
	if (is_late && heap->table->version < 0x030c)
		return false;
	return type_table[type].flags & HEAP_FLAG_HEAPTYPE;
}

/* A task's attributes are where those of other classes are. */
static uint64_t attribute_flags(const struct heap *heap)
{
	uint64_t flags = 0;
	if (heap_has(heap, fact.managed_dict))
		flags |= HEAP_FLAG_MANAGED_DICT;
	if (heap_has(heap, fact.inline_values))
		flags |= HEAP_FLAG_INLINE_VALUES;
	return flags;
}

static void make_type(struct heap *heap, int type)
{
	const char *name = type_table[type].name;
	uint64_t flags = type_table[type].flags & ~HEAP_FLAG_HEAPTYPE;
	bool on_heap = is_heap_type(heap, type);
	int32_t basicsize;
	memcpy(&basicsize, (const char *)&heap->layout + type_table[type].size_member,
	       sizeof(basicsize));
	if (on_heap)
		flags |= HEAP_FLAG_HEAPTYPE;
	if ((type == TYPE_FUTURE || type == TYPE_TASK) && heap->table->version >= 0x030e)
		flags |= attribute_flags(heap);
	put_type(heap, heap->types[type],
		 on_heap ? heap_copy(heap, name, strlen(name) + 1) : heap_constant(heap, name),
		 (size_t)(basicsize == LAYOUT_NONE ? heap->layout.object.size : basicsize), flags,
		 type == TYPE_OBJECT ? 0 : heap->types[type_table[type].base]);
}

static void make_types(struct heap *heap)
{
	size_t size = (size_t)heap->layout.type.size;
	for (int i = 0; i < TYPE_COUNT; i++)
		heap->types[i] = is_heap_type(heap, i) ? heap_alloc(heap, size)
						       : heap_alloc_static(heap, size);
	for (int i = 0; i < TYPE_COUNT; i++)
		make_type(heap, i);
	heap->none = heap_alloc_static(heap, (size_t)heap->layout.object.size);
	heap_put(heap, heap->none, object.type, heap->types[TYPE_NONE]);
}

/* The layout of a target that publishes just what the table says. */
static void make_layout(struct heap *heap)
{
	uint64_t words[256] = {0};
	struct aiodbg_error err;
	for (size_t i = 0; i < heap->table->runtime.count; i++) {
		const struct published_field *field = &heap->table->runtime.fields[i];
		int32_t value = ((const int32_t *)&heap->table->layout)[field->member];
		words[field->offset / 8] = value == LAYOUT_NONE ? 0 : (uint64_t)value;
	}
	expect_ok(&err, layout_make(heap->table, heap->table->runtime.size ? words : NULL, NULL,
				    &err, &heap->layout));
}

void heap_init(struct heap *heap, int version)
{
	memset(heap, 0, sizeof(*heap));
	memory_init(&heap->memory);
	if (version >= PY_32) {
		heap->memory.target.word_size = 4;
		version -= PY_COUNT;
	} else if (version >= PY_BIG_ENDIAN) {
		heap->memory.target.byte_order = AIODBG_BIG_ENDIAN;
		version -= PY_BIG_ENDIAN;
	}
	heap->table = layout_tables[version];
	memory_map(&heap->memory, HEAP_RODATA, RODATA_SIZE);
	memory_map(&heap->memory, HEAP_STATIC, STATIC_SIZE);
	heap->next = heap->memory.target.word_size == 4 ? HEAP_START_32 : HEAP_START;
	heap->end = heap->next + HEAP_SIZE;
	memory_map(&heap->memory, heap->next, HEAP_SIZE);
	heap->memory.ranges[0].writable = false;
	heap->next_rodata = HEAP_RODATA;
	heap->next_static = HEAP_STATIC;
	heap->err = &heap->decoder.reader.error;
	make_layout(heap);
	make_types(heap);
	ck_assert(arena_init(&heap->arena));
	expect_ok(heap->err, decoder_init(&heap->decoder, &heap->memory.target, NULL, &heap->layout,
					  &heap->arena));
}

void heap_deinit(struct heap *heap)
{
	decoder_deinit(&heap->decoder);
	arena_deinit(&heap->arena);
	memory_deinit(&heap->memory);
}

void heap_forget(struct heap *heap)
{
	decoder_deinit(&heap->decoder);
	expect_ok(heap->err, decoder_init(&heap->decoder, &heap->memory.target, NULL, &heap->layout,
					  &heap->arena));
}

uint64_t heap_object(struct heap *heap, uint64_t type, size_t size)
{
	uint64_t addr = heap_alloc(heap, PRE_HEADER + size) + PRE_HEADER;
	heap_put(heap, addr, object.type, type);
	return addr;
}

static uint64_t object_of(struct heap *heap, enum heap_type type, size_t size)
{
	return heap_object(heap, heap->types[type], size);
}

uint64_t heap_static_type(struct heap *heap, const char *name, size_t size)
{
	uint64_t addr = heap_alloc_static(heap, (size_t)heap->layout.type.size);
	put_type(heap, addr, heap_constant(heap, name), size, 0, heap->types[TYPE_OBJECT]);
	return addr;
}

uint64_t heap_class(struct heap *heap, const char *name, uint64_t base)
{
	uint64_t addr = heap_alloc(heap, (size_t)heap->layout.type.size);
	uint64_t flags = HEAP_FLAG_HEAPTYPE;
	uint64_t size = (uint64_t)heap->layout.object.size;
	if (base) {
		/* What is inherited of flags: the subclass bits, and how attributes are kept. */
		flags |= heap_get(heap, base, type.flags);
		size = heap_get(heap, base, type.basicsize);
	}
	put_type(heap, addr, heap_copy(heap, name, strlen(name) + 1), size, flags,
		 base ? base : heap->types[TYPE_OBJECT]);
	return addr;
}

/* ---- str, int, bytes ---- */

static void put_str_state(struct heap *heap, uint64_t addr, unsigned int kind, bool compact,
			  bool ascii)
{
	heap_put_bits(heap, addr, heap->layout.str.kind, kind);
	heap_put_bits(heap, addr, heap->layout.str.compact, compact);
	heap_put_bits(heap, addr, heap->layout.str.ascii, ascii);
}

/* A str whose characters follow it; ascii: where those of ASCII strings do. */
static uint64_t put_compact(struct heap *heap, unsigned int kind, bool ascii, const void *units,
			    size_t count)
{
	size_t head = (size_t)(ascii ? heap->layout.str.ascii_data : heap->layout.str.compact_data);
	uint64_t addr = object_of(heap, TYPE_STR, head + (count + 1) * kind);
	heap_put(heap, addr, str.length, count);
	put_str_state(heap, addr, kind, true, ascii);
	for (size_t i = 0; i < count; i++) {
		uint32_t unit = 0;
		memcpy(&unit, (const char *)units + i * kind, kind);
		memory_put(&heap->memory, addr + head + i * kind, unit, kind);
	}
	return addr;
}

uint64_t heap_str_units(struct heap *heap, unsigned int kind, const void *units, size_t count)
{
	return put_compact(heap, kind, false, units, count);
}

/* Valid UTF-8 to code points. */
static size_t code_points(const char *text, uint32_t *out)
{
	size_t count = 0;
	while (*text) {
		unsigned char first = (unsigned char)*text++;
		int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : first >= 0xc0 ? 1 : 0;
		uint32_t c = more ? first & (0x3fu >> more) : first;
		for (; more > 0; more--)
			c = c << 6 | ((unsigned char)*text++ & 0x3f);
		out[count++] = c;
	}
	return count;
}

uint64_t heap_str(struct heap *heap, const char *text)
{
	size_t len = strlen(text);
	uint32_t *wide = calloc(len + 1, sizeof(*wide));
	uint8_t *narrow = calloc(4 * (len + 1), 1);
	ck_assert(wide && narrow);
	size_t count = code_points(text, wide);
	uint32_t all = 0;
	for (size_t i = 0; i < count; i++)
		all |= wide[i];
	unsigned int kind = all > 0xffff ? 4 : all > 0xff ? 2 : 1;
	for (size_t i = 0; i < count; i++)
		memcpy(narrow + i * kind, &wide[i], kind);
	uint64_t addr = put_compact(heap, kind, all < 0x80, narrow, count);
	free(wide);
	free(narrow);
	return addr;
}

uint64_t heap_str_subclass(struct heap *heap, const char *text)
{
	uint64_t type = heap_class(heap, "MyStr", heap->types[TYPE_STR]);
	uint64_t addr = heap_object(heap, type, (size_t)heap->layout.str.size);
	heap_put(heap, addr, str.length, strlen(text));
	heap_put(heap, addr, str.data, heap_copy(heap, text, strlen(text)));
	put_str_state(heap, addr, 1, false, true);
	return addr;
}

uint64_t heap_int(struct heap *heap, int64_t value)
{
	uint64_t digits = (uint64_t)(value < 0 ? -value : value), count = 0;
	uint64_t addr = object_of(heap, TYPE_INT, 64);
	for (; digits; digits >>= 30)
		memory_put(&heap->memory,
			   addr + (uint64_t)heap->layout.integer.digits + 4 * count++,
			   digits & 0x3fffffff, 4);
	heap_put(heap, addr, integer.tag, count << 3 | (value < 0 ? 2 : value == 0));
	heap_put(heap, addr, integer.length, value < 0 ? 0 - count : count);
	return addr;
}

uint64_t heap_float(struct heap *heap, double value)
{
	uint64_t bits, addr = object_of(heap, TYPE_FLOAT, (size_t)heap->layout.pyfloat.size);
	memcpy(&bits, &value, sizeof(bits));
	heap_put_size(heap, addr, pyfloat.value, bits, 8);
	return addr;
}

uint64_t heap_bytes(struct heap *heap, const void *bytes, size_t len)
{
	size_t head = (size_t)heap->layout.bytes.data;
	uint64_t addr = object_of(heap, TYPE_BYTES, head + len + 1);
	heap_put(heap, addr, bytes.length, len);
	if (len)
		memcpy(memory_at(&heap->memory, addr + head, len), bytes, len);
	return addr;
}

/* ---- containers ---- */

static void put_words(struct heap *heap, uint64_t addr, const uint64_t *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		heap_put_word(heap, addr + heap_word(heap) * i, words[i]);
}

uint64_t heap_tuple(struct heap *heap, const uint64_t *items, size_t count)
{
	size_t head = (size_t)heap->layout.tuple.items;
	uint64_t addr = object_of(heap, TYPE_TUPLE, head + heap_word(heap) * count);
	heap_put(heap, addr, tuple.length, count);
	put_words(heap, addr + head, items, count);
	return addr;
}

uint64_t heap_list(struct heap *heap, const uint64_t *items, size_t count)
{
	uint64_t addr = object_of(heap, TYPE_LIST, (size_t)heap->layout.list.size);
	uint64_t array = heap_alloc(heap, heap_word(heap) * (count + 4));
	heap_put(heap, addr, list.length, count);
	heap_put(heap, addr, list.allocated, count + 4);
	heap_put(heap, addr, list.items, array);
	put_words(heap, array, items, count);
	return addr;
}

uint64_t heap_deque(struct heap *heap, const uint64_t *items, size_t count, size_t first)
{
	uint64_t addr = object_of(heap, TYPE_DEQUE, (size_t)heap->layout.deque.size);
	uint64_t block = heap_alloc(heap, (size_t)heap->layout.block.size);
	heap_put(heap, addr, deque.length, count);
	heap_put(heap, addr, deque.leftblock, block);
	heap_put(heap, addr, deque.leftindex, first);
	for (size_t i = 0; i < count; i++, first++) {
		if (first == 64) {
			uint64_t next = heap_alloc(heap, (size_t)heap->layout.block.size);
			heap_put(heap, block, block.rightlink, next);
			block = next;
			first = 0;
		}
		put_words(heap, block + (uint64_t)heap->layout.block.data + heap_word(heap) * first,
			  &items[i], 1);
	}
	return addr;
}

uint64_t heap_set_of_size(struct heap *heap, size_t slots)
{
	uint64_t addr = object_of(heap, TYPE_SET, (size_t)heap->layout.set.size);
	heap_put(heap, addr, set.mask, slots - 1);
	heap_put(heap, addr, set.table,
		 heap_alloc(heap, slots * (size_t)heap->layout.setentry.size));
	return addr;
}

void heap_set_add(struct heap *heap, uint64_t set, uint64_t item)
{
	uint64_t table = heap_get(heap, set, set.table), mask = heap_get(heap, set, set.mask);
	/* As CPython hashes addresses, with the next free slot behind. */
	uint64_t hash = item >> 4, entry;
	for (uint64_t at = hash & mask;; at = (at + 1) & mask) {
		entry = table + at * (uint64_t)heap->layout.setentry.size;
		if (!heap_get(heap, entry, setentry.key))
			break;
	}
	heap_put(heap, entry, setentry.key, item);
	heap_put(heap, entry, setentry.hash, hash);
	heap_put(heap, set, set.fill, heap_get(heap, set, set.fill) + 1);
	heap_put(heap, set, set.used, heap_get(heap, set, set.used) + 1);
	ck_assert_msg(heap_get(heap, set, set.used) < mask, "the test's set is full");
}

uint64_t heap_set(struct heap *heap, const uint64_t *items, size_t count)
{
	size_t slots = 8;
	while (slots * 3 < count * 5)
		slots *= 2;
	uint64_t addr = heap_set_of_size(heap, slots);
	for (size_t i = 0; i < count; i++)
		heap_set_add(heap, addr, items[i]);
	return addr;
}

uint64_t heap_weakref(struct heap *heap, uint64_t object)
{
	uint64_t addr = object_of(heap, TYPE_WEAKREF, (size_t)heap->layout.weakref.size);
	heap_put(heap, addr, weakref.object, object);
	return addr;
}

uint64_t heap_cell(struct heap *heap, uint64_t object)
{
	uint64_t addr = object_of(heap, TYPE_CELL, (size_t)heap->layout.cell.size);
	heap_put(heap, addr, cell.object, object);
	return addr;
}

/* ---- dicts ---- */

/* The index table: up to 3.10 its size is in slots, later in bits. Returns its bytes. */
static size_t put_index_size(struct heap *heap, uint64_t keys, size_t count)
{
	unsigned int log2_size = 3, log2_width = 0;
	while ((2ul << log2_size) / 3 < count)
		log2_size++;
	if (log2_size > 7)
		log2_width = log2_size > 15 ? 2 : 1;
	heap_put_size(heap, keys, keys.log2_size, log2_size, 1);
	heap_put_size(heap, keys, keys.log2_index_bytes, log2_size + log2_width, 1);
	heap_put(heap, keys, keys.table_size, 1ul << log2_size);
	return 1ul << (log2_size + log2_width);
}

uint64_t heap_keys(struct heap *heap, enum heap_keys kind, const struct heap_item *items,
		   size_t count)
{
	const struct layout *l = &heap->layout;
	bool general = kind == KEYS_GENERAL || !heap_has(heap, keys.kind);
	size_t size = (size_t)(general ? l->entry.size : l->uentry.size);
	uint64_t keys = heap_alloc(heap,
				   (size_t)l->keys.indices + (8 + 4 * count) * 4 + count * size);
	size_t indices = put_index_size(heap, keys, count);
	heap_put_size(heap, keys, keys.kind, kind, 1);
	heap_put(heap, keys, keys.nentries, count);
	/* Entries are found in the order of insertion: the index table is for hashing. */
	memset(memory_at(&heap->memory, keys + (uint64_t)l->keys.indices, indices), 0xff, indices);
	for (size_t i = 0; i < count; i++) {
		uint64_t entry = keys + (uint64_t)l->keys.indices + indices + i * size;
		uint64_t key = items[i].name ? heap_str(heap, items[i].name) : 0;
		uint64_t value = kind == KEYS_SPLIT ? 0 : items[i].value;
		if (general) {
			heap_put(heap, entry, entry.key, key);
			heap_put(heap, entry, entry.value, value);
		} else {
			heap_put(heap, entry, uentry.key, key);
			heap_put(heap, entry, uentry.value, value);
		}
	}
	return keys;
}

/* Up to 3.10 it is a bare array. */
static size_t values_head(const struct heap *heap)
{
	return heap_has(heap, values.items) ? (size_t)heap->layout.values.items : 0;
}

size_t heap_values_size(const struct heap *heap, size_t count)
{
	return values_head(heap) + heap_word(heap) * count;
}

void heap_put_values(struct heap *heap, uint64_t addr, const struct heap_item *items, size_t count)
{
	heap_put_size(heap, addr, values.capacity, count, 1);
	heap_put_size(heap, addr, values.valid, 1, 1);
	for (size_t i = 0; i < count; i++)
		put_words(heap, addr + values_head(heap) + heap_word(heap) * i, &items[i].value, 1);
}

uint64_t heap_dict_of(struct heap *heap, uint64_t keys, uint64_t values)
{
	uint64_t addr = object_of(heap, TYPE_DICT, (size_t)heap->layout.dict.size);
	heap_put(heap, addr, dict.keys, keys);
	heap_put(heap, addr, dict.values, values);
	return addr;
}

uint64_t heap_dict(struct heap *heap, const struct heap_item *items, size_t count)
{
	uint64_t addr = heap_dict_of(heap, heap_keys(heap, KEYS_UNICODE, items, count), 0);
	heap_put(heap, addr, dict.used, count);
	return addr;
}

uint64_t heap_module(struct heap *heap, const struct heap_item *items, size_t count)
{
	uint64_t addr = object_of(heap, TYPE_MODULE, (size_t)heap->layout.module.size);
	heap_put(heap, addr, module.dict, heap_dict(heap, items, count));
	return addr;
}

/* ---- instances ---- */

uint64_t heap_dictoffset_instance(struct heap *heap, const char *name,
				  const struct heap_item *items, size_t count)
{
	size_t size = (size_t)heap->layout.object.size;
	uint64_t class = heap_class(heap, name, 0);
	heap_put(heap, class, type.dictoffset, size);
	heap_put(heap, class, type.basicsize, size + heap_word(heap));
	uint64_t addr = heap_object(heap, class, size + heap_word(heap));
	heap_put_word(heap, addr + size, heap_dict(heap, items, count));
	return addr;
}

uint64_t heap_slots_class(struct heap *heap, const char *name, uint64_t base,
			  const char *const *slots, size_t count)
{
	struct heap_item items[8];
	uint64_t class = heap_class(heap, name, base);
	uint64_t size = heap_get(heap, class, type.basicsize);
	ck_assert(count <= COUNT(items));
	for (size_t i = 0; i < count; i++) {
		uint64_t slot = object_of(heap, TYPE_MEMBER, (size_t)heap->layout.slot.size);
		uint64_t member = heap_alloc(heap, (size_t)heap->layout.member.size);
		heap_put(heap, slot, slot.member, member);
		heap_put(heap, member, member.offset, size);
		/* T_OBJECT_EX. */
		heap_put_size(heap, member, member.type, 16, 4);
		items[i] = (struct heap_item){slots[i], slot};
		size += heap_word(heap);
	}
	heap_put(heap, class, type.basicsize, size);
	heap_put(heap, class, type.dict, heap_dict(heap, items, count));
	return class;
}

/* A class whose instances have their attributes where this version has them. */
static uint64_t managed_class(struct heap *heap, const char *name)
{
	uint64_t class = heap_class(heap, name, 0);
	heap_put(heap, class, type.flags,
		 heap_get(heap, class, type.flags) | attribute_flags(heap));
	heap_put(heap, class, type.dictoffset, -1);
	return class;
}

uint64_t heap_instance(struct heap *heap, const char *name, const struct heap_item *items,
		       size_t count)
{
	if (!heap_has(heap, fact.managed_dict))
		return heap_dictoffset_instance(heap, name, items, count);
	uint64_t addr = heap_object(heap, managed_class(heap, name),
				    (size_t)heap->layout.object.size + heap_values_size(heap, 0));
	heap_put(heap, addr, fact.managed_dict, heap_dict(heap, items, count));
	return addr;
}

void heap_put_attributes(struct heap *heap, uint64_t object, const struct heap_item *items,
			 size_t count)
{
	uint64_t dict = heap_dict(heap, items, count);
	uint64_t class = heap_get(heap, object, object.type);
	if (heap_has(heap, fact.managed_dict))
		heap_put(heap, object, fact.managed_dict, dict);
	else
		heap_put_word(heap, object + heap_get(heap, class, type.dictoffset), dict);
}

uint64_t heap_values_instance(struct heap *heap, const char *name, const struct heap_item *items,
			      size_t count)
{
	size_t size = (size_t)heap->layout.object.size;
	uint64_t keys = heap_keys(heap, KEYS_SPLIT, items, count);
	if (!heap_has(heap, fact.managed_dict)) {
		uint64_t addr = heap_dictoffset_instance(heap, name, NULL, 0);
		uint64_t values = heap_alloc(heap, heap_values_size(heap, count));
		heap_put_values(heap, values, items, count);
		heap_put_word(heap, addr + size, heap_dict_of(heap, keys, values));
		return addr;
	}
	uint64_t class = managed_class(heap, name);
	heap_put(heap, class, type.cached_keys, keys);
	uint64_t addr = heap_object(heap, class, size + heap_values_size(heap, count));
	uint64_t values = addr + size;
	if (!heap_has(heap, fact.inline_values))
		values = heap_alloc(heap, heap_values_size(heap, count));
	if (heap_has(heap, fact.managed_tagged))
		heap_put(heap, addr, fact.managed_dict, values - 1);
	heap_put(heap, addr, fact.managed_values, values);
	heap_put_values(heap, values, items, count);
	return addr;
}

uint64_t heap_weakset(struct heap *heap, const uint64_t *objects, size_t count)
{
	uint64_t set = heap_set_of_size(heap, 128);
	for (size_t i = 0; i < count; i++)
		heap_set_add(heap, set, heap_weakref(heap, objects[i]));
	return heap_values_instance(heap, "WeakSet", ITEMS({"data", set}));
}
