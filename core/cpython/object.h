/* SPDX-License-Identifier: MIT */
/*
 * Objects and their types: Include/cpython/object.h.
 *
 * A type is known by what it is, not by its name alone: the flags that CPython keeps
 * for its own fast checks, the base class that a subclass inherits its struct from, or
 * the name of a static type. In a core file without the executable those names are not
 * there; then the type's address is compared with what modules in memory export
 * (modules_read(), type_learn()), and the few types that nothing exports are recognised by
 * what they hold (coro_walk()).
 */
#ifndef CPYTHON_OBJECT_H
#define CPYTHON_OBJECT_H

#include "cpython/decoder.h"

enum kind {
	KIND_OTHER,
	KIND_NONE,
	KIND_TYPE,
	KIND_STR,
	KIND_INT,
	KIND_FLOAT,
	KIND_BYTES,
	KIND_TUPLE,
	KIND_LIST,
	KIND_DICT,
	KIND_SET,
	KIND_DEQUE,
	KIND_WEAKREF,
	KIND_EXCEPTION,
	KIND_MODULE,
	KIND_CODE,
	KIND_FUNCTION,
	KIND_METHOD,
	KIND_CFUNCTION,
	KIND_PARTIAL,
	KIND_CELL,
	KIND_FRAME,
	KIND_COROUTINE,
	KIND_GENERATOR,
	KIND_ASYNC_GENERATOR,
	/* Objects that pass an await on to the one they hold. */
	KIND_ASEND,
	KIND_ATHROW,
	KIND_CORO_WRAPPER,
	KIND_ANEXT,
	KIND_FUTUREITER,
	/* What wakes a task in 3.8 and 3.9. */
	KIND_WAKEUP,
	KIND_FUTURE,
	KIND_TASK,
	/* What a class has for one of its __slots__, and for a method of C. */
	KIND_MEMBER,
	KIND_METHOD_DESCRIPTOR,
	/* Of _thread and _queue. */
	KIND_LOCK,
	KIND_RLOCK,
	KIND_SIMPLE_QUEUE,
	/* Of built-in containers, and views of dicts: cpython/iterator.h. */
	KIND_ITERATOR,
	KIND_COUNT,
};

struct compiled_type;
struct type_slots;

struct type {
	uint64_t addr;
	enum kind kind;
	/* tp_flags. */
	uint64_t flags;
	int64_t basicsize, dictoffset;
	/* ht_cached_keys; 0 for static types. */
	uint64_t cached_keys;
	uint64_t base;
	/* tp_name, whole and without its module, in the arena; NULL if it cannot be read. */
	const char *full_name, *name;
	/* Memory of cpython/compiled.c and cpython/attr.c. */
	const struct compiled_type *compiled;
	const struct type_slots *slots;
};

/* Whether instances keep their __dict__ in front of themselves, or inline values behind. */
bool type_managed_dict(const struct type *type);
bool type_inline_values(const struct type *type);

/* Whether it was made at run time, by Python or C. */
bool type_on_heap(const struct type *type);

/* The type at addr. Fails if what is there is no type. */
int type_get(struct decoder *decoder, uint64_t addr, const struct type **ret);

/* The type of the object at addr. */
int object_type(struct decoder *decoder, uint64_t addr, const struct type **ret);

/*
 * The type of what may be an object, or anything else; NULL if it is none. What cannot be read is
 * no sign of missing memory then. Fails only fatally.
 */
int object_guess_type(struct decoder *decoder, uint64_t addr, const struct type **ret);

/* The word at an address, in an object whose fields are not known, and the type of what it leads to; NULL:
 * it leads to no object. Fails if there is no such word, or fatally. */
int object_guess_word(struct decoder *decoder, uint64_t at, uint64_t *word,
		      const struct type **type);

/* The object's kind; KIND_OTHER if it has none or cannot be read. Fails only fatally. */
int object_kind(struct decoder *decoder, uint64_t addr, enum kind *ret);

/* Fails with "what: not a ..." unless the object at addr is of that kind. */
int object_expect(struct decoder *decoder, uint64_t addr, enum kind kind, const char *what);

/* A type that modules export under a name: to be looked for, and told with type_learn(). */
struct exported_type {
	const char *module, *name;
	enum kind kind;
};
#define EXPORTED_TYPES_MAX 24
extern const struct exported_type exported_types[];
extern const size_t exported_type_count;

/*
 * Whether the type is the one at base or derives from it, by all its bases. Bases that cannot be
 * read are none.
 */
int type_is_subclass(struct decoder *decoder, const struct type *type, uint64_t base, bool *ret);

/* The reference count of an object. */
struct refcount {
	int64_t count;
	/* It is never freed, and its count is none. */
	bool immortal;
	/* References that are counted elsewhere are missing in it: free-threaded builds. */
	bool partial;
};
int object_refcount(struct decoder *decoder, uint64_t addr, struct refcount *ret);

/* Whether weak references to the object exist; false if its type allows none. */
int object_has_weakrefs(struct decoder *decoder, uint64_t addr, bool *ret);

/* The static type at addr is known to be of that kind. */
int type_learn(struct decoder *decoder, uint64_t addr, enum kind kind);

#endif
