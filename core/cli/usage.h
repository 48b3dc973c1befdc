/* SPDX-License-Identifier: MIT */
/* What the program says of itself. */
#ifndef CLI_USAGE_H
#define CLI_USAGE_H

#include "aiodbg.h"

#include <stdio.h>

/* What it does, the option that a core has, and the exit statuses: lines. */
extern const char usage_about[], usage_of_cores[], usage_statuses[];

/* The command at *index of the library's table, or the next one that looks at a process or core; false
 * after the last. */
bool usage_next(unsigned int *index, struct aiodbg_command *ret);

/* A line: the command's usage without the process, which is named before. */
void usage_print(FILE *to, const struct aiodbg_command *command);

/* The help of all commands, and of one. */
void usage_list(FILE *to);
void usage_show(const struct aiodbg_command *command);

#endif
