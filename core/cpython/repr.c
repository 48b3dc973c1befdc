/* SPDX-License-Identifier: MIT */
/* Values as text. See cpython/repr.h. */
#include "cpython/repr.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "base/output.h"
#include "base/redact.h"
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

/* How much of a value is shown. */
struct repr_limits {
	size_t total, string;
	int items, depth;
	/* Nothing of a class that is derived from a built-in one. */
	bool exact;
};

static const struct repr_limits usual = {LIMIT_REPR, LIMIT_REPR_STRING, LIMIT_REPR_ITEMS,
					 LIMIT_REPR_DEPTH, false};
static const struct repr_limits brief = {LIMIT_REPR_BRIEF, LIMIT_REPR_BRIEF, LIMIT_REPR_BRIEF_ITEMS,
					 LIMIT_REPR_BRIEF_DEPTH, true};

struct repr {
	struct output *out;
	const struct repr_limits *limits;
	/* Containers around. */
	int depth;
	/* Items of the innermost that were written, and whether it has more than are shown. */
	int items;
	bool enough;
	/* It has two, of which the first may be the name of the second; the next one is a secret. */
	bool is_pair, hides_next;
};

static int write_value(struct decoder *decoder, uint64_t addr, struct repr *repr);

/* An item, after a comma if it is not the first. */
static int begin_item(struct repr *repr)
{
	if (repr->items)
		output_text(repr->out, ", ");
	if (repr->items++ < repr->limits->items && repr->out->used < repr->limits->total)
		return 0;
	output_text(repr->out, "...");
	repr->enough = true;
	/* Ends the walk. */
	return AIODBG_LIMIT;
}

/* The text of a str or bytes that is a name, as far as names go; *len is 0 if it is none. */
static int read_name(struct decoder *decoder, uint64_t addr, const char **ret, size_t *len)
{
	const struct type *type;
	const uint8_t *data;
	*len = 0;
	int code = object_type(decoder, addr, &type);
	if (!code && type->kind == KIND_STR) {
		code = str_read(decoder, addr, ret);
		*len = code ? 0 : strlen(*ret);
	} else if (!code && type->kind == KIND_BYTES) {
		code = bytes_read(decoder, addr, LIMIT_REPR_STRING, &data, len);
		*ret = (const char *)data;
		*len = code ? 0 : *len;
	}
	return error_is_fatal(code) ? code : 0;
}

static int write_hidden(struct repr *repr)
{
	output_text(repr->out, REDACT_HIDDEN);
	repr->hides_next = false;
	return 0;
}

/* "--password" is followed by one, and ("authorization", "...") has one. */
static int note_name(struct decoder *decoder, uint64_t item, struct repr *repr)
{
	const char *name = NULL;
	size_t len = 0;
	if (decoder->shows_secrets)
		return 0;
	int code = read_name(decoder, item, &name, &len);
	bool counts = len && (name[0] == '-' || (repr->is_pair && repr->items == 1));
	repr->hides_next = counts && redact_announces(name, len);
	return code;
}

static int visit_item(struct decoder *decoder, uint64_t item, void *arg)
{
	struct repr *repr = arg;
	int code = begin_item(repr);
	if (!code && repr->hides_next)
		return write_hidden(repr);
	if (!code)
		code = write_value(decoder, item, repr);
	return code ? code : note_name(decoder, item, repr);
}

static int visit_entry(struct decoder *decoder, uint64_t key, uint64_t value, void *arg)
{
	struct repr *repr = arg;
	const char *name = NULL;
	size_t len = 0;
	int code = begin_item(repr);
	if (!code)
		code = write_value(decoder, key, repr);
	if (code)
		return code;
	output_text(repr->out, ": ");
	if (!decoder->shows_secrets)
		code = read_name(decoder, key, &name, &len);
	if (!code && len && redact_is_secret(name, len))
		return write_hidden(repr);
	return code ? code : write_value(decoder, value, repr);
}

/* What is inside, and a comma behind the only item of a tuple. */
static int write_items(struct decoder *decoder, uint64_t addr, enum kind kind, struct repr *repr)
{
	struct repr inner = {.out = repr->out, .limits = repr->limits, .depth = repr->depth + 1};
	uint64_t count = 0;
	if (inner.depth > repr->limits->depth) {
		output_text(repr->out, "...");
		return 0;
	}
	int code = container_length(decoder, addr, &count);
	inner.is_pair = count == 2;
	if (code)
		return code;
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
	struct repr inner = {.out = repr->out, .limits = repr->limits, .depth = repr->depth + 1};
	uint64_t count = 0;
	if (!code && args)
		code = container_length(decoder, args, &count);
	inner.is_pair = count == 2;
	if (!code && args && inner.depth <= repr->limits->depth)
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
	char filtered[2 * LIMIT_REDACTED + 1];
	const char *text;
	int code = str_read(decoder, addr, &text);
	if (code)
		return code;
	if (!decoder->shows_secrets) {
		size_t len = strnlen(text, LIMIT_REDACTED);
		filtered[redact_text(text, len, filtered, sizeof(filtered) - 1)] = '\0';
		text = filtered;
	}
	output_repr(repr->out, text, repr->limits->string);
	return 0;
}

