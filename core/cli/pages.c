/* SPDX-License-Identifier: MIT */
/* The man page, and completion for bash. See cli/pages.h. */
#include "cli/pages.h"

#include "aiodbg.h"
#include "cli/usage.h"

#include <stdio.h>
#include <string.h>

/* ---- man(7) ---- */

/* Text as it is: hyphens that can be copied, and no line that is a request. */
static void print_roff(const char *text)
{
	bool at_start = true;
	for (const char *c = text; *c; c++) {
		if (at_start && (*c == '.' || *c == '\''))
			fputs("\\&", stdout);
		if (*c == '-' || *c == '\\')
			fputs(*c == '-' ? "\\-" : "\\e", stdout);
		else
			putchar(*c);
		at_start = *c == '\n';
	}
}

static void print_command(const struct aiodbg_command *command)
{
	printf(".SS %s\n", command->name);
	print_roff(command->summary);
	printf("\n.PP\n.nf\n");
	usage_print(stdout, command);
	print_roff(command->help);
	printf(".fi\n");
}

void pages_print_man(void)
{
	struct aiodbg_command command;
	printf(".TH AIODBG 1 \"\" \"aiodbg %s\"\n", aiodbg_version());
	printf(".SH NAME\naiodbg \\- show the asyncio tasks of a Python process or core file\n");
	printf(".SH SYNOPSIS\n.B aiodbg\n.I COMMAND PID\n|\n.I CORE\n[\n.I OPTION\n]...\n");
	printf(".SH DESCRIPTION\n");
	print_roff(usage_about);
	printf(".PP\n.nf\n");
	print_roff(usage_of_cores);
	printf(".fi\n.SH COMMANDS\n");
	for (unsigned int i = 0; usage_next(&i, &command);)
		print_command(&command);
	printf(".SH EXIT STATUS\n");
	print_roff(usage_statuses);
}

/* ---- bash ---- */

/* The words that may stand behind previous, in one line; false if there are none. */
static bool print_words(const char *name, const char *previous, const char *begin)
{
	const char *word;
	unsigned int i = 0;
	for (; (word = aiodbg_command_complete(name, previous, begin, i)); i++)
		printf("%s%s", i ? " " : "", word);
	return i;
}

/* Those of each option that has a few. */
static void print_values(const struct aiodbg_command *command)
{
	const char *option;
	for (unsigned int i = 0; (option = aiodbg_command_complete(command->name, "", "--", i));
	     i++) {
		const char *first = aiodbg_command_complete(command->name, option, "", 0);
		/* Behind an option without a value there are options again. */
		if (!first || first[0] == '-')
			continue;
		printf("\t\"%s %s\") words=\"", command->name, option);
		print_words(command->name, option, "");
		printf("\" ;;\n");
	}
}

void pages_print_completion(void)
{
	struct aiodbg_command command;
	printf("# bash completion for aiodbg: files are completed where there is nothing else.\n"
	       "_aiodbg() {\n"
	       "\tlocal word=${COMP_WORDS[COMP_CWORD]} words=\n"
	       "\tlocal before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}\n"
	       "\tcase \"$command $before\" in\n");
	for (unsigned int i = 0; usage_next(&i, &command);)
		print_values(&command);
	printf("\tesac\n\tif [[ -z $words && $word == -* ]]; then\n\t\tcase $command in\n");
	for (unsigned int i = 0; usage_next(&i, &command);) {
		printf("\t\t%s) words=\"", command.name);
		print_words(command.name, "", "--");
		printf(" --sysroot\" ;;\n");
	}
	printf("\t\tesac\n\telif ((COMP_CWORD == 1)); then\n\t\twords=\"");
	for (unsigned int i = 0; usage_next(&i, &command);)
		printf("%s ", command.name);
	printf("\"\n\tfi\n"
	       "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
	       "}\n"
	       "complete -o bashdefault -o default -F _aiodbg aiodbg\n");
}
