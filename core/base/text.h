/* SPDX-License-Identifier: MIT */
/*
 * Text from the target, made safe to show.
 *
 * A core file must not be able to drive the terminal that it is looked at on: control
 * characters, characters that change the direction of text, and bytes that are no UTF-8
 * are shown as escapes, as Python's repr() writes them.
 */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Write one code point as UTF-8; returns the bytes, at most 4. Two things that a str may
 * hold and UTF-8 may not are written too: surrogates in three bytes, and NUL in two, so
 * that the text ends at the first NUL byte.
 */
size_t text_encode(uint32_t c, char *out);

/*
 * The code point at text, of len bytes (at least 1), and the bytes that it takes in
 * *used. Bytes that text_encode() does not write yield -1, one at a time.
 */
int32_t text_decode(const char *text, size_t len, size_t *used);

/* True for characters that are not to be written to a terminal as they are. */
bool text_is_unsafe(uint32_t c);

/* How many characters from text on, of len at most, are printable ASCII, which nearly all are.
 * Within quotes (0: none) those and backslashes end the run. */
size_t text_plain_run(const char *text, size_t len, char quote);

/* The most bytes that text_escape() writes. */
#define TEXT_ESCAPE_MAX 12

/* Write c as "\n", "\x1b", "\u202e" or "\U000e0001"; returns the bytes. */
size_t text_escape(uint32_t c, char *out);

/*
 * Write the character at text, of len bytes (at least 1), as it may be shown: as it is, or
 * escaped if that is unsafe, no UTF-8, or, unless unicode is set, not ASCII. Returns the bytes,
 * with those that were used in *used and how many characters they are shown as in *width.
 */
size_t text_show(const char *text, size_t len, bool unicode, size_t *used, char *shown,
		 size_t *width);

/* Room for any number as text_decimal() and text_hex() write it. */
#define TEXT_NUMBER_MAX 24

/* Write number as "123", or as "0x7b", with a NUL behind it; return the characters. Ten
 * times as fast as snprintf(), and there are several for each task. */
size_t text_decimal(uint64_t number, char *out);
size_t text_hex(uint64_t number, char *out);

/* Write words, ended by NULL, as "a, b or c". What does not fit is cut. */
void text_list(const char *const *words, char *buf, size_t size);

#endif
