/* SPDX-License-Identifier: MIT */
/* The caller's error: code, address and one line. See base/error.h. */
#include "base/error.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Escapes what could harm a terminal, from a place in the message on: names of the target may be
 * in it, and it is printed as it is. */
static void make_safe(char *message, size_t from)
{
	char safe[AIODBG_MESSAGE_MAX];
	size_t len = strlen(message), at = from + text_plain_run(message + from, len - from, 0);
	size_t start = at, used = 0, step;
	for (; at < len; at += step) {
		char shown[TEXT_ESCAPE_MAX];
		size_t width, size = text_show(message + at, len - at, true, &step, shown, &width);
		if (start + used + size >= sizeof(safe))
			break;
		memcpy(safe + used, shown, size);
		used += size;
	}
	memcpy(message + start, safe, used);
	message[start + used] = '\0';
}

static void append(struct aiodbg_error *err, const char *format, va_list args)
{
	size_t used = strlen(err->message);
	vsnprintf(err->message + used, sizeof(err->message) - used, format, args);
	make_safe(err->message, used);
}

void error_clear(struct aiodbg_error *err)
{
	if (!err)
		return;
	err->code = 0;
	err->has_address = 0;
	err->address = 0;
	err->message[0] = '\0';
}

int error_set(struct aiodbg_error *err, int code, const char *format, ...)
{
	if (!err)
		return code;
	error_clear(err);
	err->code = code;
	va_list args;
	va_start(args, format);
	append(err, format, args);
	va_end(args);
	return code;
}

int error_at(struct aiodbg_error *err, int code, uint64_t address, const char *format, ...)
{
	if (!err)
		return code;
	error_clear(err);
	err->code = code;
	err->has_address = 1;
	err->address = address;
	va_list args;
	va_start(args, format);
	append(err, format, args);
	va_end(args);
	error_append(err, " at 0x%" PRIx64, address);
	return code;
}

void error_append(struct aiodbg_error *err, const char *format, ...)
{
	if (!err)
		return;
	va_list args;
	va_start(args, format);
	append(err, format, args);
	va_end(args);
}

void error_locate(struct aiodbg_error *err, uint64_t address)
{
	if (!err || err->has_address)
		return;
	err->has_address = 1;
	err->address = address;
	error_append(err, " at 0x%" PRIx64, address);
}

void error_prefix(struct aiodbg_error *err, const char *format, ...)
{
	if (!err)
		return;
	char message[sizeof(err->message)];
	va_list args;
	memcpy(message, err->message, sizeof(message));
	err->message[0] = '\0';
	va_start(args, format);
	append(err, format, args);
	va_end(args);
	/* The end of a message that gets too long is cut: the address is elsewhere too. */
	error_append(err, ": %s", message);
}

int error_no_memory(struct aiodbg_error *err)
{
	return error_set(err, AIODBG_NO_MEMORY, "out of memory");
}
