/* SPDX-License-Identifier: MIT */
/* Lines of source. See snapshot/source.h. */
#include "snapshot/source.h"

#include "base/ceilings.h"
#include "base/error.h"

#include <string.h>

int source_read(struct decoder *decoder, const char *file, int64_t line, const char **ret)
{
	const struct aiodbg_target *target = decoder->reader.cache.target;
	char text[LIMIT_SOURCE_LINE];
	*ret = NULL;
	if (!target->source_line || !file || line < 1 || line > INT32_MAX)
		return 0;
	int status = target->source_line(target->ctx, file, (uint32_t)line, text, sizeof(text));
	if (status < 0)
		return error_set(&decoder->reader.error, status, "no source line");
	if (status == AIODBG_CORRUPT)
		*ret = "(changed since)";
	if (status)
		return 0;
	text[sizeof(text) - 1] = '\0';
	const char *start = text + strspn(text, " \t\f");
	size_t len = strcspn(start, "\r\n");
	*ret = arena_string(decoder->arena, start, len);
	return *ret ? 0 : decoder_no_memory(decoder);
}
