/* SPDX-License-Identifier: MIT */
/* Writing to a sink. See base/output.h. */
#include "base/output.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>

static int drop(void *ctx, const char *text, size_t len)
{
	(void)ctx, (void)text, (void)len;
	return 0;
}

const struct aiodbg_sink output_to_memory = {
	.size = sizeof(output_to_memory),
	.write = drop,
	.unicode = 1,
};

void output_init(struct output *out, const struct aiodbg_sink *sink)
{
	out->sink = sink;
	out->used = 0;
	out->flushes = 0;
	out->status = 0;
	out->styled = sink->styled;
	out->work = (struct work){.interrupted = sink->interrupted, .ctx = sink->ctx};
}

int output_flush(struct output *out)
{
	if (out->used && !out->status)
		out->status = out->sink->write(out->sink->ctx, out->buffer, out->used);
	out->used = 0;
	out->flushes++;
	return out->status;
}

int output_finish(struct output *out, struct aiodbg_error *err)
{
	if (!output_flush(out))
		return 0;
	return error_set(err, out->status,
			 out->status == AIODBG_INTERRUPTED ? "interrupted" : "output was refused");
}

/* What does not fit in. */
void output_bytes_slowly(struct output *out, const char *text, size_t len)
{
	while (len > sizeof(out->buffer) - out->used) {
		size_t room = sizeof(out->buffer) - out->used;
		memcpy(out->buffer + out->used, text, room);
		out->used += room;
		text += room;
		len -= room;
		if (output_flush(out))
			return;
	}
	memcpy(out->buffer + out->used, text, len);
	out->used += len;
}

void output_format(struct output *out, const char *format, ...)
{
	char text[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	output_text(out, text);
}

void output_fill(struct output *out, char fill, size_t count)
{
	char piece[64];
	memset(piece, fill, sizeof(piece));
	for (; count > sizeof(piece); count -= sizeof(piece))
		output_bytes(out, piece, sizeof(piece));
	output_bytes(out, piece, count);
}

/* Only measures if write_to is NULL. quote is what the text stands in, or 0. */
static size_t safe(struct output *write_to, const struct output *out, const char *text, size_t max,
		   char quote)
{
	if (!text)
		text = "?";
	size_t len = strlen(text), total = 0;
	/* Nearly all texts are plain and fit. */
	if (len <= max && text_plain_run(text, len, quote) == len) {
		if (write_to)
			output_bytes(write_to, text, len);
		return len;
	}
	while (len > 0) {
		char shown[TEXT_ESCAPE_MAX];
		const char *piece = text;
		size_t width = text_plain_run(text, len < max - total ? len : max - total, quote);
		size_t used = width, bytes = width;
		if (!width && quote && (text[0] == quote || text[0] == '\\')) {
			shown[0] = '\\';
			shown[1] = text[0];
			piece = shown;
			used = 1;
			width = bytes = 2;
		} else if (!width) {
			bytes = text_show(text, len, out->sink->unicode, &used, shown, &width);
			piece = shown;
		}
		if (total + width > max) {
			if (write_to)
				output_text(write_to, "...");
			return total + 3;
		}
		if (write_to)
			output_bytes(write_to, piece, bytes);
		total += width;
		text += used;
		len -= used;
	}
	return total;
}

size_t output_safe(struct output *out, const char *text, size_t max)
{
	return safe(out, out, text, max, 0);
}

void output_repr(struct output *out, const char *text, size_t max)
{
	bool single = !strchr(text, '\'') || strchr(text, '"');
	const char *quote = single ? "'" : "\"";
	output_text(out, quote);
	safe(out, out, text, max, quote[0]);
	output_text(out, quote);
}

void output_text_as(struct output *out, enum aiodbg_role role, const char *text)
{
	output_role(out, role);
	output_text(out, text);
	output_plain(out);
}

void output_id(struct output *out, uint64_t id)
{
	char text[TEXT_NUMBER_MAX];
	size_t len = text_hex(id, text);
	output_role(out, AIODBG_ROLE_ID);
	output_bytes(out, text, len);
	output_plain(out);
}

size_t output_safe_as(struct output *out, enum aiodbg_role role, const char *text, size_t max)
{
	output_role(out, role);
	size_t width = output_safe(out, text, max);
	output_plain(out);
	return width;
}

size_t output_place(struct output *out, const char *file, int64_t line)
{
	char number[TEXT_NUMBER_MAX];
	size_t width = output_safe_as(out, AIODBG_ROLE_FILE, file, LIMIT_FILE_SHOWN);
	if (line < 0)
		return width;
	size_t digits = text_decimal((uint64_t)line, number);
	output_text(out, ":");
	output_role(out, AIODBG_ROLE_LINE);
	output_bytes(out, number, digits);
	output_plain(out);
	return width + 1 + digits;
}

size_t output_width(const char *text, size_t len)
{
	size_t width = 0;
	for (size_t i = 0; i < len; i++) {
		if (text[i] == AIODBG_STYLE_BEGIN)
			i++;
		/* Bytes of UTF-8 that do not continue a character. */
		else if (text[i] != AIODBG_STYLE_END)
			width += ((unsigned char)text[i] & 0xc0) != 0x80;
	}
	return width;
}

void output_shortened(struct output *out, const char *text, size_t len, size_t width, size_t tail)
{
	size_t whole = output_width(text, len), room = width > 3 ? width - 3 : 0, at = 0;
	size_t head = tail < room ? room - tail : 0;
	size_t resume = whole - (room - head);
	if (whole <= width)
		head = resume = whole;
	for (size_t i = 0; i < len; i++) {
		/* Marks stay, which come in pairs. */
		if (text[i] == AIODBG_STYLE_BEGIN && i + 1 < len) {
			output_bytes(out, text + i++, 2);
			continue;
		}
		bool is_mark = text[i] == AIODBG_STYLE_END;
		bool begins = !is_mark && ((unsigned char)text[i] & 0xc0) != 0x80;
		if (begins && at == head && head < resume)
			output_text(out, "...");
		at += begins;
		if (is_mark || at <= head || at > resume)
			output_bytes(out, text + i, 1);
	}
}

size_t output_safe_width(const struct output *out, const char *text, size_t max)
{
	return safe(NULL, out, text, max, 0);
}
