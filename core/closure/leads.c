/* SPDX-License-Identifier: MIT */
/* What objects lead to. See closure/leads.h. */
#include "closure/leads.h"

#include "base/error.h"
#include "cpython/attr.h"
#include "cpython/callable.h"
#include "cpython/iterator.h"
#include "cpython/sequence.h"
#include "cpython/set.h"

/* Items that are looked at in an object, and objects. */
#define ITEMS_MAX 1000
#define OBJECTS_MAX 300000

static int add(struct leads *leads, struct led_list *list, void *wanted)
{
	struct led *led;
	for (led = list->first; led; led = led->next) {
		if (led->wanted == wanted)
			return 0;
	}
	int status = decoder_alloc(leads->waiting->decoder, sizeof(*led), (void **)&led);
	if (status)
		return status;
	*led = (struct led){wanted, list->first};
	list->first = led;
	return 0;
}

static int look_at(struct leads *leads, uint64_t object, struct led_list **ret);

static int visit_item(struct decoder *decoder, uint64_t item, void *arg)
{
	struct leads *leads = arg;
	struct led_list *into = leads->into[leads->step], *more;
	(void)decoder;
	if (!item)
		return 0;
	if (++leads->items[leads->step] > ITEMS_MAX) {
		leads->is_cut = true;
		return AIODBG_LIMIT;
	}
	void *wanted = addrmap_get(&leads->wanted, item);
	int status = wanted ? add(leads, into, wanted) : 0;
	if (status || leads->step + 1 == LEADS_STEPS)
		return status;
	leads->step++;
	status = look_at(leads, item, &more);
	leads->step--;
	for (const struct led *led = more ? more->first : NULL; !status && led; led = led->next)
		status = add(leads, into, led->wanted);
	return status;
}

static int visit_entry(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	(void)key;
	return visit_item(decoder, value, arg);
}

static int visit_words(struct leads *leads, uint64_t object, const int32_t *offsets, size_t count)
{
	struct decoder *decoder = leads->waiting->decoder;
	int status = 0;
	for (size_t i = 0; !status && i < count; i++) {
		uint64_t word;
		status = reader_word(&decoder->reader, object + (uint64_t)offsets[i], &word);
		if (!status)
			status = visit_item(decoder, word, leads);
	}
	return status;
}

static int look_into(struct leads *leads, uint64_t object, enum kind kind)
{
	struct decoder *decoder = leads->waiting->decoder;
	const struct layout *l = decoder->layout;
	const int32_t partial[] = {l->partial.function, l->partial.args, l->partial.keywords};
	switch (kind) {
	case KIND_TUPLE:
	case KIND_LIST:
	case KIND_DEQUE:
		return sequence_visit(decoder, object, visit_item, leads);
	case KIND_ITERATOR:
		return iterator_visit(decoder, object, visit_item, leads);
	case KIND_SET:
		return set_visit(decoder, object, visit_item, leads);
	case KIND_DICT:
		return dict_visit(decoder, object, visit_entry, leads);
	case KIND_METHOD:
		return visit_words(leads, object, &l->method.self, 1);
	case KIND_CFUNCTION:
		return visit_words(leads, object, &l->cfunction.self, 1);
	case KIND_FUNCTION:
		return visit_words(leads, object, &l->function.closure, 1);
	case KIND_CELL:
		return visit_words(leads, object, &l->cell.object, 1);
	case KIND_PARTIAL:
		return visit_words(leads, object, partial, 3);
	case KIND_OTHER:
		return attrs_visit(decoder, object, visit_entry, leads);
	default:
		return 0;
	}
}

static int look_at(struct leads *leads, uint64_t object, struct led_list **ret)
{
	struct decoder *decoder = leads->waiting->decoder;
	size_t step = leads->step;
	enum kind kind;
	*ret = addrmap_get(&leads->objects[step], object);
	if (*ret)
		return 0;
	int status = work_step(&decoder->reader.work);
	if (!status)
		status = object_kind(decoder, object, &kind);
	if (status)
		return error_is_fatal(status) ? status : 0;
	leads->is_cut |= leads->count == OBJECTS_MAX;
	if (leads->count == OBJECTS_MAX)
		return 0;
	leads->count++;
	status = decoder_alloc(decoder, sizeof(**ret), (void **)ret);
	if (!status && !addrmap_put(&leads->objects[step], object, *ret))
		status = waiting_no_memory(leads->waiting);
	if (status)
		return status;
	leads->into[step] = *ret;
	leads->items[step] = 0;
	status = look_into(leads, object, kind);
	return error_is_fatal(status) ? status : 0;
}

int leads_find(struct leads *leads, uint64_t object, const struct led **ret)
{
	struct led_list *list;
	*ret = NULL;
	leads->step = 0;
	int status = look_at(leads, object, &list);
	if (status || !list)
		return status;
	void *wanted = addrmap_get(&leads->wanted, object);
	if (wanted)
		status = add(leads, list, wanted);
	*ret = list->first;
	return status;
}

void leads_deinit(struct leads *leads)
{
	addrmap_deinit(&leads->wanted);
	for (size_t i = 0; i < LEADS_STEPS; i++)
		addrmap_deinit(&leads->objects[i]);
}
