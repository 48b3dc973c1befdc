/* SPDX-License-Identifier: MIT */
/* Instance attributes. See cpython/attr.h. */
#include "cpython/attr.h"

#include "base/array.h"
#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/dict.h"
#include "cpython/object.h"
#include "cpython/str.h"

#include <string.h>

struct attr_visitor {
	struct attr *attrs;
	size_t count;
};

static int visit_attr(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct attr_visitor *visitor = arg;
	for (size_t i = 0; i < visitor->count; i++) {
		bool equal;
		int code = str_equals(decoder, key, visitor->attrs[i].name, &equal);
		if (code)
			return code;
		/* What is nearer to the object is met first. */
		if (equal && !visitor->attrs[i].value)
			visitor->attrs[i].value = value;
		if (equal)
			return 0;
	}
	return 0;
}

/* Where an instance keeps its attributes: in a dict, or in values for the class's keys. */
struct place {
	uint64_t dict, values;
};

/* The words in front of an object: each version uses them in another way. */
static int find_managed(struct decoder *decoder, uint64_t addr, const struct type *type,
			struct place *ret)
{
	const struct layout *l = decoder->layout;
	struct reader *reader = &decoder->reader;
	uint8_t valid = 0;
	int code = reader_word(reader, addr + (uint64_t)(int64_t)l->fact.managed_dict, &ret->dict);
	if (code)
		return code;
	if (l->fact.managed_values != LAYOUT_NONE)
		return reader_word(reader, addr + (uint64_t)(int64_t)l->fact.managed_values,
				   &ret->values);
	if (l->fact.managed_tagged == 1 && ret->dict & 1) {
		ret->values = ret->dict + 1;
		ret->dict = 0;
	}
	if (ret->dict || l->fact.inline_values != 1 || !type_inline_values(type))
		return 0;
	uint64_t values = addr + (uint64_t)type->basicsize;
	code = reader_u8(reader, values + (uint64_t)l->values.valid, &valid);
	if (valid)
		ret->values = values;
	return code;
}

static int find_place(struct decoder *decoder, uint64_t addr, const struct type *type,
		      struct place *ret)
{
	*ret = (struct place){0};
	if (decoder->layout->fact.managed_dict != LAYOUT_NONE && type_managed_dict(type))
		return find_managed(decoder, addr, type, ret);
	if (type->dictoffset <= 0)
		return 0;
	return reader_word(&decoder->reader, addr + (uint64_t)type->dictoffset, &ret->dict);
}

/* Visit what the instance keeps under names: its __dict__, or the values that stand in for it. */
static int visit_instance(struct decoder *decoder, uint64_t addr, const struct type *type,
			  dict_visit_fn *visit, void *arg)
{
	struct place place;
	int code = find_place(decoder, addr, type, &place);
	if (code)
		return code;
	if (place.values && type->cached_keys)
		return dict_visit_values(decoder, type->cached_keys, place.values, visit, arg);
	return place.dict ? dict_visit(decoder, place.dict, visit, arg) : 0;
}

/* Types of a PyMemberDef that are an object: Include/structmember.h, Include/descrobject.h. */
#define MEMBER_OBJECT 6
#define MEMBER_OBJECT_EX 16

/* A slot of a class: the name of its descriptor, and where instances have the value. */
struct slot {
	uint64_t key, offset;
	/* The name's text. */
	const char *name;
	size_t len;
};

ARRAY(slot_list, struct slot);

/* Those of a type and its bases, in the order in which they are visited. */
struct type_slots {
	size_t count;
	const struct slot *items;
};

/* What a slot descriptor in the namespace of a class of the type describes; ret->key is 0 if it is
 * something else. */
static int read_descriptor(struct decoder *decoder, const struct type *type, uint64_t key,
			   uint64_t value, struct slot *ret)
{
	const struct layout *l = decoder->layout;
	struct reader *reader = &decoder->reader;
	uint64_t def;
	struct window w;
	enum kind kind;
	ret->key = 0;
	int code = object_kind(decoder, value, &kind);
	if (code || kind != KIND_MEMBER)
		return code;
	code = reader_word(reader, value + (uint64_t)l->slot.member, &def);
	if (!code)
		code = window_read(reader, def, (size_t)l->member.offset + reader->word_size, &w);
	if (code)
		return code;
	int64_t member = window_int(&w, (size_t)l->member.type, 4);
	if (member != MEMBER_OBJECT && member != MEMBER_OBJECT_EX)
		return 0;
	*ret = (struct slot){.key = key, .offset = window_word(&w, (size_t)l->member.offset)};
	if (ret->offset >= (uint64_t)type->basicsize)
		return reader_corrupt(reader, value, "slot outside the object");
	return 0;
}

