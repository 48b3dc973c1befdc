/* SPDX-License-Identifier: MIT */
/* Usage and help, from the library's table of commands. See cli/usage.h. */
#include "cli/usage.h"

#include <string.h>

const char usage_about[] =
	"Shows the asyncio tasks of a Python process, which is neither stopped nor changed, or of\n"
	"the core file that it has left.\n";

const char usage_of_cores[] =
	"  --sysroot DIR\n"
	"      Of a core: below DIR are the files of the machine that it is from, under the\n"
	"      paths that they have there.\n";

const char usage_statuses[] =
	"Exit status: 0 if there is an answer, 1 if there is none, 2 for wrong usage, 5 if\n"
	"--fail-on has matched.\n";

/* Settings have no target: only a debugger keeps them. */
bool usage_next(unsigned int *index, struct aiodbg_command *ret)
{
	while (!aiodbg_command_describe((*index)++, ret)) {
		if (strstr(ret->usage, "[--pid PID]"))
			return true;
	}
	return false;
}

void usage_list(FILE *to)
{
	unsigned int next = 0;
	struct aiodbg_command command;
	fprintf(to, "Usage: aiodbg COMMAND PID|CORE [OPTION]...\n\n%s\nCommands:\n", usage_about);
	while (usage_next(&next, &command))
		fprintf(to, "  %-8s %s\n", command.name, command.summary);
	fprintf(to, "\n%s\nEach command takes --help.\n", usage_statuses);
}

/* Its usage without the process, which is named before. */
void usage_print(FILE *to, const struct aiodbg_command *command)
{
	static const char alone[] = "[PID] ", first[] = "[PID | ";
	const char *usage = command->usage, *bracket = "";
	if (!strncmp(usage, alone, strlen(alone))) {
		usage += strlen(alone);
	} else if (!strncmp(usage, first, strlen(first))) {
		usage += strlen(first);
		bracket = "[";
	}
	fprintf(to, "aiodbg %s PID|CORE %s%s [--sysroot DIR]\n", command->name, bracket, usage);
}

void usage_show(const struct aiodbg_command *command)
{
	printf("%s\n\nUsage: ", command->summary);
	usage_print(stdout, command);
	printf("\n%s%s\n%s", command->help, usage_of_cores, usage_statuses);
}
