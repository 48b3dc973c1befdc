/* SPDX-License-Identifier: MIT */
/* str objects to UTF-8. See cpython/str.h. */
#include "cpython/str.h"

#include "base/ceilings.h"
#include "base/error.h"
#include "base/redact.h"
#include "base/text.h"
#include "cpython/object.h"

#include <stdlib.h>
#include <string.h>

struct str {
	uint64_t length;
	/* Bytes per character: 1, 2 or 4. */
	uint32_t kind;
	bool ascii;
	uint64_t data;
};

static int str_head(struct decoder *decoder, uint64_t addr, struct str *ret)
{
	const struct layout *l = decoder->layout;
	struct window w;
	int code = object_expect(decoder, addr, KIND_STR, "name");
	if (!code)
		code = window_read(&decoder->reader, addr, (size_t)l->str.ascii_data, &w);
	if (code)
		return code;
	ret->length = window_word(&w, (size_t)l->str.length);
	ret->kind = window_bits(&w, LAYOUT_BITS_OFFSET(l->str.kind),
				LAYOUT_BITS_WIDTH(l->str.kind));
	ret->ascii = window_bits(&w, LAYOUT_BITS_OFFSET(l->str.ascii),
				 LAYOUT_BITS_WIDTH(l->str.ascii));
	bool compact = window_bits(&w, LAYOUT_BITS_OFFSET(l->str.compact),
				   LAYOUT_BITS_WIDTH(l->str.compact));
	if (ret->kind != 1 && ret->kind != 2 && ret->kind != 4)
		return reader_corrupt(&decoder->reader, addr, "str of no known kind");
	if (ret->ascii && ret->kind != 1)
		return reader_corrupt(&decoder->reader, addr, "ASCII str with wide characters");
	if (!compact)
		return reader_word(&decoder->reader, addr + (uint64_t)l->str.data, &ret->data);
	ret->data = addr + (uint64_t)(ret->ascii ? l->str.ascii_data : l->str.compact_data);
	return 0;
}

/* Appends characters as UTF-8; out has room for 4 bytes each. Returns bytes, or -1. */
static ptrdiff_t decode_characters(const struct decoder *decoder, const struct str *str,
				   const uint8_t *bytes, size_t count, char *out)
{
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t c = bytes[i];
		if (str->kind != 1)
			c = (uint32_t)reader_decode_uint(&decoder->reader, bytes + i * str->kind,
							 str->kind);
		if (c > 0x10ffff || (str->ascii && c > 0x7f))
			return -1;
		used += text_encode(c, out + used);
	}
	return (ptrdiff_t)used;
}

int str_read(struct decoder *decoder, uint64_t addr, const char **ret)
{
	struct str str;
	int code = str_head(decoder, addr, &str);
	if (code)
		return code;
	size_t count = str.length < LIMIT_STRING ? (size_t)str.length : LIMIT_STRING;
	if (decoder_charge(decoder, addr, count)) {
		/* So much that it can be told from others. */
		count = count < LIMIT_NAME_SHOWN ? count : LIMIT_NAME_SHOWN;
		decoder_go_on(decoder, AIODBG_LIMIT);
	}
	code = work_charge(&decoder->reader.work, count / 256);
	if (code)
		return code;
	uint8_t small_bytes[512];
	char small_text[4 * 512 + 4];
	bool small = count * str.kind <= sizeof(small_bytes);
	uint8_t *bytes = small ? small_bytes : malloc(count * str.kind);
	char *text = small ? small_text : malloc(count * 4 + 4);
	if (!bytes || !text)
		code = decoder_no_memory(decoder);
	if (!code)
		code = reader_read(&decoder->reader, str.data, bytes, count * str.kind);
	if (!code) {
		ptrdiff_t used = decode_characters(decoder, &str, bytes, count, text);
		if (used < 0) {
			code = reader_corrupt(&decoder->reader, addr,
					      "str with invalid characters");
		} else {
			if (count < str.length) {
				memcpy(text + used, "...", 3);
				used += 3;
			}
			*ret = arena_string(decoder->arena, text, (size_t)used);
			if (!*ret)
				code = decoder_no_memory(decoder);
		}
	}
	if (!small) {
		free(bytes);
		free(text);
	}
	return code;
}

