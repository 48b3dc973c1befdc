/* SPDX-License-Identifier: MIT */
/*
 * Attributes of instances of Python classes, in the three places that CPython keeps
 * them in: a __dict__ at tp_dictoffset, a managed __dict__ in front of the object, or
 * inline values behind it (Objects/dictobject.c, Include/internal/pycore_object.h).
 */
#ifndef CPYTHON_ATTR_H
#define CPYTHON_ATTR_H

#include "cpython/decoder.h"

struct attr {
	/* ASCII. */
	const char *name;
	/* Set by attrs_get(); 0 if the instance has no such attribute. */
	uint64_t value;
};

/* Look up several attributes of the object at addr. Class attributes are not looked at. */
int attrs_get(struct decoder *decoder, uint64_t addr, struct attr *attrs, size_t count);

/*
 * The same for attributes that a class keeps in the object itself (__slots__), as far as the
 * object's own class names them.
 */
int slots_get(struct decoder *decoder, uint64_t addr, struct attr *attrs, size_t count);

/* One attribute; fails if the instance does not have it. */
int attr_get(struct decoder *decoder, uint64_t addr, const char *name, uint64_t *ret);

#endif
