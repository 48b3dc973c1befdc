/* SPDX-License-Identifier: MIT */
/*
 * The distance of two words. See base/spell.h.
 *
 * The usual table, of which a row says for a beginning of one word how far it is from each
 * beginning of the other. Only a band around the diagonal can lead to a distance of at most
 * max, and only the last two rows are needed for the next.
 */
#include "base/spell.h"

#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static unsigned char folded(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

size_t spell_distance(const char *a, size_t a_len, const char *b, size_t b_len, size_t max)
{
	size_t rows[3][SPELL_MAX + 2];
	size_t far = max + 1;
	if (a_len > SPELL_MAX || b_len > SPELL_MAX || max > SPELL_MAX)
		return far;
	if ((a_len > b_len ? a_len - b_len : b_len - a_len) > max)
		return far;
	for (size_t k = 0; k <= b_len; k++)
		rows[0][k] = least(k, far);
	for (size_t i = 1; i <= a_len; i++) {
		size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
		size_t from = i > max ? i - max : 1;
		size_t to = least(b_len, i + max);
		size_t best = row[from - 1] = from == 1 ? least(i, far) : far;
		for (size_t k = from; k <= to; k++) {
			unsigned char x = folded(a[i - 1]), y = folded(b[k - 1]);
			size_t cost = above[k - 1] + (x != y);
			cost = least(cost, row[k - 1] + 1);
			/* Right of the band above there is nothing. */
			if (k < i + max)
				cost = least(cost, above[k] + 1);
			if (i > 1 && k > 1 && x == folded(b[k - 2]) && y == folded(a[i - 2]))
				cost = least(cost, second[k - 2] + 1);
			row[k] = least(cost, far);
			best = least(best, row[k]);
		}
		if (best == far)
			return far;
	}
	return rows[a_len % 3][b_len];
}

const char *spell_nearest(const char *const *words, const char *typed, size_t len)
{
	const char *found = NULL;
	size_t nearest = SPELL_MAX;
	for (; *words; words++) {
		size_t word_len = strlen(*words), max = word_len / 3 + 1;
		size_t distance = spell_distance(typed, len, *words, word_len, max);
		if (len > 2 && !strncmp(*words, typed, len))
			distance = 0;
		if (distance <= max && distance < nearest) {
			found = *words;
			nearest = distance;
		}
	}
	return found;
}
