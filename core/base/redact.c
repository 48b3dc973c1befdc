/* SPDX-License-Identifier: MIT */
/* Secrets. See base/redact.h. */
#include "base/redact.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *const words[] = {"API",	 "TOKEN", "KEY",    "SECRET",	  "PASS",
				    "SIGNATURE", "AUTH",  "COOKIE", "CREDENTIAL", "SESSION"};
#define WORD_COUNT (sizeof(words) / sizeof(words[0]))

/* What comes before the secret itself in a header. */
static const char *const schemes[] = {"Bearer", "Basic", "Digest", "Token"};
#define SCHEME_COUNT (sizeof(schemes) / sizeof(schemes[0]))

bool redact_is_secret(const char *name, size_t len)
{
	for (size_t i = 0; i < WORD_COUNT; i++) {
		size_t word = strlen(words[i]);
		for (size_t at = 0; word <= len && at <= len - word; at++) {
			if (!strncasecmp(name + at, words[i], word))
				return true;
		}
	}
	return false;
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

bool redact_announces(const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_name(word[i]))
			return false;
	}
	return redact_is_secret(word, len);
}

/* What is being written. */
struct filter {
	const char *text;
	size_t len;
	char *buf;
	size_t size, used;
};

static void put(struct filter *filter, const char *text, size_t len)
{
	if (len > filter->size - filter->used)
		len = filter->size - filter->used;
	memcpy(filter->buf + filter->used, text, len);
	filter->used += len;
}

static bool is_end_of_url(char c)
{
	return !c || isspace((unsigned char)c) || strchr("\"'<>`", c) != NULL;
}

/* The range of the password of a URL whose "://" ends before at; false if there is none. */
static bool find_password(const struct filter *filter, size_t at, size_t *start, size_t *end)
{
	size_t colon = 0, last = 0, stop = at;
	while (stop < filter->len && !is_end_of_url(filter->text[stop])) {
		if (filter->text[stop] == ':' && !colon)
			colon = stop;
		if (filter->text[stop] == '@')
			last = stop;
		stop++;
	}
	if (!colon || last <= colon)
		return false;
	/* A port, and an @ somewhere in the path. */
	size_t digits = colon + 1;
	while (digits < last && isdigit((unsigned char)filter->text[digits]))
		digits++;
	if (filter->text[digits] == '/')
		return false;
	*start = colon + 1;
	*end = last;
	return true;
}

static size_t skip_blanks(const struct filter *filter, size_t at)
{
	while (at < filter->len && (filter->text[at] == ' ' || filter->text[at] == '\t'))
		at++;
	return at;
}

static size_t end_of_word(const struct filter *filter, size_t at)
{
	while (at < filter->len && !isspace((unsigned char)filter->text[at]) &&
	       !strchr("&,;\"'()[]{}<>", filter->text[at]))
		at++;
	return at;
}

static bool is_scheme(const char *word, size_t len)
{
	for (size_t i = 0; i < SCHEME_COUNT; i++) {
		if (len == strlen(schemes[i]) && !strncasecmp(word, schemes[i], len))
			return true;
	}
	return false;
}

/* Where the value ends that begins at start: at its quote; after a colon, at the end of the line. */
static size_t end_of_value(const struct filter *filter, size_t start, char quote, char separator)
{
	size_t end = start;
	if (quote) {
		while (end < filter->len && filter->text[end] != quote)
			end++;
		return end;
	}
	if (separator == ':') {
		while (end < filter->len && !strchr("\r\n\"'", filter->text[end]))
			end++;
		return end;
	}
	end = end_of_word(filter, start);
	if (is_scheme(filter->text + start, end - start))
		end = end_of_word(filter, skip_blanks(filter, end));
	return end;
}

/* "NAME=VALUE", "NAME: VALUE", "--NAME VALUE", "NAME 'VALUE'": the range of the value, after the
 * name that ends before at. */
static bool find_value(const struct filter *filter, bool is_option, size_t at, size_t *start,
		       size_t *end)
{
	char separator = 0, quote = 0;
	/* Of the name itself, as in a dict. */
	if (at < filter->len && (filter->text[at] == '"' || filter->text[at] == '\''))
		at++;
	size_t next = skip_blanks(filter, at);
	if (next < filter->len && (filter->text[next] == '=' || filter->text[next] == ':')) {
		separator = filter->text[next];
		next = skip_blanks(filter, next + 1);
	}
	/* The "//" of a URL. */
	if (separator == ':' && next + 1 < filter->len && filter->text[next] == '/' &&
	    filter->text[next + 1] == '/')
		return false;
	if (next < filter->len && (filter->text[next] == '"' || filter->text[next] == '\''))
		quote = filter->text[next++];
	if (!separator && !(quote && next > at + 1) && !(is_option && next > at))
		return false;
	*start = next;
	*end = end_of_value(filter, next, quote, separator);
	return *end > *start;
}

/* An exception's own name is none. */
static bool is_class_of_error(const char *word, size_t len)
{
	return len > 5 && (!strncmp(word + len - 5, "Error", 5));
}

size_t redact_text(const char *text, size_t len, char *buf, size_t size)
{
	struct filter filter = {text, len, buf, size, 0};
	size_t at = 0, start, end;
	while (at < len && filter.used < size) {
		size_t word = at;
		bool found = false;
		while (word < len && is_name(text[word]))
			word++;
		if (word > at) {
			found = redact_is_secret(text + at, word - at) &&
				!is_class_of_error(text + at, word - at) &&
				find_value(&filter, text[at] == '-', word, &start, &end);
		} else if (text[at] == ':' && at + 2 < len && !memcmp(text + at, "://", 3)) {
			word = at + 3;
			found = find_password(&filter, word, &start, &end);
		} else {
			word = at + 1;
		}
		put(&filter, text + at, (found ? start : word) - at);
		if (found)
			put(&filter, REDACT_HIDDEN, strlen(REDACT_HIDDEN));
		at = found ? end : word;
	}
	return filter.used;
}
