/* SPDX-License-Identifier: MIT */
/* UTF-8 and escapes. See base/text.h. */
#include "base/text.h"

#include <stdio.h>
#include <string.h>

size_t text_encode(uint32_t c, char *out)
{
	if (c < 0x80 && c > 0) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3f));
	out[2] = (char)(0x80 | (c >> 6 & 0x3f));
	out[3] = (char)(0x80 | (c & 0x3f));
	return 4;
}

int32_t text_decode(const char *text, size_t len, size_t *used)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)text[0];
	*used = 1;
	if (first < 0x80)
		return first;
	size_t need = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc0 || first > 0xf7 || need > len)
		return -1;
	uint32_t c = first & (0xffu >> (need + 1));
	for (size_t i = 1; i < need; i++) {
		unsigned char next = (unsigned char)text[i];
		if ((next & 0xc0) != 0x80)
			return -1;
		c = c << 6 | (next & 0x3f);
	}
	bool is_nul = c == 0 && need == 2;
	if ((c < lowest[need] && !is_nul) || c > 0x10ffff)
		return -1;
	*used = need;
	return (int32_t)c;
}

/* Controls, and what Unicode calls format characters and separators of lines. */
static const struct {
	uint32_t first, last;
} unsafe[] = {
	{0x0, 0x1f},	    {0x7f, 0x9f},	{0xad, 0xad},	  {0x61c, 0x61c},
	{0x180e, 0x180e},   {0x200b, 0x200f},	{0x2028, 0x202e}, {0x2060, 0x206f},
	{0xd800, 0xdfff},   {0xfeff, 0xfeff},	{0xfff0, 0xfffb}, {0xfffe, 0xffff},
	{0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
};

bool text_is_unsafe(uint32_t c)
{
	if (c >= 0x20 && c < 0x7f)
		return false;
	for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++) {
		if (c >= unsafe[i].first && c <= unsafe[i].last)
			return true;
	}
	return false;
}

size_t text_escape(uint32_t c, char *out)
{
	const char *format = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
	switch (c) {
	case '\n':
		return (size_t)snprintf(out, TEXT_ESCAPE_MAX, "\\n");
	case '\r':
		return (size_t)snprintf(out, TEXT_ESCAPE_MAX, "\\r");
	case '\t':
		return (size_t)snprintf(out, TEXT_ESCAPE_MAX, "\\t");
	default:
		return (size_t)snprintf(out, TEXT_ESCAPE_MAX, format, c);
	}
}

/* A byte in all places of a word, and what is nonzero if any byte of a word is zero. */
#define EACH(byte) ((uint64_t)(byte)*0x0101010101010101)
#define HAS_ZERO(word) (((word)-EACH(1)) & ~(word)&EACH(0x80))

/* Whether none of eight characters ends a run. Adding one brings DEL up to the bytes above ASCII. */
static bool is_plain_word(const char *text, char quote)
{
	uint64_t word, ends;
	memcpy(&word, text, sizeof(word));
	ends = (word | (word + EACH(1)) | (word - EACH(0x20))) & EACH(0x80);
	if (quote)
		ends |= HAS_ZERO(word ^ EACH(quote)) | HAS_ZERO(word ^ EACH('\\'));
	return !ends;
}

size_t text_plain_run(const char *text, size_t len, char quote)
{
	size_t run = 0;
	while (len - run >= sizeof(uint64_t) && is_plain_word(text + run, quote))
		run += sizeof(uint64_t);
	while (run < len && text[run] >= 0x20 && text[run] < 0x7f &&
	       !(quote && (text[run] == quote || text[run] == '\\')))
		run++;
	return run;
}

size_t text_show(const char *text, size_t len, bool unicode, size_t *used, char *shown,
		 size_t *width)
{
	int32_t c = text_decode(text, len, used);
	if (c >= 0 && !text_is_unsafe((uint32_t)c) && (c <= 0x7f || unicode)) {
		*width = 1;
		return text_encode((uint32_t)c, shown);
	}
	*width = text_escape(c < 0 ? (unsigned char)text[0] : (uint32_t)c, shown);
	return *width;
}

size_t text_decimal(uint64_t number, char *out)
{
	char digits[TEXT_NUMBER_MAX];
	size_t count = 0;
	do {
		digits[count++] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	for (size_t i = 0; i < count; i++)
		out[i] = digits[count - 1 - i];
	out[count] = '\0';
	return count;
}

size_t text_hex(uint64_t number, char *out)
{
	size_t count = (67 - (size_t)__builtin_clzll(number | 1)) / 4;
	out[0] = '0';
	out[1] = 'x';
	for (size_t i = count; i-- > 0; number >>= 4)
		out[2 + i] = "0123456789abcdef"[number & 0xf];
	out[2 + count] = '\0';
	return 2 + count;
}

void text_list(const char *const *words, char *buf, size_t size)
{
	size_t used = 0;
	buf[0] = '\0';
	for (size_t i = 0; words[i] && used < size; i++) {
		const char *before = !i ? "" : words[i + 1] ? ", " : " or ";
		used += (size_t)snprintf(buf + used, size - used, "%s%s", before, words[i]);
	}
}
