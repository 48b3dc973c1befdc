/* SPDX-License-Identifier: MIT */
/*
 * The one filter of all values that are shown: what a name says is a secret, and passwords in URLs,
 * are hidden. Rather too much than too little: nobody is harmed by what is not shown.
 */
#ifndef BASE_REDACT_H
#define BASE_REDACT_H

#include <stdbool.h>
#include <stddef.h>

/* What stands in the place of a secret. */
#define REDACT_HIDDEN "<hidden>"

/* Whether a variable, key, option or header of that name, of len bytes, holds a secret. */
bool redact_is_secret(const char *name, size_t len);

/* The same of a word that is a name and nothing else, and so may announce what follows it:
 * "--password", "authorization". */
bool redact_announces(const char *word, size_t len);

/* Write text, of len bytes, into buf with what is secret in it replaced. What does not fit is cut.
 * Returns the bytes. */
size_t redact_text(const char *text, size_t len, char *buf, size_t size);

#endif
