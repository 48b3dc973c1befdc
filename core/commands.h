/* SPDX-License-Identifier: MIT */
/*
 * What users type: every option and every command once. The debuggers' help, completion
 * and --help all come from here.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

/* X(id, "--name", " ARGUMENT" or "", "What it does.") */
#define OPTIONS(X)                                                                                 \
	X(FORMAT, "--format", " FORMAT", "Write as table, tree or json.")                          \
	X(JSON, "--json", "", "Short for --format json.")                                          \
	X(OUTPUT, "--output", " FILE",                                                             \
	  "Write the result to FILE, free of the debugger's messages.")                            \
	X(HELP, "--help", "", "Show this text.")

/* All commands take all options so far. */
#define USAGE "[--format FORMAT | --json] [--output FILE] [--help]"

/* X("name", "format", "Summary.", "Description.\n") */
#define COMMANDS(X)                                                                                \
	X("ps", "table", "Show a table of the pending asyncio tasks.",                             \
	  "A row for each task and awaiter: the thread, the task's id and name, where it\n"        \
	  "stands (innermost coroutine first), and the task that waits for it. A task that\n"      \
	  "nobody waits for has the awaiter id 0x0.\n")                                            \
	X("pstree", "tree", "Show the pending asyncio tasks as a tree.",                           \
	  "Each task, marked (T), hangs under the innermost frame of the task that waits\n"        \
	  "for it. Below a task are its own frames, with file and line. A task with several\n"     \
	  "awaiters is drawn once; its other places refer to it. Tasks that wait for each\n"       \
	  "other in a circle are listed at the end.\n")

#endif
