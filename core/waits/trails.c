/* SPDX-License-Identifier: MIT */
/* See waits/trails.h. Only instances are followed. */
#include "waits/trails.h"

#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/sequence.h"
#include "cpython/str.h"

#include <string.h>

/* Attributes of an object, and entries of a container, that are looked at. */
#define ATTRIBUTES_SEARCHED 64
#define ENTRIES_SEARCHED 16
#define NESTED_MOST 2

static int lead_to(struct trails *trails, struct wanted *wanted)
{
	struct trail *trail;
	int status = decoder_alloc(trails->waiting->decoder, sizeof(*trail), (void **)&trail);
	if (status)
		return status;
	*trail = (struct trail){wanted, trails->lists[trails->step]->first};
	trails->lists[trails->step]->first = trail;
	return 0;
}

static dict_visit_fn visit_attribute;

static int find_list(struct trails *trails, uint64_t object, struct trail_list **ret)
{
	size_t step = trails->step;
	struct decoder *decoder = trails->waiting->decoder;
	*ret = addrmap_get(&trails->objects[step], object);
	if (*ret)
		return 0;
	int status = decoder_alloc(decoder, sizeof(**ret), (void **)ret);
	if (!status)
		status = work_step(&decoder->reader.work);
	if (status)
		return status;
	if (!addrmap_put(&trails->objects[step], object, *ret))
		return waiting_no_memory(trails->waiting);
	trails->is_cut |= ++trails->count > trails->limit;
	if (trails->is_cut)
		return 0;
	unsigned int nested = trails->nested;
	trails->lists[step] = *ret;
	trails->current[step] = object;
	trails->attributes[step] = 0;
	trails->nested = 0;
	status = attrs_visit(decoder, object, visit_attribute, trails);
	trails->nested = nested;
	return error_is_fatal(status) ? status : 0;
}

/* Whether the object whose attribute it is may be the one that leads to it. */
static int is_of_type(struct trails *trails, const struct wanted *wanted, bool *ret)
{
	const struct type *type;
	*ret = true;
	if (!wanted->of_type)
		return 0;
	int status = object_type(trails->waiting->decoder, trails->current[trails->step], &type);
	*ret = !status && type->name && !strcmp(type->name, wanted->of_type);
	return error_is_fatal(status) ? status : 0;
}

static int follow(struct trails *trails, uint64_t value)
{
	struct trail_list *more;
	if (trails->step + 1 >= trails->steps)
		return 0;
	trails->step++;
	int status = find_list(trails, value, &more);
	trails->step--;
	for (const struct trail *trail = status ? NULL : more->first; !status && trail;
	     trail = trail->next)
		status = lead_to(trails, trail->wanted);
	return status;
}

static int visit_value(struct trails *trails, uint64_t value);

static int visit_entry(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	(void)decoder;
	int status = visit_value(arg, key);
	return status ? status : visit_value(arg, value);
}

static int visit_item(struct decoder *decoder, uint64_t item, void *arg)
{
	(void)decoder;
	return visit_value(arg, item);
}

/* Large ones have things of everybody. */
static int visit_container(struct trails *trails, uint64_t container, enum kind kind)
{
	struct decoder *decoder = trails->waiting->decoder;
	uint64_t length = 0;
	if (trails->nested == NESTED_MOST)
		return 0;
	trails->nested++;
	int status = container_length(decoder, container, &length);
	if (!status && length <= ENTRIES_SEARCHED)
		status = kind == KIND_DICT ? dict_visit(decoder, container, visit_entry, trails)
					   : sequence_visit(decoder, container, visit_item, trails);
	trails->nested--;
	return error_is_fatal(status) ? status : 0;
}

static int visit_value(struct trails *trails, uint64_t value)
{
	struct wanted *wanted = addrmap_get(trails->wanted, value);
	enum kind kind;
	bool fits = false;
	int status = wanted ? is_of_type(trails, wanted, &fits) : 0;
	if (fits)
		status = lead_to(trails, wanted);
	if (status || wanted || trails->step + 1 >= trails->steps)
		return status;
	status = object_kind(trails->waiting->decoder, value, &kind);
	if (status)
		return error_is_fatal(status) ? status : 0;
	if (kind == KIND_OTHER)
		return follow(trails, value);
	bool is_followed = trails->nested ? kind == KIND_TUPLE : trails->follows;
	return is_followed && (kind == KIND_DICT || kind == KIND_TUPLE)
		       ? visit_container(trails, value, kind)
		       : 0;
}

static int visit_attribute(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct trails *trails = arg;
	if (++trails->attributes[trails->step] > ATTRIBUTES_SEARCHED)
		return AIODBG_LIMIT;
	int status = 0;
	if (trails->followed)
		status = str_equals(decoder, key, trails->followed, &trails->follows);
	if (!status)
		status = visit_value(trails, value);
	return error_is_fatal(status) ? status : 0;
}

int trails_of(struct trails *trails, uint64_t object, const struct trail **ret)
{
	struct trail_list *list;
	trails->step = 0;
	trails->nested = 0;
	int status = find_list(trails, object, &list);
	*ret = status ? NULL : list->first;
	return status;
}

int trails_leave_out(struct trails *trails, uint64_t object)
{
	struct trail_list *list;
	for (size_t i = 0; i < TRAILS_STEPS_MAX; i++) {
		if (!object || addrmap_get(&trails->objects[i], object))
			continue;
		int status = decoder_alloc(trails->waiting->decoder, sizeof(*list), (void **)&list);
		if (status)
			return status;
		if (!addrmap_put(&trails->objects[i], object, list))
			return waiting_no_memory(trails->waiting);
	}
	return 0;
}

void trails_deinit(struct trails *trails)
{
	for (size_t i = 0; i < TRAILS_STEPS_MAX; i++)
		addrmap_deinit(&trails->objects[i]);
}
