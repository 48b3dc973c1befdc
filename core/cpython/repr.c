/* SPDX-License-Identifier: MIT */
/* Values as text. See cpython/repr.h. */
#include "cpython/repr.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "base/output.h"
#include "base/text.h"
#include "cpython/bytes.h"
#include "cpython/dict.h"
#include "cpython/int.h"
#include "cpython/object.h"
#include "cpython/sequence.h"
#include "cpython/set.h"
#include "cpython/str.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct repr {
	struct output *out;
	/* Containers around. */
	int depth;
	/* Items of the innermost that were written, and whether it has more than are shown. */
	int items;
	bool enough;
};

static int write_value(struct decoder *decoder, uint64_t addr, struct repr *repr);

/* An item, after a comma if it is not the first. */
static int begin_item(struct repr *repr)
{
	if (repr->items)
		output_text(repr->out, ", ");
	if (repr->items++ < LIMIT_REPR_ITEMS && repr->out->used < LIMIT_REPR)
		return 0;
	output_text(repr->out, "...");
	repr->enough = true;
	/* Ends the walk. */
	return AIODBG_LIMIT;
}

static int visit_item(struct decoder *decoder, uint64_t item, void *arg)
{
	struct repr *repr = arg;
	int code = begin_item(repr);
	return code ? code : write_value(decoder, item, repr);
}

static int visit_entry(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct repr *repr = arg;
	int code = visit_item(decoder, key, arg);
	if (code)
		return code;
	output_text(repr->out, ": ");
	return write_value(decoder, value, repr);
}

/* What is inside, and a comma behind the only item of a tuple. */
static int write_items(struct decoder *decoder, uint64_t addr, enum kind kind, struct repr *repr)
{
	struct repr inner = {.out = repr->out, .depth = repr->depth + 1};
	int code;
	if (inner.depth > LIMIT_REPR_DEPTH) {
		output_text(repr->out, "...");
		return 0;
	}
	if (kind == KIND_DICT)
		code = dict_visit(decoder, addr, visit_entry, &inner);
	else if (kind == KIND_SET)
		code = set_visit(decoder, addr, visit_item, &inner);
	else
		code = sequence_visit(decoder, addr, visit_item, &inner);
	if (kind == KIND_TUPLE && inner.items == 1)
		output_text(repr->out, ",");
	return inner.enough ? 0 : code;
}

static int write_container(struct decoder *decoder, uint64_t addr, const struct type *type,
			   struct repr *repr)
{
	static const char *const brackets[][2] = {
		[KIND_TUPLE] = {"(", ")"},	  [KIND_LIST] = {"[", "]"},
		[KIND_DICT] = {"{", "}"},	  [KIND_SET] = {"{", "}"},
		[KIND_DEQUE] = {"deque([", "])"},
	};
	output_text(repr->out, brackets[type->kind][0]);
	int code = write_items(decoder, addr, type->kind, repr);
	output_text(repr->out, brackets[type->kind][1]);
	return code;
}

static int write_exception(struct decoder *decoder, uint64_t addr, const struct type *type,
			   struct repr *repr)
{
	uint64_t args;
	output_safe(repr->out, type->name ? type->name : "exception", LIMIT_C_STRING);
	output_text(repr->out, "(");
	int code = reader_word(&decoder->reader, addr + (uint64_t)decoder->layout->exception.args,
			       &args);
	struct repr inner = {.out = repr->out, .depth = repr->depth + 1};
	if (!code && args && inner.depth <= LIMIT_REPR_DEPTH)
		code = sequence_visit(decoder, args, visit_item, &inner);
	output_text(repr->out, ")");
	return inner.enough ? 0 : code;
}

static int write_int(struct decoder *decoder, uint64_t addr, const struct type *type,
		     struct repr *repr)
{
	int64_t value;
	int code = int_read(decoder, addr, &value);
	if (code == AIODBG_LIMIT) {
		output_text(repr->out, "<int of more than 60 bits>");
		return 0;
	}
	if (code)
		return code;
	if (type->name && !strcmp(type->name, "bool"))
		output_text(repr->out, value ? "True" : "False");
	else
		output_format(repr->out, "%" PRId64, value);
	return 0;
}

