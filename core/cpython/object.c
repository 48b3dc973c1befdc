/* SPDX-License-Identifier: MIT */
/* Types by flags, base and name. See cpython/object.h. */
#include "cpython/object.h"

#include "base/ceilings.h"
#include "base/error.h"

#include <string.h>

_Static_assert(KIND_COUNT <= DECODER_KINDS, "DECODER_KINDS is too small");

/* tp_flags: Include/object.h, unchanged from 3.8 on but for the first two. */
#define FLAG_INLINE_VALUES (1ull << 2)
#define FLAG_MANAGED_DICT (1ull << 4)
#define FLAG_HEAPTYPE (1ull << 9)
#define FLAG_TYPE_SUBCLASS (1ull << 31)

static const struct {
	uint64_t flag;
	const char *name;
	enum kind kind;
} kinds_by_flag[] = {
	{1ull << 24, "int", KIND_INT},
	{1ull << 25, "list", KIND_LIST},
	{1ull << 26, "tuple", KIND_TUPLE},
	{1ull << 27, "bytes", KIND_BYTES},
	{1ull << 28, "str", KIND_STR},
	{1ull << 29, "dict", KIND_DICT},
	{1ull << 30, "exception", KIND_EXCEPTION},
	{1ull << 31, "type", KIND_TYPE},
};

/* tp_name of types that have no flag. */
static const struct {
	const char *name;
	enum kind kind;
} kinds_by_name[] = {
	{"NoneType", KIND_NONE},
	{"float", KIND_FLOAT},
	{"set", KIND_SET},
	{"frozenset", KIND_SET},
	{"collections.deque", KIND_DEQUE},
	{"weakref", KIND_WEAKREF},
	{"weakref.ReferenceType", KIND_WEAKREF},
	{"module", KIND_MODULE},
	{"code", KIND_CODE},
	{"function", KIND_FUNCTION},
	{"method", KIND_METHOD},
	{"builtin_function_or_method", KIND_CFUNCTION},
	{"functools.partial", KIND_PARTIAL},
	{"cell", KIND_CELL},
	{"frame", KIND_FRAME},
	{"coroutine", KIND_COROUTINE},
	{"generator", KIND_GENERATOR},
	{"async_generator", KIND_ASYNC_GENERATOR},
	{"async_generator_asend", KIND_ASEND},
	{"async_generator_athrow", KIND_ATHROW},
	{"coroutine_wrapper", KIND_CORO_WRAPPER},
	{"anext_awaitable", KIND_ANEXT},
	{"_asyncio.FutureIter", KIND_FUTUREITER},
	{"_asyncio.Future", KIND_FUTURE},
	{"_asyncio.Task", KIND_TASK},
	{"TaskWakeupMethWrapper", KIND_WAKEUP},
	{"member_descriptor", KIND_MEMBER},
	{"method_descriptor", KIND_METHOD_DESCRIPTOR},
	{"_thread.lock", KIND_LOCK},
	{"_thread.RLock", KIND_RLOCK},
	{"_queue.SimpleQueue", KIND_SIMPLE_QUEUE},
	{"iterator", KIND_ITERATOR},
	{"list_iterator", KIND_ITERATOR},
	{"list_reverseiterator", KIND_ITERATOR},
	{"tuple_iterator", KIND_ITERATOR},
	{"reversed", KIND_ITERATOR},
	{"enumerate", KIND_ITERATOR},
	{"zip", KIND_ITERATOR},
	{"map", KIND_ITERATOR},
	{"filter", KIND_ITERATOR},
	{"set_iterator", KIND_ITERATOR},
	{"dict_keyiterator", KIND_ITERATOR},
	{"dict_valueiterator", KIND_ITERATOR},
	{"dict_itemiterator", KIND_ITERATOR},
	{"dict_keys", KIND_ITERATOR},
	{"dict_values", KIND_ITERATOR},
	{"dict_items", KIND_ITERATOR},
	{"odict_iterator", KIND_ITERATOR},
	{"odict_keys", KIND_ITERATOR},
	{"odict_values", KIND_ITERATOR},
	{"odict_items", KIND_ITERATOR},
	{"collections._deque_iterator", KIND_ITERATOR},
	{"_collections._deque_iterator", KIND_ITERATOR},
	{"itertools.cycle", KIND_ITERATOR},
	{"itertools.chain", KIND_ITERATOR},
	{"itertools.islice", KIND_ITERATOR},
};