/* Where the text of the str at addr is kept if it is short. */
static struct short_str *short_str(struct decoder *decoder, uint64_t addr)
{
	return &decoder->strs[addr * 0x9e3779b97f4a7c15ull >> (64 - DECODER_STRS_BITS)];
}

/* Keeps the text of an ASCII str if it is short and at hand. */
static void keep_short(struct decoder *decoder, uint64_t addr, const struct str *str)
{
	struct pagecache *cache = &decoder->reader.cache;
	size_t length = str->length <= DECODER_STR_MAX ? (size_t)str->length : SIZE_MAX;
	const uint8_t *bytes = length == SIZE_MAX || cache->changing
				       ? NULL
				       : pagecache_peek(cache, str->data, length);
	if (!bytes || memchr(bytes, '\0', length))
		return;
	struct short_str *kept = short_str(decoder, addr);
	kept->addr = addr;
	memcpy(kept->text, bytes, length);
	kept->text[length] = '\0';
}

static size_t find_text(const char *const *texts, size_t count, const void *bytes, size_t length)
{
	size_t i = 0;
	while (i < count && (strlen(texts[i]) != length || memcmp(bytes, texts[i], length) != 0))
		i++;
	return i;
}

static bool has_length(const char *const *texts, size_t count, size_t length)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(texts[i]) == length)
			return true;
	}
	return false;
}

int str_find(struct decoder *decoder, uint64_t addr, const char *const *texts, size_t count,
	     size_t *ret)
{
	struct str str;
	uint8_t bytes[64];
	const struct short_str *known = short_str(decoder, addr);
	*ret = count;
	if (addr && known->addr == addr) {
		*ret = find_text(texts, count, known->text, strlen(known->text));
		return 0;
	}
	int code = str_head(decoder, addr, &str);
	/* Keys of a dict may be anything. */
	if (code == AIODBG_CORRUPT)
		return 0;
	if (code)
		return decoder_go_on(decoder, code);
	if (!str.ascii || str.length > sizeof(bytes))
		return 0;
	keep_short(decoder, addr, &str);
	/* Most are of other lengths. */
	if (!has_length(texts, count, (size_t)str.length))
		return 0;
	code = reader_read(&decoder->reader, str.data, bytes, (size_t)str.length);
	if (!code)
		*ret = find_text(texts, count, bytes, (size_t)str.length);
	return decoder_go_on(decoder, code);
}

int str_equals(struct decoder *decoder, uint64_t addr, const char *text, bool *ret)
{
	const struct short_str *known = short_str(decoder, addr);
	size_t found;
	if (addr && known->addr == addr) {
		/* Most differ at once. */
		*ret = known->text[0] == text[0] && !strcmp(known->text, text);
		return 0;
	}
	int code = str_find(decoder, addr, &text, 1, &found);
	*ret = found == 0;
	return code;
}

/* Few names have what may stand around a secret. */
static int hide_secrets(struct decoder *decoder, const char **text)
{
	if (decoder->shows_secrets || !*text || !strpbrk(*text, "=:'\" "))
		return 0;
	/* The shortest secret is one character. */
	size_t len = strlen(*text), size = len * strlen(REDACT_HIDDEN) + 1;
	char *shown = malloc(size);
	if (!shown)
		return decoder_no_memory(decoder);
	size_t used = redact_text(*text, len, shown, size);
	if (used != len || memcmp(shown, *text, len) != 0)
		*text = arena_string(decoder->arena, shown, used);
	free(shown);
	return *text ? 0 : decoder_no_memory(decoder);
}

int str_read_shown(struct decoder *decoder, uint64_t addr, const char **ret)
{
	int status = str_read(decoder, addr, ret);
	return status ? status : hide_secrets(decoder, ret);
}