/* The fewest digits that say which number it is, without an exponent from 1e-4 to 1e16. */
static int write_float(struct decoder *decoder, uint64_t addr, struct repr *repr)
{
	uint8_t bytes[8];
	char text[40];
	double value;
	int code = reader_read(&decoder->reader, addr + (uint64_t)decoder->layout->pyfloat.value,
			       bytes, sizeof(bytes));
	if (code)
		return code;
	uint64_t bits = reader_decode_uint(&decoder->reader, bytes, sizeof(bytes));
	memcpy(&value, &bits, sizeof(value));
	int digits = 0;
	do
		snprintf(text, sizeof(text), "%.*e", digits++, value);
	while (digits < 17 && strtod(text, NULL) != value);
	const char *exponent_text = strchr(text, 'e');
	/* inf and nan have none. */
	long exponent = exponent_text ? strtol(exponent_text + 1, NULL, 10) : 99;
	if (exponent >= -4 && exponent < 16) {
		long decimals = digits - 1 - exponent;
		snprintf(text, sizeof(text), "%.*f", (int)(decimals > 1 ? decimals : 1), value);
	}
	output_text(repr->out, text);
	return 0;
}

static int write_str(struct decoder *decoder, uint64_t addr, struct repr *repr)
{
	const char *text;
	int code = str_read(decoder, addr, &text);
	if (!code)
		output_repr(repr->out, text, LIMIT_REPR_STRING);
	return code;
}

static int write_bytes(struct decoder *decoder, uint64_t addr, struct repr *repr)
{
	const uint8_t *data;
	size_t len;
	uint64_t length;
	int code = reader_word(&decoder->reader, addr + (uint64_t)decoder->layout->bytes.length,
			       &length);
	if (code)
		return code;
	if (length > LIMIT_REPR_STRING) {
		output_format(repr->out, "<%" PRIu64 " bytes>", length);
		return 0;
	}
	code = bytes_read(decoder, addr, LIMIT_REPR_STRING, &data, &len);
	if (code)
		return code;
	bool single = !memchr(data, '\'', len) || memchr(data, '"', len);
	char quote = single ? '\'' : '"';
	output_format(repr->out, "b%c", quote);
	for (size_t i = 0; i < len; i++) {
		char escaped[TEXT_ESCAPE_MAX];
		bool plain = data[i] >= 0x20 && data[i] < 0x7f;
		if (data[i] == (uint8_t)quote || data[i] == '\\')
			output_format(repr->out, "\\%c", data[i]);
		else if (plain)
			output_format(repr->out, "%c", data[i]);
		else
			output_bytes(repr->out, escaped, text_escape(data[i], escaped));
	}
	output_format(repr->out, "%c", quote);
	return 0;
}

static int write_known(struct decoder *decoder, uint64_t addr, const struct type *type,
		       struct repr *repr)
{
	switch (type->kind) {
	case KIND_NONE:
		output_text(repr->out, "None");
		return 0;
	case KIND_INT:
		return write_int(decoder, addr, type, repr);
	case KIND_FLOAT:
		return write_float(decoder, addr, repr);
	case KIND_STR:
		return write_str(decoder, addr, repr);
	case KIND_BYTES:
		return write_bytes(decoder, addr, repr);
	case KIND_TUPLE:
	case KIND_LIST:
	case KIND_DICT:
	case KIND_SET:
	case KIND_DEQUE:
		return write_container(decoder, addr, type, repr);
	case KIND_EXCEPTION:
		return write_exception(decoder, addr, type, repr);
	default:
		output_text(repr->out, "<");
		output_safe(repr->out, type->name ? type->name : "object", LIMIT_C_STRING);
		output_format(repr->out, " at 0x%" PRIx64 ">", addr);
		return 0;
	}
}

static int write_value(struct decoder *decoder, uint64_t addr, struct repr *repr)
{
	const struct type *type;
	int code = object_type(decoder, addr, &type);
	if (!code)
		code = write_known(decoder, addr, type, repr);
	if (!code || error_is_fatal(code))
		return code;
	output_format(repr->out, "<unreadable at 0x%" PRIx64 ">", addr);
	return 0;
}

int repr_read(struct decoder *decoder, uint64_t addr, const char **ret)
{
	/* Never flushed: the text stays below the size of the buffer. */
	const struct aiodbg_sink nowhere = {.size = sizeof(nowhere), .unicode = 1};
	struct output *out = malloc(sizeof(*out));
	if (!out)
		return decoder_no_memory(decoder);
	output_init(out, &nowhere);
	struct repr repr = {.out = out};
	int code = write_value(decoder, addr, &repr);
	if (!code) {
		*ret = arena_string(decoder->arena, out->buffer, out->used);
		code = *ret ? 0 : decoder_no_memory(decoder);
	}
	free(out);
	return code;
}