const struct exported_type exported_types[] = {
	{"types", "NoneType", KIND_NONE},
	{"builtins", "float", KIND_FLOAT},
	{"builtins", "set", KIND_SET},
	{"builtins", "frozenset", KIND_SET},
	{"_collections", "deque", KIND_DEQUE},
	{"_weakref", "ReferenceType", KIND_WEAKREF},
	{"types", "ModuleType", KIND_MODULE},
	{"types", "CodeType", KIND_CODE},
	{"types", "FunctionType", KIND_FUNCTION},
	{"types", "MethodType", KIND_METHOD},
	{"types", "BuiltinFunctionType", KIND_CFUNCTION},
	{"types", "CellType", KIND_CELL},
	{"types", "FrameType", KIND_FRAME},
	{"types", "CoroutineType", KIND_COROUTINE},
	{"types", "GeneratorType", KIND_GENERATOR},
	{"types", "AsyncGeneratorType", KIND_ASYNC_GENERATOR},
	{"_asyncio", "Future", KIND_FUTURE},
	{"_asyncio", "Task", KIND_TASK},
	{"types", "MemberDescriptorType", KIND_MEMBER},
	{"types", "MethodDescriptorType", KIND_METHOD_DESCRIPTOR},
	{"_thread", "LockType", KIND_LOCK},
	{"_thread", "RLock", KIND_RLOCK},
	{"_queue", "SimpleQueue", KIND_SIMPLE_QUEUE},
};
const size_t exported_type_count = sizeof(exported_types) / sizeof(exported_types[0]);
_Static_assert(sizeof(exported_types) / sizeof(exported_types[0]) <= EXPORTED_TYPES_MAX,
	       "EXPORTED_TYPES_MAX is too small");

/* What a user calls a kind whose type has no readable name. */
static const char *kind_name(enum kind kind)
{
	for (size_t i = 0; i < sizeof(kinds_by_name) / sizeof(kinds_by_name[0]); i++) {
		const char *dot = strrchr(kinds_by_name[i].name, '.');
		if (kinds_by_name[i].kind == kind)
			return dot ? dot + 1 : kinds_by_name[i].name;
	}
	for (size_t i = 0; i < sizeof(kinds_by_flag) / sizeof(kinds_by_flag[0]); i++) {
		if (kinds_by_flag[i].kind == kind)
			return kinds_by_flag[i].name;
	}
	return NULL;
}

bool type_managed_dict(const struct type *type)
{
	return type->flags & FLAG_MANAGED_DICT;
}

bool type_inline_values(const struct type *type)
{
	return type->flags & FLAG_INLINE_VALUES;
}

bool type_on_heap(const struct type *type)
{
	return type->flags & FLAG_HEAPTYPE;
}

/*
 * Cython has static types with the names, sizes and flags of CPython's own. Of types that modules
 * export, the address tells. The others (asend, coroutine_wrapper) hold an object of one of these.
 */
static bool is_another(const struct decoder *decoder, const struct type *type, enum kind kind)
{
	uint64_t known = decoder->type_of_kind[kind];
	/* set and frozenset are one kind. */
	return known && known != type->addr && kind != KIND_SET;
}

/*
 * A class that Python code defines is named without a module, so it cannot pass itself
 * off as one of C's unless it tries; it must then still have that struct's size.
 */
static enum kind kind_by_name(const struct decoder *decoder, const struct type *type,
			      const char *name)
{
	const struct layout *layout = decoder->layout;
	enum kind kind = KIND_OTHER;
	for (size_t i = 0; i < sizeof(kinds_by_name) / sizeof(kinds_by_name[0]); i++) {
		if (!strcmp(kinds_by_name[i].name, name))
			kind = kinds_by_name[i].kind;
	}
	if (!(type->flags & FLAG_HEAPTYPE))
		return is_another(decoder, type, kind) ? KIND_OTHER : kind;
	switch (kind) {
	case KIND_TASK:
		return type->basicsize == layout->task.size ? kind : KIND_OTHER;
	case KIND_FUTURE:
		return type->basicsize == layout->future.size ? kind : KIND_OTHER;
	case KIND_FUTUREITER:
		return type->basicsize == layout->futureiter.size ? kind : KIND_OTHER;
	case KIND_PARTIAL:
		return type->basicsize == layout->partial.size ? kind : KIND_OTHER;
	case KIND_DEQUE:
		return type->basicsize == layout->deque.size ? kind : KIND_OTHER;
	case KIND_LOCK:
		return type->basicsize == layout->semlock.size ||
				       type->basicsize == layout->mutexlock.size
			       ? kind
			       : KIND_OTHER;
	case KIND_RLOCK:
		return type->basicsize == layout->rlock.size ? kind : KIND_OTHER;
	case KIND_SIMPLE_QUEUE:
		return type->basicsize == layout->simplequeue.size ? kind : KIND_OTHER;
	default:
		return KIND_OTHER;
	}
}

