/* SPDX-License-Identifier: MIT */
/*
 * Attributes of instances of Python classes, in the three places that CPython keeps
 * them in: a __dict__ at tp_dictoffset, a managed __dict__ in front of the object, or
 * inline values behind it (Objects/dictobject.c, Include/internal/pycore_object.h).
 */
#ifndef CPYTHON_ATTR_H
#define CPYTHON_ATTR_H

#include "cpython/dict.h"

struct attr {
	/* ASCII. */
	const char *name;
	/* Set by attrs_get(); 0 if the instance has no such attribute. */
	uint64_t value;
};

/* Look up several attributes of the object at addr. Class attributes are not looked at. */
int attrs_get(struct decoder *decoder, uint64_t addr, struct attr *attrs, size_t count);

/*
 * The same for attributes that classes keep in the object itself (__slots__), of its own class and
 * all that it derives from.
 */
int slots_get(struct decoder *decoder, uint64_t addr, struct attr *attrs, size_t count);

/* The same for both together: an instance may have some here and some there. */
int attrs_find(struct decoder *decoder, uint64_t addr, struct attr *attrs, size_t count);

/* One attribute of either sort; 0 if the object does not have it. */
int attr_find(struct decoder *decoder, uint64_t addr, const char *name, uint64_t *ret);

/*
 * Visit all attributes of either sort that are set; key is a str. What is in the object's __dict__ is
 * among them, and not the __dict__ itself. A value other than 0 ends the walk.
 */
int attrs_visit(struct decoder *decoder, uint64_t addr, dict_visit_fn *visit, void *arg);

/*
 * Visit those that the object itself has, in its slots or in values behind it. *dict is its __dict__
 * if that is an object that has the others, or 0.
 */
int attrs_visit_owned(struct decoder *decoder, uint64_t addr, uint64_t *dict, dict_visit_fn *visit,
		      void *arg);

/* What the class at addr itself has under this name, bases not looked at; 0 if nothing. */
int class_attr_find(struct decoder *decoder, uint64_t addr, const char *name, uint64_t *ret);

/* One attribute; fails if the instance does not have it. */
int attr_get(struct decoder *decoder, uint64_t addr, const char *name, uint64_t *ret);

#endif
