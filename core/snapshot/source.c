/* SPDX-License-Identifier: MIT */
/* Lines of source. See snapshot/source.h. */
#include "snapshot/source.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "cpython/code.h"

#include <string.h>

#define CHANGED "(changed since)"

/* Decorators stand before a definition, and some are long. */
#define LINES_OF_DECORATORS 40

void sources_init(struct sources *sources, struct decoder *decoder,
		  const struct aiodbg_snapshot *snap)
{
	*sources = (struct sources){.decoder = decoder, .snap = snap};
}

void sources_deinit(struct sources *sources)
{
	array_deinit(&sources->cache);
}

static int find_in_cache(struct sources *sources, const char *file, const struct code *code,
			 int64_t line, char *text, size_t size)
{
	const char *found;
	int status = 0;
	for (size_t i = 0; !status && !sources->has_cache && i < sources->snap->interps.count; i++)
		status = linecache_read(sources->decoder, &sources->snap->interps.items[i],
					&sources->cache);
	sources->has_cache = true;
	if (!status)
		status = linecache_line(sources->decoder, &sources->cache, file, code, line,
					&found);
	if (status)
		return status;
	if (!found)
		return AIODBG_NOT_FOUND;
	size_t len = strlen(found);
	len = len < size ? len : size - 1;
	memcpy(text, found, len);
	text[len] = '\0';
	return 0;
}

/* Fails with AIODBG_NOT_FOUND, AIODBG_CORRUPT if the file has changed, or fatally. */
static int find_line(struct sources *sources, const char *file, const struct code *code,
		     int64_t line, char *text, size_t size)
{
	const struct aiodbg_target *target = sources->decoder->reader.cache.target;
	int status = target->source_line
			     ? target->source_line(target->ctx, file, (uint32_t)line, text, size)
			     : AIODBG_NOT_FOUND;
	if (status < 0)
		return error_set(&sources->decoder->reader.error, status, "no source line");
	if (status == AIODBG_NOT_FOUND)
		return find_in_cache(sources, file, code, line, text, size);
	text[size - 1] = '\0';
	return status;
}

static const char *skip_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	if (strncmp(text, word, len) != 0 || !strchr(" \t\f\\", text[len]) || !text[len])
		return NULL;
	text += len;
	return text + strspn(text, " \t\f");
}

/* Whether a line begins the definition of that function or class; *is_other if that of another. */
static bool defines(const char *text, const char *name, bool *is_other)
{
	size_t len = strlen(name);
	text += strspn(text, " \t\f");
	const char *rest = skip_word(text, "async");
	text = rest ? rest : text;
	rest = skip_word(text, "def");
	if (!rest)
		rest = skip_word(text, "class");
	/* A name may stand on the next line. */
	if (!rest || *rest == '\\')
		return rest != NULL;
	bool same = !strncmp(rest, name, len) &&
		    (!rest[len] || strchr("([: \t\f\\\r\n", rest[len]));
	*is_other = !same;
	return same;
}

/* Only what a def or class statement has named can be looked for: no lambda, module or text that
 * is not ASCII, which Python writes otherwise. */
static bool can_be_checked(const struct code *code)
{
	if (!code || code->is_compiled || !code->name || code->firstlineno < 1)
		return false;
	for (const char *c = code->name; *c; c++) {
		if (*c == '<' || (unsigned char)*c >= 0x80)
			return false;
	}
	return code->name[0];
}

/* AIODBG_CORRUPT if the code's first line does not define it any more. */
static int check_definition(struct sources *sources, const char *file, const struct code *code)
{
	char text[LIMIT_SOURCE_LINE];
	bool is_other = false;
	if (!can_be_checked(code))
		return 0;
	for (int i = 0; !is_other && i < LINES_OF_DECORATORS; i++) {
		int status = find_line(sources, file, code, (int64_t)code->firstlineno + i, text,
				       sizeof(text));
		if (status)
			return status == AIODBG_NOT_FOUND ? AIODBG_CORRUPT : status;
		if (defines(text, code->name, &is_other))
			return 0;
		/* Without a decorator the first line is that of the definition. */
		if (i == 0 && text[strspn(text, " \t\f")] != '@')
			return AIODBG_CORRUPT;
	}
	return AIODBG_CORRUPT;
}

static int read_text(struct sources *sources, const char *file, const struct code *code,
		     int64_t line, const char **ret)
{
	char text[LIMIT_SOURCE_LINE];
	*ret = NULL;
	if (!file || line < 1 || line > INT32_MAX)
		return 0;
	int status = find_line(sources, file, code, line, text, sizeof(text));
	if (!status)
		status = check_definition(sources, file, code);
	if (status == AIODBG_CORRUPT)
		*ret = CHANGED;
	if (status)
		return status < 0 || error_is_fatal(status) ? status : 0;
	const char *start = text + strspn(text, " \t\f");
	size_t len = strcspn(start, "\r\n");
	*ret = arena_string(sources->decoder->arena, start, len);
	return *ret ? 0 : decoder_no_memory(sources->decoder);
}

int source_read(struct sources *sources, const char *file, const struct code *code, int64_t line,
		const char **ret)
{
	uint64_t key = (code ? code->addr / 16 : 0) + (uint64_t)line;
	struct source_known *known = &sources->known[key % SOURCES_KNOWN];
	if (code && known->code == code && known->line == line) {
		*ret = known->text;
		return 0;
	}
	int status = read_text(sources, file, code, line, ret);
	if (!status && code)
		*known = (struct source_known){code, line, *ret};
	return status;
}

int source_read_stack(struct sources *sources, const struct location *const *stack, size_t depth,
		      const char **ret)
{
	int status = 0;
	for (size_t i = 0; !status && i < depth; i++) {
		if (i && stack[i] == stack[i - 1])
			ret[i] = ret[i - 1];
		else
			status = source_of(sources, stack[i], stack[i]->position.line, &ret[i]);
	}
	return status;
}
