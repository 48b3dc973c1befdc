/* SPDX-License-Identifier: MIT */
/* Patterns of people who look for something: a part of it, or a glob over all of it. */
#ifndef BASE_GLOB_H
#define BASE_GLOB_H

#include "base/work.h"

/* Bytes of a pattern: longer ones are refused, so that matching a name takes time in proportion to
 * its length, at most a sixty-fourth of this for each of its characters. */
#define GLOB_MAX 1000

/* Whether the pattern has any of * ? [ and so is a glob. */
bool glob_is(const char *pattern);

/*
 * Whether text fits: a pattern that is no glob has to be a part of it. In a glob, * stands for any
 * characters, ? for one, [a-z] for one of those, [!a-z] for one that is not; a [ without a ] stands
 * for itself. Capitals count. Returns 0, or what work_charge() does.
 */
int glob_match(struct work *work, const char *pattern, const char *text, bool *ret);

#endif
