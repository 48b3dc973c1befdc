/* SPDX-License-Identifier: MIT */
/* The caller's error: code, address and one line. See error.h. */
#include "error.h"

#include "text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Names of the target may be in a message, which goes to the terminal as it is. */
static void make_safe(struct aiodbg_error *err)
{
	char safe[sizeof(err->message)];
	const char *text = err->message;
	size_t len = strlen(text), used = 0, step;
	for (size_t at = 0; at < len; at += step) {
		char shown[TEXT_ESCAPE_MAX];
		size_t width, size = text_show(text + at, len - at, true, &step, shown, &width);
		if (used + size >= sizeof(safe))
			break;
		memcpy(safe + used, shown, size);
		used += size;
	}
	memcpy(err->message, safe, used);
	err->message[used] = '\0';
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
	vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	make_safe(err);
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
	vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	make_safe(err);
	error_append(err, " at 0x%" PRIx64, address);
	return code;
}

void error_append(struct aiodbg_error *err, const char *format, ...)
{
	if (!err)
		return;
	size_t used = strlen(err->message);
	va_list args;
	va_start(args, format);
	vsnprintf(err->message + used, sizeof(err->message) - used, format, args);
	va_end(args);
	make_safe(err);
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
	va_start(args, format);
	vsnprintf(err->message, sizeof(err->message), format, args);
	va_end(args);
	size_t used = strlen(err->message);
	/* The end of a message that gets too long is cut: the address is elsewhere too. */
	size_t room = sizeof(err->message) - 1 - used;
	const char *parts[] = {": ", message};
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t len = strnlen(parts[i], room);
		memcpy(err->message + used, parts[i], len);
		used += len;
		room -= len;
	}
	err->message[used] = '\0';
	make_safe(err);
}

int error_no_memory(struct aiodbg_error *err)
{
	return error_set(err, AIODBG_NO_MEMORY, "out of memory");
}

bool error_is_fatal(int code)
{
	return code < 0 || code == AIODBG_NO_MEMORY || code == AIODBG_INTERRUPTED ||
	       code == AIODBG_NO_PROCESS || code == AIODBG_TOO_MUCH;
}
