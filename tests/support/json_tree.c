/* SPDX-License-Identifier: MIT */
#include "json_tree.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 100

struct parser {
	const char *at, *end;
	struct json_tree *tree;
	unsigned int depth;
};

static void skip_space(struct parser *parser)
{
	while (parser->at < parser->end && strchr(" \t\r\n", *parser->at) && *parser->at)
		parser->at++;
}

static bool take(struct parser *parser, char c)
{
	if (parser->at == parser->end || *parser->at != c)
		return false;
	parser->at++;
	return true;
}

static size_t add(struct parser *parser, enum json_kind kind)
{
	struct json_tree *tree = parser->tree;
	if (!tree)
		return 0;
	if (tree->count == tree->capacity) {
		tree->capacity = tree->capacity ? 2 * tree->capacity : 256;
		tree->values = realloc(tree->values, tree->capacity * sizeof(*tree->values));
		if (!tree->values)
			abort();
	}
	tree->values[tree->count] = (struct json_value){.kind = kind, .text = parser->at};
	return tree->count++;
}

static void finish(struct parser *parser, size_t index, size_t count)
{
	if (!parser->tree)
		return;
	struct json_value *value = &parser->tree->values[index];
	value->len = (size_t)(parser->at - value->text);
	value->count = count;
	value->span = parser->tree->count - index;
}

/* ---- strings ---- */

static int hex(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *found = c ? strchr(digits, c) : NULL;
	return found ? (int)((found - digits) % 16) : -1;
}

/* Four digits; -1 if they are not there. */
static int32_t hex_digits(const char *at, const char *end)
{
	int32_t value = 0;
	if (end - at < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		if (hex(at[i]) < 0)
			return -1;
		value = value * 16 + hex(at[i]);
	}
	return value;
}

static bool skip_escape(struct parser *parser)
{
	if (parser->at == parser->end)
		return false;
	char c = *parser->at++;
	if (c != 'u')
		return c && strchr("\"\\/bfnrt", c);
	if (hex_digits(parser->at, parser->end) < 0)
		return false;
	parser->at += 4;
	return true;
}

/* A character of more than one byte: no longer than need be, no surrogate, nothing beyond. */
static bool skip_character(struct parser *parser)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)*parser->at;
	size_t need = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc0 || first > 0xf7 || (size_t)(parser->end - parser->at) < need)
		return false;
	uint32_t c = first & (0xffu >> (need + 1));
	for (size_t i = 1; i < need; i++) {
		unsigned char next = (unsigned char)parser->at[i];
		if ((next & 0xc0) != 0x80)
			return false;
		c = c << 6 | (next & 0x3f);
	}
	if (c < lowest[need] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return false;
	parser->at += need;
	return true;
}

static bool parse_string(struct parser *parser)
{
	if (!take(parser, '"'))
		return false;
	size_t index = add(parser, JSON_STRING);
	while (parser->at < parser->end && *parser->at != '"') {
		unsigned char c = (unsigned char)*parser->at;
		if (c < 0x20)
			return false;
		if (c >= 0x80) {
			if (!skip_character(parser))
				return false;
			continue;
		}
		parser->at++;
		if (c == '\\' && !skip_escape(parser))
			return false;
	}
	finish(parser, index, 0);
	return take(parser, '"');
}

/* ---- others ---- */

static bool skip_digits(struct parser *parser)
{
	const char *start = parser->at;
	while (parser->at < parser->end && *parser->at >= '0' && *parser->at <= '9')
		parser->at++;
	return parser->at > start;
}

static bool parse_number(struct parser *parser)
{
	size_t index = add(parser, JSON_NUMBER);
	take(parser, '-');
	if (!take(parser, '0') && !skip_digits(parser))
		return false;
	if (take(parser, '.') && !skip_digits(parser))
		return false;
	if (take(parser, 'e') || take(parser, 'E')) {
		if (!take(parser, '+'))
			take(parser, '-');
		if (!skip_digits(parser))
			return false;
	}
	finish(parser, index, 0);
	return true;
}

static bool parse_word(struct parser *parser, const char *word, enum json_kind kind)
{
	size_t len = strlen(word), index = add(parser, kind);
	if ((size_t)(parser->end - parser->at) < len || memcmp(parser->at, word, len) != 0)
		return false;
	parser->at += len;
	finish(parser, index, 0);
	return true;
}

