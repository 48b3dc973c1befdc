/* SPDX-License-Identifier: MIT */
/* Instance attributes. See cpython/attr.h. */
#include "cpython/attr.h"

#include "base/error.h"
#include "cpython/dict.h"
#include "cpython/object.h"
#include "cpython/str.h"

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
		if (equal) {
			visitor->attrs[i].value = value;
			return 0;
		}
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

int attrs_get(struct decoder *decoder, uint64_t addr, struct attr *attrs, size_t count)
{
	struct attr_visitor visitor = {attrs, count};
	const struct type *type;
	struct place place;
	for (size_t i = 0; i < count; i++)
		attrs[i].value = 0;
	int code = object_type(decoder, addr, &type);
	if (!code)
		code = find_place(decoder, addr, type, &place);
	if (code)
		return code;
	if (place.values && type->cached_keys)
		return dict_visit_values(decoder, type->cached_keys, place.values, visit_attr,
					 &visitor);
	return place.dict ? dict_visit(decoder, place.dict, visit_attr, &visitor) : 0;
}

int slots_get(struct decoder *decoder, uint64_t addr, struct attr *attrs, size_t count)
{
	const struct layout *l = decoder->layout;
	struct reader *reader = &decoder->reader;
	struct attr_visitor visitor = {attrs, count};
	const struct type *type;
	uint64_t dict, member, offset;
	for (size_t i = 0; i < count; i++)
		attrs[i].value = 0;
	int code = object_type(decoder, addr, &type);
	if (!code)
		code = reader_word(reader, type->addr + (uint64_t)l->type.dict, &dict);
	if (!code)
		code = dict_visit(decoder, dict, visit_attr, &visitor);
	/* What the class has under such a name is the descriptor of the slot. */
	for (size_t i = 0; !code && i < count; i++) {
		uint64_t slot = attrs[i].value;
		attrs[i].value = 0;
		if (!slot)
			continue;
		code = reader_word(reader, slot + (uint64_t)l->slot.member, &member);
		if (!code)
			code = reader_word(reader, member + (uint64_t)l->member.offset, &offset);
		if (!code && offset >= (uint64_t)type->basicsize)
			code = reader_corrupt(reader, slot, "slot outside the object");
		if (!code)
			code = reader_word(reader, addr + offset, &attrs[i].value);
	}
	return code;
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
