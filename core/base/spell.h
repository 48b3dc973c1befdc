/* SPDX-License-Identifier: MIT */
/* How far a mistyped word is from the right one. */
#ifndef BASE_SPELL_H
#define BASE_SPELL_H

#include <stddef.h>

/* Longer words are near to none. */
#define SPELL_MAX 256

/*
 * How many letters have to be added, left out, replaced, or exchanged with their neighbour
 * to make b of a: at most max; more are max + 1. Letters are bytes, and a capital is the
 * same as a small one if both are ASCII. Needs at most a_len * (2 * max + 1) steps, and no
 * memory.
 */
size_t spell_distance(const char *a, size_t a_len, const char *b, size_t b_len, size_t max);

/* The word of a list, ended by NULL, that somebody likely meant who typed another one, of len bytes; NULL:
 * none is near. The beginning of a word is near to it. */
const char *spell_nearest(const char *const *words, const char *typed, size_t len);

#endif
