/* SPDX-License-Identifier: MIT */
/* Writing JSON. See base/json.h. */
#include "base/json.h"

#include "base/text.h"

#include <stdio.h>

static void begin_value(struct json_gen *gen)
{
	if (gen->has_value)
		output_bytes(gen->out, ",", 1);
	gen->has_value = true;
}

static void open(struct json_gen *gen, const char *bracket)
{
	begin_value(gen);
	output_bytes(gen->out, bracket, 1);
	gen->has_value = false;
}

static void close(struct json_gen *gen, const char *bracket)
{
	output_bytes(gen->out, bracket, 1);
	gen->has_value = true;
}

void json_open_map(struct json_gen *gen)
{
	open(gen, "{");
}

void json_close_map(struct json_gen *gen)
{
	close(gen, "}");
}

void json_open_array(struct json_gen *gen)
{
	open(gen, "[");
}

void json_close_array(struct json_gen *gen)
{
	close(gen, "]");
}

void json_ready(struct json_gen *gen, const char *text, size_t len)
{
	begin_value(gen);
	output_bytes(gen->out, text, len);
}

void json_between(struct json_gen *gen, const char *text)
{
	output_text(gen->out, text);
	gen->has_value = false;
}

void json_null(struct json_gen *gen)
{
	json_ready(gen, "null", 4);
}

void json_bool(struct json_gen *gen, bool value)
{
	json_ready(gen, value ? "true" : "false", value ? 4 : 5);
}

void json_integer(struct json_gen *gen, int64_t number)
{
	char text[TEXT_NUMBER_MAX + 1] = "-";
	size_t sign = number < 0;
	uint64_t magnitude = number < 0 ? -(uint64_t)number : (uint64_t)number;
	json_ready(gen, text, sign + text_decimal(magnitude, text + sign));
}

/* Digits of a double that are written, and bits behind the point that one from 1 on can have. */
#define DOUBLE_DIGITS 20
#define FRACTION_BITS 52

/*
 * What "%.20g" writes of a number from 1 to 2^52, as times are, in a tenth of the time: the integer,
 * and what is behind the point as so many decimal digits as are left, rounded to even.
 */
static size_t write_double(double number, char *out)
{
	uint64_t integer = (uint64_t)number, power = 1;
	uint64_t fraction = (uint64_t)((number - (double)integer) *
				       (double)(1ull << FRACTION_BITS));
	size_t len = text_decimal(integer, out), digits = DOUBLE_DIGITS - len;
	for (size_t i = 0; i < digits; i++)
		power *= 10;
	unsigned __int128 product = (unsigned __int128)fraction * power;
	uint64_t decimal = (uint64_t)(product >> FRACTION_BITS);
	uint64_t rest = (uint64_t)product & ((1ull << FRACTION_BITS) - 1);
	uint64_t half = 1ull << (FRACTION_BITS - 1);
	decimal += rest > half || (rest == half && decimal & 1);
	if (!decimal)
		return len;
	for (; decimal % 10 == 0; decimal /= 10)
		digits--;
	out[len] = '.';
	for (size_t i = digits; i > 0; i--, decimal /= 10)
		out[len + i] = (char)('0' + decimal % 10);
	out[len + digits + 1] = '\0';
	return len + digits + 1;
}

void json_double(struct json_gen *gen, double number)
{
	char text[64] = "-";
	double magnitude = number < 0 ? -number : number;
	size_t len = number < 0;
	if (magnitude >= 1 && magnitude < (double)(1ull << FRACTION_BITS))
		len += write_double(magnitude, text + len);
	else
		len = (size_t)snprintf(text, sizeof(text), "%.*g", DOUBLE_DIGITS, number);
	/* A reader is to take it for what it is. */
	if (strspn(text, "-0123456789") == len) {
		memcpy(text + len, ".0", 3);
		len += 2;
	}
	json_ready(gen, text, len);
}

/* What ASCII has its own escapes for. */
static const char short_escapes[][2] = {
	{'"', '"'}, {'\\', '\\'}, {'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}, {'\b', 'b'}, {'\f', 'f'},
};

static void put_escaped(struct output *out, uint32_t c)
{
	for (size_t i = 0; i < sizeof(short_escapes) / sizeof(short_escapes[0]); i++) {
		const char escape[] = {'\\', short_escapes[i][1]};
		if (c == (unsigned char)short_escapes[i][0]) {
			output_bytes(out, escape, sizeof(escape));
			return;
		}
	}
	if (c >= 0x10000)
		output_format(out, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 | (c & 0x3ff));
	else
		output_format(out, c < 0x20 ? "\\u%04X" : "\\u%04x", c);
}

/* One character that is not plain. Returns the bytes that it takes in text. */
static size_t put_character(struct output *out, const char *text, size_t len)
{
	size_t used;
	int32_t c = text_decode(text, len, &used);
	if (c >= 0x80 && !text_is_unsafe((uint32_t)c) && out->sink->unicode)
		output_bytes(out, text, used);
	else
		put_escaped(out, c < 0 ? 0xfffd : (uint32_t)c);
	return used;
}

static void put_text(struct output *out, const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		size_t plain = text_plain_run(text + at, len - at, '"');
		output_bytes(out, text + at, plain);
		at += plain;
		if (at < len)
			at += put_character(out, text + at, len - at);
	}
}

void json_string(struct json_gen *gen, const char *text, size_t len)
{
	begin_value(gen);
	output_bytes(gen->out, "\"", 1);
	put_text(gen->out, text, len);
	output_bytes(gen->out, "\"", 1);
}

void json_open_string(struct json_gen *gen)
{
	open(gen, "\"");
}

void json_put_part(struct json_gen *gen, const char *text, size_t len)
{
	put_text(gen->out, text, len);
}

void json_close_string(struct json_gen *gen)
{
	close(gen, "\"");
}

void json_text_key(struct json_gen *gen, const char *key)
{
	json_string(gen, key, strlen(key));
	json_between(gen, ":");
}

/* Comma, quotes and colon. */
#define AROUND_KEY 4

void json_key(struct json_gen *gen, const char *key, size_t len)
{
	struct output *out = gen->out;
	if (len + AROUND_KEY > sizeof(out->buffer) - out->used) {
		json_text_key(gen, key);
		return;
	}
	char *at = out->buffer + out->used;
	*at = ',';
	at += gen->has_value;
	*at++ = '"';
	memcpy(at, key, len);
	at[len] = '"';
	at[len + 1] = ':';
	out->used = (size_t)(at + len + 2 - out->buffer);
	gen->has_value = false;
}
