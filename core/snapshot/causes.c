/* SPDX-License-Identifier: MIT */
/* Problems by what they say. See snapshot/causes.h. */
#include "snapshot/causes.h"

#include <ctype.h>
#include <string.h>

/* The message with ".." for the digits of its addresses, which differ from one to the other. */
static void leave_out_addresses(const char *message, char *ret, size_t size)
{
	size_t len = 0;
	while (*message && len + 5 < size) {
		ret[len++] = *message++;
		if (message[-1] != '0' || *message != 'x')
			continue;
		memcpy(ret + len, "x..", 3);
		len += 3;
		for (message++; isxdigit((unsigned char)*message);)
			message++;
	}
	/* The one that the message is about is told apart. */
	static const char end[] = " at 0x..";
	if (len > sizeof(end) && !memcmp(ret + len - strlen(end), end, strlen(end)))
		len -= strlen(end);
	ret[len] = '\0';
}

/* NULL if there are too many. */
static struct cause *cause_for(struct causes *causes, const struct aiodbg_problem *problem)
{
	char text[AIODBG_MESSAGE_MAX];
	leave_out_addresses(problem->message, text, sizeof(text));
	for (size_t i = 0; i < causes->count; i++) {
		if (!strcmp(causes->items[i].text, text))
			return &causes->items[i];
	}
	if (causes->count == CAUSES_MAX)
		return NULL;
	struct cause *cause = &causes->items[causes->count++];
	*cause = (struct cause){.code = problem->code, .first = problem};
	memcpy(cause->text, text, sizeof(text));
	return cause;
}

void causes_add(struct causes *causes, const struct aiodbg_problem *problem, uint64_t address)
{
	struct cause *cause = cause_for(causes, problem);
	if (!cause) {
		causes->others++;
		return;
	}
	cause->count++;
	if (address && cause->address_count < sizeof(cause->addresses) / sizeof(uint64_t))
		cause->addresses[cause->address_count++] = address;
}
