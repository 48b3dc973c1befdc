/* SPDX-License-Identifier: MIT */
/* libiberty's hash table, whose header is in a folder of its own on most systems, and needs size_t. */
#ifndef BASE_HASHTAB_H
#define BASE_HASHTAB_H

#include <stddef.h>

#if __has_include(<libiberty/hashtab.h>)
#include <libiberty/hashtab.h>
#else
#include <hashtab.h>
#endif

#endif