static int write_bytes(struct decoder *decoder, uint64_t addr, struct repr *repr)
{
	char filtered[4 * LIMIT_REPR_STRING];
	const uint8_t *data;
	size_t len;
	uint64_t length;
	int code = reader_word(&decoder->reader, addr + (uint64_t)decoder->layout->bytes.length,
			       &length);
	if (code)
		return code;
	if (length > repr->limits->string) {
		output_format(repr->out, "<%" PRIu64 " bytes>", length);
		return 0;
	}
	code = bytes_read(decoder, addr, LIMIT_REPR_STRING, &data, &len);
	if (code)
		return code;
	if (!decoder->shows_secrets) {
		len = redact_text((const char *)data, len, filtered, sizeof(filtered));
		data = (const uint8_t *)filtered;
	}
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

/* Static types may be derived from others as well: defaultdict; bool is a built-in all the same. */
static int is_exact(struct decoder *decoder, const struct type *type, bool *ret)
{
	const struct type *base;
	*ret = type->kind == KIND_DEQUE && type->full_name &&
	       !strcmp(type->full_name, "collections.deque");
	if (*ret || type_on_heap(type))
		return 0;
	*ret = type->kind == KIND_EXCEPTION || (type->name && !strcmp(type->name, "bool"));
	if (*ret || !type->base) {
		*ret = true;
		return 0;
	}
	int code = type_get(decoder, type->base, &base);
	*ret = !code && base->kind != type->kind;
	return error_is_fatal(code) ? code : 0;
}

static void write_object(uint64_t addr, const struct type *type, struct repr *repr)
{
	output_text(repr->out, "<");
	output_safe(repr->out, type->name ? type->name : "object", LIMIT_C_STRING);
	output_format(repr->out, " at 0x%" PRIx64 ">", addr);
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
		write_object(addr, type, repr);
		return 0;
	}
}

static int write_value(struct decoder *decoder, uint64_t addr, struct repr *repr)
{
	const struct type *type;
	bool exact = true;
	int code = object_type(decoder, addr, &type);
	if (!code && repr->limits->exact)
		code = is_exact(decoder, type, &exact);
	if (!code && !exact)
		write_object(addr, type, repr);
	else if (!code)
		code = write_known(decoder, addr, type, repr);
	if (!code || error_is_fatal(code))
		return code;
	output_format(repr->out, "<unreadable at 0x%" PRIx64 ">", addr);
	return 0;
}

/* At most so many characters, of UTF-8. */
static size_t cut(struct output *out, size_t max)
{
	size_t width = 0, end = 0;
	for (size_t i = 0; i < out->used; i++) {
		bool begins = ((unsigned char)out->buffer[i] & 0xc0) != 0x80;
		if (begins && width + 3 == max)
			end = i;
		width += begins;
	}
	if (width <= max)
		return out->used;
	memcpy(out->buffer + end, "...", 3);
	return end + 3;
}

static int read_value(struct decoder *decoder, const char *name, uint64_t addr,
		      const struct repr_limits *limits, const char **ret)
{
	/* Never flushed: the text stays below the size of the buffer. */
	const struct aiodbg_sink nowhere = {.size = sizeof(nowhere), .unicode = 1};
	struct output *out = malloc(sizeof(*out));
	if (!out)
		return decoder_no_memory(decoder);
	output_init(out, &nowhere);
	struct repr repr = {.out = out, .limits = limits};
	bool hidden = name && !decoder->shows_secrets && redact_is_secret(name, strlen(name));
	int code = hidden ? write_hidden(&repr) : write_value(decoder, addr, &repr);
	if (!code) {
		size_t used = limits->exact ? cut(out, limits->total) : out->used;
		*ret = arena_string(decoder->arena, out->buffer, used);
		code = *ret ? 0 : decoder_no_memory(decoder);
	}
	free(out);
	return code;
}

int repr_read(struct decoder *decoder, const char *name, uint64_t addr, const char **ret)
{
	return read_value(decoder, name, addr, &usual, ret);
}

int repr_read_brief(struct decoder *decoder, const char *name, uint64_t addr, const char **ret)
{
	struct repr_limits limits = brief;
	if (decoder->value_length)
		limits.total = limits.string = decoder->value_length;
	return read_value(decoder, name, addr, &limits, ret);
}