static bool parse_value(struct parser *parser);

static bool parse_many(struct parser *parser, char close, bool is_map)
{
	size_t index = add(parser, is_map ? JSON_MAP : JSON_ARRAY), count = 0;
	parser->at++;
	skip_space(parser);
	bool good = parser->depth++ < DEPTH_MAX;
	for (bool done = take(parser, close); good && !done; count++) {
		skip_space(parser);
		if (is_map) {
			good = parse_string(parser);
			skip_space(parser);
			good = good && take(parser, ':');
		}
		good = good && parse_value(parser);
		done = take(parser, close);
		good = good && (done || take(parser, ','));
	}
	parser->depth--;
	finish(parser, index, count);
	return good;
}

static bool parse_value(struct parser *parser)
{
	bool good;
	skip_space(parser);
	switch (parser->at < parser->end ? *parser->at : '\0') {
	case '{':
		good = parse_many(parser, '}', true);
		break;
	case '[':
		good = parse_many(parser, ']', false);
		break;
	case '"':
		good = parse_string(parser);
		break;
	case 't':
		good = parse_word(parser, "true", JSON_TRUE);
		break;
	case 'f':
		good = parse_word(parser, "false", JSON_FALSE);
		break;
	case 'n':
		good = parse_word(parser, "null", JSON_NULL);
		break;
	default:
		good = parse_number(parser);
	}
	skip_space(parser);
	return good;
}

bool json_tree_parse(const char *text, size_t len, struct json_tree *tree, size_t *at)
{
	struct parser parser = {.at = text, .end = text + len, .tree = tree};
	bool good = parse_value(&parser) && parser.at == parser.end;
	*at = (size_t)(parser.at - text);
	return good;
}

/* ---- looking at it ---- */

static const struct json_value *member(const struct json_value *map, const char *key, size_t len)
{
	const struct json_value *name = map + 1;
	for (size_t i = 0; i < map->count; i++) {
		const struct json_value *value = name + 1;
		if (name->len == len && !memcmp(name->text, key, len))
			return value;
		name = value + value->span;
	}
	return NULL;
}

static const struct json_value *element(const struct json_value *array, size_t index)
{
	const struct json_value *value = array + 1;
	for (size_t i = 0; i < index && i < array->count; i++)
		value += value->span;
	return index < array->count ? value : NULL;
}

const struct json_value *json_tree_at(const struct json_tree *tree, const char *path)
{
	const struct json_value *value = tree->values;
	while (value && *path) {
		size_t len = strcspn(path, ".");
		if (value->kind == JSON_ARRAY)
			value = element(value, strtoul(path, NULL, 10));
		else
			value = value->kind == JSON_MAP ? member(value, path, len) : NULL;
		path += len + (path[len] == '.');
	}
	return value;
}

static size_t put_character(uint32_t c, char *out)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)((0xf00 >> len & 0xff) | c);
	return len;
}

/* What an escape behind its backslash stands for; *at moves behind it. */
static uint32_t unescape(const char **at, const char *end)
{
	static const char letters[] = "bfnrt", meanings[] = "\b\f\n\r\t";
	char c = *(*at)++;
	const char *found = strchr(letters, c);
	if (found)
		return (unsigned char)meanings[found - letters];
	if (c != 'u')
		return (unsigned char)c;
	uint32_t value = (uint32_t)hex_digits(*at, end);
	*at += 4;
	if (value < 0xd800 || value >= 0xdc00 || end - *at < 6 || (*at)[0] != '\\')
		return value;
	int32_t low = hex_digits(*at + 2, end);
	*at += 6;
	return 0x10000 + ((value - 0xd800) << 10) + ((uint32_t)low - 0xdc00);
}

void json_tree_string(const struct json_value *value, char *ret, size_t size)
{
	const char *at = value->text, *end = at + value->len;
	size_t used = 0;
	while (at < end && used + 5 < size) {
		if (*at != '\\') {
			ret[used++] = *at++;
			continue;
		}
		at++;
		used += put_character(unescape(&at, end), ret + used);
	}
	ret[used] = '\0';
}