/* Visit the namespaces of the type and its bases. Types that are not made by a class statement have
 * no slots. */
static int visit_namespaces(struct decoder *decoder, const struct type *type, dict_visit_fn *visit,
			    void *arg)
{
	for (int i = 0; i < LIMIT_BASES && type_on_heap(type); i++) {
		uint64_t dict;
		int code = reader_word(&decoder->reader,
				       type->addr + (uint64_t)decoder->layout->type.dict, &dict);
		if (!code && dict)
			code = dict_visit(decoder, dict, visit, arg);
		if (!code && type->base)
			code = type_get(decoder, type->base, &type);
		else if (!code)
			return 0;
		if (code)
			return code;
	}
	return 0;
}

struct slot_visitor {
	uint64_t object;
	const struct type *type;
	dict_visit_fn *visit;
	void *arg;
};

static int visit_descriptor(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	const struct slot_visitor *visitor = arg;
	struct slot slot;
	uint64_t found = 0;
	int code = read_descriptor(decoder, visitor->type, key, value, &slot);
	if (!code && slot.key)
		code = reader_word(&decoder->reader, visitor->object + slot.offset, &found);
	if (code || !found)
		return code;
	return visitor->visit(decoder, key, found, visitor->arg);
}

/* ---- slots of a type ---- */

struct slot_collector {
	const struct type *type;
	struct slot_list list;
};

static int collect_slot(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct slot_collector *collector = arg;
	struct slot slot;
	int code = read_descriptor(decoder, collector->type, key, value, &slot);
	if (!code && slot.key)
		code = str_read(decoder, slot.key, &slot.name);
	if (code || !slot.key)
		return code;
	slot.len = strlen(slot.name);
	return array_push(&collector->list, slot) ? 0 : decoder_no_memory(decoder);
}

static int keep_slots(struct decoder *decoder, const struct type *type,
		      const struct slot_list *list)
{
	struct type_slots *slots;
	struct type *known = htab_find(decoder->types, &type->addr);
	int code = decoder_alloc(decoder, sizeof(*slots), (void **)&slots);
	if (code || !known)
		return code;
	slots->count = list->count;
	slots->items = arena_copy(decoder->arena, list->items, list->count * sizeof(*list->items));
	if (!slots->items)
		return decoder_no_memory(decoder);
	known->slots = slots;
	return 0;
}

/* Find the slots of a type once. Where something of its classes cannot be read, nothing is kept, and
 * what is missing is counted by who looks at them for an object. Fails only fatally. */
static int find_slots(struct decoder *decoder, const struct type *type)
{
	struct slot_collector collector = {.type = type};
	uint64_t faults = decoder->reader.fault_count, missing = decoder->missing_count;
	int code = visit_namespaces(decoder, type, collect_slot, &collector);
	bool is_whole = decoder->reader.fault_count == faults && decoder->missing_count == missing;
	decoder->reader.fault_count = faults;
	decoder->missing_count = missing;
	if (!code && is_whole)
		code = keep_slots(decoder, type, &collector.list);
	array_deinit(&collector.list);
	return error_is_fatal(code) ? code : 0;
}

/* Objects of more slots are visited in the other way. */
#define SLOTS_AT_ONCE 32

static bool read_slots(struct decoder *decoder, uint64_t addr, const struct type_slots *slots,
		       uint64_t *values)
{
	if (slots->count > SLOTS_AT_ONCE)
		return false;
	for (size_t i = 0; i < slots->count; i++) {
		if (reader_word(&decoder->reader, addr + slots->items[i].offset, &values[i]))
			return false;
	}
	return true;
}

/* Visit the slots of an object, those of its own class first. Where not all can be read, what can
 * be is. */
static int visit_slots(struct decoder *decoder, uint64_t addr, const struct type *type,
		       dict_visit_fn *visit, void *arg)
{
	struct slot_visitor visitor = {addr, type, visit, arg};
	uint64_t values[SLOTS_AT_ONCE];
	if (!type_on_heap(type))
		return 0;
	int code = type->slots ? 0 : find_slots(decoder, type);
	const struct type_slots *slots = type->slots;
	if (code)
		return code;
	if (!slots || !read_slots(decoder, addr, slots, values))
		return visit_namespaces(decoder, type, visit_descriptor, &visitor);
	for (size_t i = 0; !code && i < slots->count; i++) {
		if (values[i])
			code = visit(decoder, slots->items[i].key, values[i], arg);
	}
	return code;
}

