/* SPDX-License-Identifier: MIT */
/* Buffered writing to a sink. A failure is kept, and all that follows is dropped. */
#ifndef BASE_OUTPUT_H
#define BASE_OUTPUT_H

#include "base/work.h"

#include <string.h>

struct output {
	const struct aiodbg_sink *sink;
	size_t used;
	/* How often the buffer was handed on. */
	size_t flushes;
	/* What the sink returned, once it failed. */
	int status;
	/* The sink's. */
	bool styled;
	struct work work;
	char buffer[65536];
};

void output_init(struct output *out, const struct aiodbg_sink *sink);

/* A sink for text that is taken from the buffer, and less than that: with Unicode, without styles. */
extern const struct aiodbg_sink output_to_memory;

/* Text of our own, as it is. */
void output_bytes_slowly(struct output *out, const char *text, size_t len);
static inline void output_bytes(struct output *out, const char *text, size_t len)
{
	if (len > sizeof(out->buffer) - out->used) {
		output_bytes_slowly(out, text, len);
		return;
	}
	memcpy(out->buffer + out->used, text, len);
	out->used += len;
}
static inline void output_text(struct output *out, const char *text)
{
	output_bytes(out, text, strlen(text));
}
void output_format(struct output *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What follows has that role, up to output_plain(). */
static inline void output_role(struct output *out, enum aiodbg_role role)
{
	const char mark[] = {AIODBG_STYLE_BEGIN, (char)('A' + role)};
	if (out->styled)
		output_bytes(out, mark, sizeof(mark));
}
static inline void output_plain(struct output *out)
{
	if (out->styled)
		output_bytes(out, (const char[]){AIODBG_STYLE_END}, 1);
}

/* Text of our own with a role; and an address, "0x7f..", of something that commands take. */
void output_text_as(struct output *out, enum aiodbg_role role, const char *text);
void output_id(struct output *out, uint64_t id);

/* The same of the target's text, as output_safe(). */
size_t output_safe_as(struct output *out, enum aiodbg_role role, const char *text, size_t max);

/* A file with its line, ":" between them; a negative line is not known. Returns the characters. */
size_t output_place(struct output *out, const char *file, int64_t line);

/* The characters of a text that was written to an output. */
size_t output_width(const char *text, size_t len);

/* Write such a text again, with "..." in place of what makes it wider than it may be: so many characters at
 * its end stay, too. */
void output_shortened(struct output *out, const char *text, size_t len, size_t width, size_t tail);

/*
 * Text of the target, with everything escaped that is not to reach a terminal, or that
 * the sink cannot show. What is longer than max characters is cut, and ends in "...". A
 * NULL is shown as "?". Returns the characters written.
 */
size_t output_safe(struct output *out, const char *text, size_t max);

/* The same as Python's repr() writes a str: in quotes, which are escaped inside. */
void output_repr(struct output *out, const char *text, size_t max);

/* The characters that output_safe() would write. */
size_t output_safe_width(const struct output *out, const char *text, size_t max);

/* Count more spaces (or whatever fill is). */
void output_fill(struct output *out, char fill, size_t count);

/* Call it for each step of a loop that may write nothing for long. False if the loop is to end:
 * then status is set. */
static inline bool output_goes_on(struct output *out)
{
	int status = work_step(&out->work);
	if (status && !out->status)
		out->status = status;
	return !out->status;
}

/* Hand the rest to the sink. Returns what it returned. */
int output_flush(struct output *out);

/* The same at the end of a command: returns the status with its error. */
int output_finish(struct output *out, struct aiodbg_error *err);

#endif
