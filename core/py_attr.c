/* SPDX-License-Identifier: MIT */
/* Instance attributes. See py_attr.h. */
#include "py_attr.h"

#include "error.h"
#include "py_dict.h"
#include "py_object.h"
#include "py_str.h"

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

/* The address of the instance's __dict__; 0 if it has none (yet). */
static int find_dict(struct decoder *decoder, uint64_t addr, const struct type *type, uint64_t *ret)
{
	int64_t offset = type->dictoffset;
	*ret = 0;
	if (type_managed_dict(type))
		offset = decoder->layout->fact.managed_dict;
	else if (offset <= 0)
		return 0;
	return reader_word(&decoder->reader, addr + (uint64_t)offset, ret);
}

int attrs_get(struct decoder *decoder, uint64_t addr, struct attr *attrs, size_t count)
{
	const struct layout *l = decoder->layout;
	struct attr_visitor visitor = {attrs, count};
	const struct type *type;
	uint64_t dict;
	uint8_t valid;
	for (size_t i = 0; i < count; i++)
		attrs[i].value = 0;
	int code = object_type(decoder, addr, &type);
	if (!code)
		code = find_dict(decoder, addr, type, &dict);
	if (code)
		return code;
	if (dict)
		return dict_visit(decoder, dict, visit_attr, &visitor);
	if (!type_managed_dict(type) || !type_inline_values(type) || !type->cached_keys)
		return 0;
	uint64_t values = addr + (uint64_t)type->basicsize;
	code = reader_u8(&decoder->reader, values + (uint64_t)l->values.valid, &valid);
	if (code || !valid)
		return code;
	return dict_visit_values(decoder, type->cached_keys, values, visit_attr, &visitor);
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
