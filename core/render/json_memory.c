/* SPDX-License-Identifier: MIT */
/* See render/json_memory.h. */
#include "render/json_memory.h"

#include "base/text.h"

#include <stddef.h>
#include <string.h>

/*
 * How many bytes from text on are written as they are, nearly always all: ASCII but for DEL.
 * yajl has escaped the controls in strings, and its own newlines are ours. Eight bytes at a
 * time: adding one to each brings DEL up to the bytes above ASCII.
 */
static size_t plain_run(const char *text, size_t len)
{
	static const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
	size_t run = 0;
	for (; run + sizeof(uint64_t) <= len; run += sizeof(uint64_t)) {
		uint64_t word;
		memcpy(&word, text + run, sizeof(word));
		if ((word | (word + ones)) & tops)
			break;
	}
	while (run < len && (unsigned char)text[run] < 0x7f)
		run++;
	return run;
}

/*
 * What yajl writes is UTF-8, or as near to it as the target's names are. JSON has escapes
 * for all that is not to be written as it is; outside ASCII, that is only in strings.
 */
static void write_escaped(struct output *out, uint32_t c)
{
	if (c >= 0x10000) {
		output_format(out, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 | (c & 0x3ff));
		return;
	}
	output_format(out, "\\u%04x", c);
}

void json_write_text(struct output *out, const char *text, size_t len)
{
	size_t plain = 0;
	for (size_t i = plain_run(text, len); i < len; i += plain_run(text + i, len - i)) {
		size_t used = 1;
		int32_t c = text_decode(text + i, len - i, &used);
		bool safe = c == '\n' || (c >= 0 && !text_is_unsafe((uint32_t)c) &&
					  (c < 0x80 || out->sink->unicode));
		if (!safe) {
			output_bytes(out, text + plain, i - plain);
			write_escaped(out, c < 0 ? 0xfffd : (uint32_t)c);
			plain = i + used;
		}
		i += used;
	}
	output_bytes(out, text + plain, len - plain);
}

/*
 * yajl does not check whether it gets memory. So where there is none it does not get
 * control back; all that it has is in the arena, which is freed as a whole.
 */
#define SIZE_HEADER (sizeof(max_align_t))

static void *json_malloc(void *ctx, size_t size)
{
	struct json_memory *json = ctx;
	char *memory = arena_alloc(&json->arena, SIZE_HEADER + size);
	if (!memory)
		longjmp(json->out_of_memory, 1);
	memcpy(memory, &size, sizeof(size));
	return memory + SIZE_HEADER;
}

static void *json_realloc(void *ctx, void *memory, size_t size)
{
	size_t old = 0;
	char *moved = json_malloc(ctx, size);
	if (memory)
		memcpy(&old, (char *)memory - SIZE_HEADER, sizeof(old));
	if (memory)
		memcpy(moved, memory, old < size ? old : size);
	return moved;
}

static void json_free(void *ctx, void *memory)
{
	(void)ctx;
	(void)memory;
}

yajl_gen json_gen_create(struct json_memory *memory)
{
	yajl_alloc_funcs functions = {json_malloc, json_realloc, json_free, memory};
	return yajl_gen_alloc(&functions);
}
