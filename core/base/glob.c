/* SPDX-License-Identifier: MIT */
/*
 * Patterns. See base/glob.h.
 *
 * What is between two stars has to be found somewhere, and the first place is as good as any: what
 * follows has the more room. So nothing is ever tried again from an earlier star, and *a*a*a*b costs
 * one walk through the text. Nor is a place tried after another one: a part with ? or [ is searched for
 * at all places at once, with a bit for each of its elements (shift-and, Baeza-Yates and Gonnet), so that
 * a character of the text costs the same whatever has come before it.
 */
#include "base/glob.h"

#include "base/text.h"

#include <limits.h>
#include <string.h>

/* Bytes between two questions whether to go on. */
#define BYTES_PER_STEP 64

bool glob_is(const char *pattern)
{
	return strpbrk(pattern, "*?[") != NULL;
}

/* One character of text or pattern, and the bytes it takes; a byte that is no UTF-8 is itself. */
static int32_t decode(const char *text, size_t len, size_t *used)
{
	int32_t c = text_decode(text, len, used);
	return c >= 0 ? c : 0x110000 + (unsigned char)text[0];
}

/* Where a set that begins with [ ends, behind its ]; NULL if it does not. */
static const char *set_end(const char *set)
{
	const char *c = set + 1;
	if (*c == '!')
		c++;
	/* Right at the beginning it is one of the set. */
	if (*c == ']')
		c++;
	c = strchr(c, ']');
	return c ? c + 1 : NULL;
}

static bool set_has(const char *set, const char *end, int32_t wanted)
{
	bool found = false, negated = set[1] == '!';
	size_t used;
	for (const char *c = set + 1 + negated; c < end - 1;) {
		int32_t low = decode(c, (size_t)(end - 1 - c), &used), high = low;
		c += used;
		if (c < end - 2 && *c == '-') {
			c++;
			high = decode(c, (size_t)(end - 1 - c), &used);
			c += used;
		}
		found = found || (wanted >= low && wanted <= high);
	}
	return found != negated;
}

/*
 * Whether the part of a pattern fits the beginning of the text: the bytes that it takes, or -1. In a
 * part there is no star.
 */
static ptrdiff_t fits(const char *part, const char *end, const char *text, size_t len)
{
	size_t at = 0, used, of_part;
	while (part < end) {
		if (at >= len)
			return -1;
		int32_t c = decode(text + at, len - at, &used);
		const char *closed = *part == '[' ? set_end(part) : NULL;
		if (closed && closed <= end) {
			if (!set_has(part, closed, c))
				return -1;
			part = closed;
		} else if (*part == '?') {
			part++;
		} else {
			if (decode(part, (size_t)(end - part), &of_part) != c)
				return -1;
			part += of_part;
		}
		at += used;
	}
	return (ptrdiff_t)at;
}

/* ---- a part with ? or [, anywhere ---- */

/* Bits of all elements of a part; there are at most as many as a pattern has bytes. */
typedef uint64_t bits_word;
#define WORD_BITS (sizeof(bits_word) * CHAR_BIT)
#define WORDS (GLOB_MAX / WORD_BITS + 1)

/* Characters of which it is remembered which elements they fit. */
#define REMEMBERED 64

struct search {
	const char *part;
	/* Where each element begins, behind part, and where the last one ends. */
	uint16_t starts[GLOB_MAX + 1];
	size_t count, words;
	/* By the last bits of the character. */
	struct {
		int32_t c;
		bits_word fits[WORDS];
	} known[REMEMBERED];
	/* Bit i: the first i + 1 elements fit what has been read last. */
	bits_word state[WORDS];
};

/* False: the part is longer than a pattern may be. */
static bool search_begin(struct search *search, const char *part, const char *end)
{
	size_t used;
	search->part = part;
	search->count = 0;
	if (end - part > GLOB_MAX)
		return false;
	for (const char *c = part; c < end; search->count++) {
		search->starts[search->count] = (uint16_t)(c - part);
		const char *closed = *c == '[' ? set_end(c) : NULL;
		decode(c, (size_t)(end - c), &used);
		c = closed && closed <= end ? closed : c + used;
	}
	search->starts[search->count] = (uint16_t)(end - part);
	search->words = (search->count + WORD_BITS - 1) / WORD_BITS;
	for (size_t i = 0; i < REMEMBERED; i++)
		search->known[i].c = -1;
	memset(search->state, 0, sizeof(search->state));
	return true;
}

/* Which elements the character fits. */
static int find_fitting(struct search *search, struct work *work, int32_t wanted,
			const bits_word **ret)
{
	size_t place = (size_t)wanted % REMEMBERED, used;
	bits_word *fits = search->known[place].fits;
	*ret = fits;
	if (search->known[place].c == wanted)
		return 0;
	search->known[place].c = wanted;
	memset(fits, 0, search->words * sizeof(*fits));
	for (size_t i = 0; i < search->count; i++) {
		const char *c = search->part + search->starts[i];
		const char *end = search->part + search->starts[i + 1];
		int32_t first = decode(c, (size_t)(end - c), &used);
		bool good = first == '[' && used < (size_t)(end - c)
				    ? set_has(c, end, wanted)
				    : first == '?' || first == wanted;
		fits[i / WORD_BITS] |= (bits_word)good << i % WORD_BITS;
	}
	return work_charge(work, 1 + search->count / BYTES_PER_STEP);
}

