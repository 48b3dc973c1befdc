/* SPDX-License-Identifier: MIT */
/* See waits/trails.h. Only instances are followed. */
#include "waits/trails.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/sequence.h"
#include "cpython/str.h"

#include <string.h>

/* Attributes of an object, and entries of a container, that are looked at. */
#define ATTRIBUTES_SEARCHED 64
#define ENTRIES_SEARCHED 16
#define NESTED_MOST 2

static int lead_to(struct trails *leads, struct wanted *wanted)
{
	struct trail *led;
	int status = decoder_alloc(leads->waiting->decoder, sizeof(*led), (void **)&led);
	if (status)
		return status;
	*led = (struct trail){wanted, leads->lists[leads->step]->first};
	leads->lists[leads->step]->first = led;
	return 0;
}

static dict_visit_fn visit_attribute;

static int find_list(struct trails *leads, uint64_t object, struct trail_list **ret)
{
	size_t step = leads->step;
	struct decoder *decoder = leads->waiting->decoder;
	*ret = addrmap_get(&leads->objects[step], object);
	if (*ret)
		return 0;
	int status = decoder_alloc(decoder, sizeof(**ret), (void **)ret);
	if (!status)
		status = work_step(&decoder->reader.work);
	if (status)
		return status;
	if (!addrmap_put(&leads->objects[step], object, *ret))
		return waiting_no_memory(leads->waiting);
	leads->is_cut |= ++leads->count > LIMIT_LEADS_OBJECTS;
	if (leads->is_cut)
		return 0;
	unsigned int nested = leads->nested;
	leads->lists[step] = *ret;
	leads->current[step] = object;
	leads->attributes[step] = 0;
	leads->nested = 0;
	status = attrs_visit(decoder, object, visit_attribute, leads);
	leads->nested = nested;
	return error_is_fatal(status) ? status : 0;
}

/* Whether the object whose attribute it is may be the one that leads to it. */
static int is_of_type(struct trails *leads, const struct wanted *wanted, bool *ret)
{
	const struct type *type;
	*ret = true;
	if (!wanted->of_type)
		return 0;
	int status = object_type(leads->waiting->decoder, leads->current[leads->step], &type);
	*ret = !status && type->name && !strcmp(type->name, wanted->of_type);
	return error_is_fatal(status) ? status : 0;
}

static int follow(struct trails *leads, uint64_t value)
{
	struct trail_list *more;
	if (leads->step + 1 >= leads->steps)
		return 0;
	leads->step++;
	int status = find_list(leads, value, &more);
	leads->step--;
	for (const struct trail *led = status ? NULL : more->first; !status && led; led = led->next)
		status = lead_to(leads, led->wanted);
	return status;
}

static int visit_value(struct trails *leads, uint64_t value);

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
static int visit_container(struct trails *leads, uint64_t container, enum kind kind)
{
	struct decoder *decoder = leads->waiting->decoder;
	uint64_t length = 0;
	if (leads->nested == NESTED_MOST)
		return 0;
	leads->nested++;
	int status = container_length(decoder, container, &length);
	if (!status && length <= ENTRIES_SEARCHED)
		status = kind == KIND_DICT ? dict_visit(decoder, container, visit_entry, leads)
					   : sequence_visit(decoder, container, visit_item, leads);
	leads->nested--;
	return error_is_fatal(status) ? status : 0;
}

static int visit_value(struct trails *leads, uint64_t value)
{
	struct wanted *wanted = addrmap_get(leads->wanted, value);
	enum kind kind;
	bool fits = false;
	int status = wanted ? is_of_type(leads, wanted, &fits) : 0;
	if (fits)
		status = lead_to(leads, wanted);
	if (status || wanted || leads->step + 1 >= leads->steps)
		return status;
	status = object_kind(leads->waiting->decoder, value, &kind);
	if (status)
		return error_is_fatal(status) ? status : 0;
	if (kind == KIND_OTHER)
		return follow(leads, value);
	bool is_followed = leads->nested ? kind == KIND_TUPLE : leads->has_connections;
	return is_followed && (kind == KIND_DICT || kind == KIND_TUPLE)
		       ? visit_container(leads, value, kind)
		       : 0;
}

static int visit_attribute(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct trails *leads = arg;
	if (++leads->attributes[leads->step] > ATTRIBUTES_SEARCHED)
		return AIODBG_LIMIT;
	/* Of a transaction of SQLAlchemy's; in other containers are things of everybody. */
	int status = str_equals(decoder, key, "_connections", &leads->has_connections);
	if (!status)
		status = visit_value(leads, value);
	return error_is_fatal(status) ? status : 0;
}

int trails_of(struct trails *leads, uint64_t object, const struct trail **ret)
{
	struct trail_list *list;
	leads->step = 0;
	leads->nested = 0;
	int status = find_list(leads, object, &list);
	*ret = status ? NULL : list->first;
	return status;
}

int trails_leave_out(struct trails *leads, uint64_t object)
{
	struct trail_list *list;
	for (size_t i = 0; i < TRAILS_STEPS_MAX; i++) {
		if (!object || addrmap_get(&leads->objects[i], object))
			continue;
		int status = decoder_alloc(leads->waiting->decoder, sizeof(*list), (void **)&list);
		if (status)
			return status;
		if (!addrmap_put(&leads->objects[i], object, list))
			return waiting_no_memory(leads->waiting);
	}
	return 0;
}

void trails_deinit(struct trails *leads)
{
	for (size_t i = 0; i < TRAILS_STEPS_MAX; i++)
		addrmap_deinit(&leads->objects[i]);
}