/* The value of the first slot of that name that has one. Returns false if one cannot be read. */
static bool read_slot(struct decoder *decoder, uint64_t addr, const struct type_slots *slots,
		      struct attr *attr)
{
	size_t len = strlen(attr->name);
	for (size_t i = 0; i < slots->count && !attr->value; i++) {
		const struct slot *slot = &slots->items[i];
		if (slot->len == len && !memcmp(slot->name, attr->name, len) &&
		    reader_word(&decoder->reader, addr + slot->offset, &attr->value))
			return false;
	}
	return true;
}

/* Those that are not known yet, in slots. */
static int find_in_slots(struct decoder *decoder, uint64_t addr, const struct type *type,
			 struct attr_visitor *visitor)
{
	if (!type_on_heap(type))
		return 0;
	int code = type->slots ? 0 : find_slots(decoder, type);
	bool known = !code && type->slots;
	for (size_t i = 0; known && i < visitor->count; i++)
		known = read_slot(decoder, addr, type->slots, &visitor->attrs[i]);
	return code || known ? code : visit_slots(decoder, addr, type, visit_attr, visitor);
}

static void clear(struct attr *attrs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		attrs[i].value = 0;
}

int attrs_get(struct decoder *decoder, uint64_t addr, struct attr *attrs, size_t count)
{
	struct attr_visitor visitor = {attrs, count};
	const struct type *type;
	clear(attrs, count);
	int code = object_type(decoder, addr, &type);
	return code ? code : visit_instance(decoder, addr, type, visit_attr, &visitor);
}

int slots_get(struct decoder *decoder, uint64_t addr, struct attr *attrs, size_t count)
{
	struct attr_visitor visitor = {attrs, count};
	const struct type *type;
	clear(attrs, count);
	int code = object_type(decoder, addr, &type);
	return code ? code : find_in_slots(decoder, addr, type, &visitor);
}

int attrs_find(struct decoder *decoder, uint64_t addr, struct attr *attrs, size_t count)
{
	struct attr_visitor visitor = {attrs, count};
	const struct type *type;
	bool complete = true;
	clear(attrs, count);
	int code = object_type(decoder, addr, &type);
	if (!code)
		code = visit_instance(decoder, addr, type, visit_attr, &visitor);
	for (size_t i = 0; i < count; i++)
		complete = complete && attrs[i].value;
	if (code || complete)
		return code;
	return find_in_slots(decoder, addr, type, &visitor);
}

int attr_find(struct decoder *decoder, uint64_t addr, const char *name, uint64_t *ret)
{
	struct attr attr = {.name = name};
	int code = attrs_find(decoder, addr, &attr, 1);
	*ret = attr.value;
	return code;
}

int attrs_visit(struct decoder *decoder, uint64_t addr, dict_visit_fn *visit, void *arg)
{
	const struct type *type;
	int code = object_type(decoder, addr, &type);
	if (!code)
		code = visit_instance(decoder, addr, type, visit, arg);
	return code ? code : visit_slots(decoder, addr, type, visit, arg);
}

int attrs_visit_owned(struct decoder *decoder, uint64_t addr, uint64_t *dict, dict_visit_fn *visit,
		      void *arg)
{
	const struct type *type;
	struct place place = {0};
	int code = object_type(decoder, addr, &type);
	if (!code)
		code = find_place(decoder, addr, type, &place);
	*dict = place.values ? 0 : place.dict;
	if (!code && place.values && type->cached_keys)
		code = dict_visit_values(decoder, type->cached_keys, place.values, visit, arg);
	return code ? code : visit_slots(decoder, addr, type, visit, arg);
}

int class_attr_find(struct decoder *decoder, uint64_t addr, const char *name, uint64_t *ret)
{
	uint64_t dict;
	*ret = 0;
	int code = object_expect(decoder, addr, KIND_TYPE, "class");
	if (!code)
		code = reader_word(&decoder->reader, addr + (uint64_t)decoder->layout->type.dict,
				   &dict);
	return code || !dict ? code : dict_get(decoder, dict, name, ret);
}

int attr_get(struct decoder *decoder, uint64_t addr, const char *name, uint64_t *ret)
{
	struct attr attr = {.name = name};
	int code = attrs_get(decoder, addr, &attr, 1);
	if (code)
		return code;
	if (!attr.value)
		return error_at(&decoder->reader.error, AIODBG_CORRUPT, addr,
				"object without attribute %s", name);
	*ret = attr.value;
	return 0;
}