/* Reads one type, but not its bases and its metatype. name has room for LIMIT_C_STRING; it is empty
 * if it cannot be read. */
static int type_read(struct decoder *decoder, uint64_t addr, struct type *type, uint64_t *metatype,
		     char *name)
{
	const struct layout *l = decoder->layout;
	struct window w;
	if (!decoder_plausible(decoder, addr))
		return reader_corrupt(&decoder->reader, addr, "not a type");
	int code = window_read(&decoder->reader, addr,
			       (size_t)l->type.dictoffset + decoder->reader.word_size, &w);
	if (code)
		return code;
	memset(type, 0, sizeof(*type));
	type->addr = addr;
	type->flags = window_word(&w, (size_t)l->type.flags);
	type->basicsize = reader_signed(&decoder->reader,
					window_word(&w, (size_t)l->type.basicsize));
	type->dictoffset = reader_signed(&decoder->reader,
					 window_word(&w, (size_t)l->type.dictoffset));
	type->base = window_word(&w, (size_t)l->type.base);
	*metatype = window_word(&w, (size_t)l->object.type);
	/* Up to 3.9 some static types are used without ever having been made ready. */
	if (type->basicsize <= 0)
		return reader_corrupt(&decoder->reader, addr, "not a type");
	if (type->flags & FLAG_HEAPTYPE) {
		code = reader_word(&decoder->reader, addr + (uint64_t)l->type.cached_keys,
				   &type->cached_keys);
		if (code)
			return code;
	}

	uint64_t faults = decoder->reader.fault_count;
	code = reader_c_string(&decoder->reader, window_word(&w, (size_t)l->type.name), name,
			       LIMIT_C_STRING);
	/* Names of static types are in the executable, which a core may have come without;
	 * those of others are in memory like everything else. */
	if (code)
		name[0] = '\0';
	if (code && !(type->flags & FLAG_HEAPTYPE))
		decoder->reader.fault_count = faults;
	if (code && type->flags & FLAG_HEAPTYPE)
		return decoder_go_on(decoder, code);
	type->kind = kind_by_name(decoder, type, name);
	return error_is_fatal(code) ? code : 0;
}

/* Keeps the type, with its name but for the module in it. */
static int type_keep(struct decoder *decoder, struct type *read, const char *name,
		     const struct type **ret)
{
	const char *dot = strrchr(name, '.');
	const char *shown = dot ? dot + 1 : name;
	if (name[0]) {
		read->full_name = arena_string(decoder->arena, name, strlen(name));
		if (!read->full_name)
			return decoder_no_memory(decoder);
		read->name = read->full_name + (shown - name);
	}
	struct type *type = arena_copy(decoder->arena, read, sizeof(*read));
	void **slot = type ? htab_find_slot(decoder->types, type, INSERT) : NULL;
	if (!slot)
		return decoder_no_memory(decoder);
	*slot = type;
	*ret = type;
	return 0;
}

static int check_metatype(struct decoder *decoder, uint64_t addr, uint64_t metatype)
{
	uint64_t flags;
	if (!decoder_plausible(decoder, metatype))
		return reader_corrupt(&decoder->reader, addr, "not a type");
	int code = reader_word(&decoder->reader, metatype + (uint64_t)decoder->layout->type.flags,
			       &flags);
	if (error_is_fatal(code))
		return code;
	if (code || !(flags & FLAG_TYPE_SUBCLASS))
		return reader_corrupt(&decoder->reader, addr, "not a type");
	return 0;
}

/* No class can be derived from them. A compiler may say so of its own types all the same, which then
 * pass for CPython's in a program, and have nothing of their structs. */
static bool is_final(enum kind kind)
{
	return kind == KIND_CODE || kind == KIND_FUNCTION || kind == KIND_METHOD ||
	       (kind >= KIND_CELL && kind <= KIND_ANEXT);
}

/* Gives a type the kind of its nearest base that has one: it begins with that struct. */
static int inherit_kind(struct decoder *decoder, struct type *type)
{
	uint64_t base = type->base;
	for (int i = 0; i < LIMIT_BASES && base && type->kind == KIND_OTHER; i++) {
		struct type read;
		uint64_t metatype;
		char name[LIMIT_C_STRING];
		const struct type *next = htab_find(decoder->types, &base);
		if (!next) {
			int code = work_charge(&decoder->reader.work, 4);
			if (!code)
				code = type_read(decoder, base, &read, &metatype, name);
			if (error_is_fatal(code))
				return code;
			if (code)
				return 0;
			next = &read;
		}
		if (is_final(next->kind))
			return 0;
		type->kind = next->kind;
		base = next->base;
	}
	return 0;
}