/* Read another character. True: the whole part fits what ends here. */
static bool search_advance(struct search *search, const bits_word *fits)
{
	bits_word carry = 1;
	for (size_t i = 0; i < search->words; i++) {
		bits_word next = search->state[i] >> (WORD_BITS - 1);
		search->state[i] = (search->state[i] << 1 | carry) & fits[i];
		carry = next;
	}
	size_t last = search->count - 1;
	return search->state[last / WORD_BITS] >> last % WORD_BITS & 1;
}

static int search_for(struct work *work, const char *part, const char *end, const char *text,
		      size_t len, const char **ret)
{
	struct search search;
	size_t used, charged = 0;
	if (!search_begin(&search, part, end))
		return 0;
	for (size_t at = 0; at < len;) {
		const bits_word *fits;
		int status = find_fitting(&search, work, decode(text + at, len - at, &used), &fits);
		if (!status && at >= charged) {
			status = work_charge(work, search.words);
			charged += BYTES_PER_STEP;
		}
		if (status)
			return status;
		at += used;
		if (!search_advance(&search, fits))
			continue;
		*ret = text + at;
		return 0;
	}
	return 0;
}

/* ---- the whole ---- */

/* Characters of a part of a pattern. */
static size_t width(const char *part, const char *end)
{
	size_t count = 0, used;
	for (; part < end; count++) {
		const char *closed = *part == '[' ? set_end(part) : NULL;
		decode(part, (size_t)(end - part), &used);
		part = closed && closed <= end ? closed : part + used;
	}
	return count;
}

/* The end of the part that begins here: the next star outside of a set, or the end. */
static const char *part_end(const char *part)
{
	while (*part && *part != '*') {
		const char *closed = *part == '[' ? set_end(part) : NULL;
		part = closed ? closed : part + 1;
	}
	return part;
}

/* Search the text for the part. *ret is behind the first place that has it, or NULL. */
static int find(struct work *work, const char *part, const char *end, const char *text, size_t len,
		const char **ret)
{
	size_t of_part = (size_t)(end - part);
	*ret = NULL;
	if (memchr(part, '?', of_part) || memchr(part, '[', of_part))
		return search_for(work, part, end, text, len, ret);
	const char *found = memmem(text, len, part, of_part);
	*ret = found ? found + of_part : NULL;
	return work_charge(work, 1 + (found ? (size_t)(*ret - text) : len) / BYTES_PER_STEP);
}

/* The last part has to be at the very end, which it is counted back from. */
static bool fits_at_end(const char *part, const char *end, const char *text, size_t len)
{
	size_t start = len;
	for (size_t left = width(part, end); left > 0; left--) {
		if (!start)
			return false;
		size_t from = start > 4 ? start - 4 : 0, used = 0;
		/* The longest character that ends here. */
		for (; from < start; from++) {
			decode(text + from, start - from, &used);
			if (from + used == start)
				break;
		}
		start = from < start ? from : start - 1;
	}
	return fits(part, end, text + start, len - start) == (ptrdiff_t)(len - start);
}

/* Behind a star it is the same whether so many characters are skipped before or after what it stands for:
 * before costs no search. False: the text is too short. */
static bool skip_any(const char **part, const char *end, const char **text, size_t *len)
{
	for (; *part < end && **part == '?'; (*part)++) {
		size_t used;
		if (!*len)
			return false;
		decode(*text, *len, &used);
		*text += used;
		*len -= used;
	}
	return true;
}

static int match_glob(struct work *work, const char *pattern, const char *text, bool *ret)
{
	size_t len = strlen(text);
	const char *end = part_end(pattern);
	ptrdiff_t taken = fits(pattern, end, text, len);
	*ret = false;
	if (taken < 0)
		return 0;
	if (!*end) {
		*ret = (size_t)taken == len;
		return 0;
	}
	text += taken;
	len -= (size_t)taken;
	for (;;) {
		const char *part = end + 1, *behind;
		end = part_end(part);
		if (!*end) {
			*ret = fits_at_end(part, end, text, len);
			return 0;
		}
		if (!skip_any(&part, end, &text, &len))
			return 0;
		int status = find(work, part, end, text, len, &behind);
		if (status || !behind)
			return status;
		len -= (size_t)(behind - text);
		text = behind;
	}
}

int glob_match(struct work *work, const char *pattern, const char *text, bool *ret)
{
	if (glob_is(pattern)) {
		int status = work_charge(work, 1 + strlen(text) / BYTES_PER_STEP);
		return status ? status : match_glob(work, pattern, text, ret);
	}
	*ret = strstr(text, pattern) != NULL;
	return work_charge(work, 1 + strlen(text) / BYTES_PER_STEP);
}
