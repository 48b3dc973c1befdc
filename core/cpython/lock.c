/* SPDX-License-Identifier: MIT */
/* Locks of _thread. See cpython/lock.h. */
#include "cpython/lock.h"

#include "base/error.h"
#include "cpython/object.h"

/* Bits of a PyMutex: Include/cpython/lock.h. */
#define MUTEX_LOCKED 1
#define MUTEX_HAS_PARKED 2

static void decode_mutex(const struct window *w, int32_t offset, struct lock *ret)
{
	uint64_t bits = window_uint(w, (size_t)offset, 1);
	ret->mutex = w->addr + (uint64_t)offset;
	ret->locked = bits & MUTEX_LOCKED;
	ret->contended = bits & MUTEX_HAS_PARKED;
}

static int decode_lock(struct decoder *decoder, const struct window *w, const struct type *type,
		       struct lock *ret)
{
	const struct layout *l = decoder->layout;
	if (l->semlock.locked != LAYOUT_NONE && type->basicsize == l->semlock.size) {
		ret->semaphore = window_word(w, (size_t)l->semlock.semaphore);
		ret->locked = window_uint(w, (size_t)l->semlock.locked, 1) != 0;
		return 0;
	}
	if (l->mutexlock.mutex != LAYOUT_NONE && type->basicsize == l->mutexlock.size) {
		decode_mutex(w, l->mutexlock.mutex, ret);
		return 0;
	}
	return reader_corrupt(&decoder->reader, w->addr, "lock of an unknown form");
}

static int decode_rlock(struct decoder *decoder, const struct window *w, const struct type *type,
			struct lock *ret)
{
	const struct layout *l = decoder->layout;
	if (type->basicsize != l->rlock.size)
		return reader_corrupt(&decoder->reader, w->addr, "lock of an unknown form");
	ret->is_recursive = true;
	ret->owner = window_word(w, (size_t)l->rlock.owner);
	ret->count = window_word(w, (size_t)l->rlock.count);
	if (l->rlock.mutex == LAYOUT_NONE) {
		ret->semaphore = window_word(w, (size_t)l->rlock.semaphore);
		ret->locked = ret->count != 0;
	} else {
		decode_mutex(w, l->rlock.mutex, ret);
		/* It counts how often it was entered again. */
		ret->count += ret->locked;
	}
	if (!ret->locked)
		ret->owner = ret->count = 0;
	return 0;
}

int lock_read(struct decoder *decoder, uint64_t addr, struct lock *ret)
{
	const struct type *type;
	struct window w;
	*ret = (struct lock){0};
	int status = object_type(decoder, addr, &type);
	if (status)
		return status;
	if (type->kind != KIND_LOCK && type->kind != KIND_RLOCK)
		return reader_corrupt(&decoder->reader, addr, "not a lock");
	size_t size = type->basicsize < WINDOW_MAX ? (size_t)type->basicsize : WINDOW_MAX;
	status = window_read(&decoder->reader, addr, size, &w);
	if (status)
		return status;
	return type->kind == KIND_RLOCK ? decode_rlock(decoder, &w, type, ret)
					: decode_lock(decoder, &w, type, ret);
}