/* The slot of recent_types for the type at addr. Those on the heap lie at distances of their size. */
static const struct type **recent_type(struct decoder *decoder, uint64_t addr)
{
	return &decoder->recent_types[addr * 0x9e3779b97f4a7c15ull >> (64 - DECODER_RECENT_BITS)];
}

int type_get(struct decoder *decoder, uint64_t addr, const struct type **ret)
{
	const struct type **recent = recent_type(decoder, addr);
	if (*recent && (*recent)->addr == addr) {
		*ret = *recent;
		return 0;
	}
	const struct type *known = htab_find(decoder->types, &addr);
	if (known) {
		*ret = *recent = known;
		return 0;
	}
	struct type read;
	uint64_t metatype;
	char name[LIMIT_C_STRING];
	int code = type_read(decoder, addr, &read, &metatype, name);
	if (!code)
		code = check_metatype(decoder, addr, metatype);
	if (code)
		return code;
	for (size_t i = 0; i < sizeof(kinds_by_flag) / sizeof(kinds_by_flag[0]); i++) {
		if (read.flags & kinds_by_flag[i].flag)
			read.kind = kinds_by_flag[i].kind;
	}
	code = inherit_kind(decoder, &read);
	return code ? code : type_keep(decoder, &read, name, ret);
}

int type_learn(struct decoder *decoder, uint64_t addr, enum kind kind)
{
	const struct type *known;
	int code = type_get(decoder, addr, &known);
	if (code)
		return code;
	struct type *type = htab_find(decoder->types, &addr);
	if (type->name) {
		if (type->kind == kind && !(type->flags & FLAG_HEAPTYPE))
			decoder->type_of_kind[kind] = addr;
		return 0;
	}
	/* Without its name a type may have been taken for its base: Task for Future. */
	type->kind = kind;
	type->full_name = type->name = kind_name(kind);
	return 0;
}

/*
 * What an object with a type pointer that leads nowhere is. CPython's debug allocators, which
 * debug builds have and PYTHONMALLOC=debug asks for, fill memory: PYMEM_DEADBYTE, CLEANBYTE and
 * FORBIDDENBYTE in Include/internal/pycore_pymem.h, the same since 3.8.
 */
static const char *no_object(const struct decoder *decoder, uint64_t type)
{
	static const struct {
		uint8_t byte;
		const char *what;
	} fillings[] = {
		{0xdd, "not an object, but freed memory (all 0xdd)"},
		{0xcd, "not an object, but fresh memory (all 0xcd)"},
		{0xfd, "not an object, but the end of a memory block (all 0xfd)"},
	};
	for (size_t i = 0; i < sizeof(fillings) / sizeof(fillings[0]); i++) {
		uint64_t word = fillings[i].byte * 0x0101010101010101ull;
		if (type == word >> (64 - 8 * decoder->reader.word_size))
			return fillings[i].what;
	}
	return "not an object (bad type pointer)";
}

int object_type(struct decoder *decoder, uint64_t addr, const struct type **ret)
{
	uint64_t type;
	if (!decoder_plausible(decoder, addr))
		return reader_corrupt(&decoder->reader, addr, "not an object");
	int code = reader_word(&decoder->reader, addr + (uint64_t)decoder->layout->object.type,
			       &type);
	if (code)
		return code;
	const struct type *recent = *recent_type(decoder, type);
	if (recent && recent->addr == type) {
		*ret = recent;
		return 0;
	}
	code = type_get(decoder, type, ret);
	if (code == AIODBG_CORRUPT)
		return reader_corrupt(&decoder->reader, addr, no_object(decoder, type));
	if (code)
		error_prefix(&decoder->reader.error, "type");
	return code;
}

int object_guess_type(struct decoder *decoder, uint64_t addr, const struct type **ret)
{
	uint64_t missing_count = decoder->missing_count, faults = decoder->reader.fault_count;
	int status = object_type(decoder, addr, ret);
	decoder->missing_count = missing_count;
	decoder->reader.fault_count = faults;
	if (status)
		*ret = NULL;
	return error_is_fatal(status) ? status : 0;
}

int object_guess_word(struct decoder *decoder, uint64_t at, uint64_t *word,
		      const struct type **type)
{
	*type = NULL;
	*word = 0;
	int status = reader_word(&decoder->reader, at, word);
	if (status || !*word || *word % decoder->reader.word_size)
		return status;
	return object_guess_type(decoder, *word, type);
}

int object_kind(struct decoder *decoder, uint64_t addr, enum kind *ret)
{
	const struct type *type;
	int code = object_type(decoder, addr, &type);
	*ret = code ? KIND_OTHER : type->kind;
	return decoder_go_on(decoder, code);
}

int object_expect(struct decoder *decoder, uint64_t addr, enum kind kind, const char *what)
{
	const struct type *type;
	int code = object_type(decoder, addr, &type);
	if (code) {
		error_prefix(&decoder->reader.error, "%s", what);
		return code;
	}
	if (type->kind == kind)
		return 0;
	const char *wanted = kind_name(kind);
	return error_at(&decoder->reader.error, AIODBG_CORRUPT, addr, "%s is %s, not %s", what,
			type->name ? type->name : "an unknown type", wanted ? wanted : "expected");
}

/* Without knowing where types have their MRO: through the first base of each. */
static int find_base(struct decoder *decoder, uint64_t addr, uint64_t base, bool *ret)
{
	int status = 0;
	for (size_t i = 0; !status && !*ret && addr && i < LIMIT_BASES; i++) {
		status = reader_word(&decoder->reader, addr + (uint64_t)decoder->layout->type.base,
				     &addr);
		*ret = !status && addr == base;
	}
	return status;
}

int type_is_subclass(struct decoder *decoder, const struct type *type, uint64_t base, bool *ret)
{
	uint64_t addr = type->addr, mro = 0, count = 0, item;
	const struct layout *l = decoder->layout;
	struct reader *reader = &decoder->reader;
	*ret = addr == base;
	if (!*ret && l->type.mro == LAYOUT_NONE)
		return decoder_go_on(decoder, find_base(decoder, addr, base, ret));
	int status = *ret ? 0 : reader_word(reader, addr + (uint64_t)l->type.mro, &mro);
	if (!status && mro)
		status = reader_word(reader, mro + (uint64_t)l->tuple.length, &count);
	for (uint64_t i = 0; !status && !*ret && i < count && i < LIMIT_BASES; i++) {
		status = reader_word(reader, mro + (uint64_t)l->tuple.items + i * reader->word_size,
				     &item);
		*ret = !status && item == base;
	}
	return decoder_go_on(decoder, status);
}

int object_refcount(struct decoder *decoder, uint64_t addr, struct refcount *ret)
{
	const struct layout *l = decoder->layout;
	struct reader *reader = &decoder->reader;
	uint8_t bytes[4];
	uint64_t word;
	*ret = (struct refcount){0};
	if (!decoder_plausible(decoder, addr))
		return reader_corrupt(reader, addr, "not an object");
	if (l->object.refcount_shared != LAYOUT_NONE) {
		/* What the owner has counted, and what the others have, above two flags. */
		int status = reader_read(reader, addr + (uint64_t)l->object.refcount, bytes,
					 sizeof(bytes));
		if (!status)
			status = reader_word(reader, addr + (uint64_t)l->object.refcount_shared,
					     &word);
		if (status)
			return status;
		uint64_t local = reader_decode_uint(reader, bytes, sizeof(bytes));
		ret->immortal = local == UINT32_MAX;
		ret->partial = true;
		ret->count = (int64_t)local + (reader_signed(reader, word) >> 2);
		return 0;
	}
	int status = reader_word(reader, addr + (uint64_t)l->object.refcount, &word);
	if (status)
		return status;
	ret->count = reader_signed(reader, word);
	if (l->fact.refcount_bits == LAYOUT_NONE)
		return 0;
	/* Immortal ones have a count that nothing else can reach: the sign, or with words of 32
	 * bits one of the bits below it. */
	ret->count = (int64_t)(word & UINT32_MAX);
	ret->immortal = ret->count >= (reader->word_size == 8 ? 1ll << 31 : (1ll << 30) - 1);
	return 0;
}

int object_has_weakrefs(struct decoder *decoder, uint64_t addr, bool *ret)
{
	const struct layout *l = decoder->layout;
	const struct type *type;
	uint64_t offset, list = 0;
	*ret = false;
	int status = object_type(decoder, addr, &type);
	if (!status)
		status = reader_word(&decoder->reader,
				     type->addr + (uint64_t)l->type.weaklistoffset, &offset);
	if (status)
		return status;
	int64_t place = reader_signed(&decoder->reader, offset);
	/* In front of the object it is behind the pointer to the managed dict. */
	if (place)
		status = reader_word(&decoder->reader, addr + (uint64_t)place, &list);
	*ret = list != 0;
	return status;
}
