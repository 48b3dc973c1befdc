/* SPDX-License-Identifier: MIT */
/*
 * What users type: every option and every command once. The debuggers' help, completion
 * and --help all come from here.
 */
#ifndef COMMAND_COMMANDS_H
#define COMMAND_COMMANDS_H

/* X(id, "--name", " ARGUMENT" or "", "What it does.") */
#define FORMAT_OPTIONS(X)                                                                          \
	X(FORMAT, "--format", " FORMAT", "Write as table, tree or json.")                          \
	X(JSON, "--json", "", "Short for --format json.")
#define PROCESS_OPTIONS(X)                                                                         \
	X(RETRIES, "--retries", " N",                                                              \
	  "Look again, up to N times, if the process ran on while it was read and the\n"           \
	  "      result does not fit together. The default is 3 for a PID, else 0.")
#define GRAPH_ONLY_OPTIONS(X)                                                                      \
	X(DEPTH, "--depth", " N", "Leave out the N - 1 innermost frames of a running task.")       \
	X(LIMIT, "--limit", " N",                                                                  \
	  "Keep N frames of each call stack: the outermost, or the innermost if N is\n"            \
	  "      negative; 0 shows none.")
#define COMMON_OPTIONS(X)                                                                          \
	X(OUTPUT, "--output", " FILE",                                                             \
	  "Write the result to FILE, free of the debugger's messages.")                            \
	X(HELP, "--help", "", "Show this text.")

/* Every option, for what does not depend on the command. */
#define OPTIONS(X) FORMAT_OPTIONS(X) PROCESS_OPTIONS(X) GRAPH_ONLY_OPTIONS(X) COMMON_OPTIONS(X)

/* Those that a kind of command takes. */
#define LISTING_OPTIONS(X) FORMAT_OPTIONS(X) PROCESS_OPTIONS(X) COMMON_OPTIONS(X)
#define GRAPH_OPTIONS(X) GRAPH_ONLY_OPTIONS(X) COMMON_OPTIONS(X)
#define DOCTOR_OPTIONS(X) PROCESS_OPTIONS(X) COMMON_OPTIONS(X)

#define PID_DESCRIPTION                                                                            \
	"\n"                                                                                       \
	"With a PID, that process of this machine is looked at, whatever the debugger\n"           \
	"works on. It is not attached to and runs on.\n"

/*
 * X(run, "name", "format", "[OPERAND]", OPTIONS, "Summary.", "Description.\n"): what runs it,
 * its format if none is asked for, what it takes besides options ("" if nothing, in brackets
 * if it may be left out), and which options.
 */
#define COMMANDS(X)                                                                                \
	X(run_listing, "ps", "table", "[PID]", LISTING_OPTIONS,                                    \
	  "Show a table of the pending asyncio tasks.",                                            \
	  "A row for each task and awaiter: the thread, the task's id and name, where it\n"        \
	  "stands (innermost coroutine first), and the task that waits for it. A task that\n"      \
	  "nobody waits for has the awaiter id 0x0.\n" PID_DESCRIPTION)                            \
	X(run_listing, "pstree", "tree", "[PID]", LISTING_OPTIONS,                                 \
	  "Show the pending asyncio tasks as a tree.",                                             \
	  "Each task, marked (T), hangs under the innermost frame of the task that waits\n"        \
	  "for it. Below a task are its own frames, with file and line. A task with several\n"     \
	  "awaiters is drawn once; its other places refer to it. Tasks that wait for each\n"       \
	  "other in a circle are listed at the end.\n" PID_DESCRIPTION)                            \
	X(run_graph, "graph", NULL, "[TASK]", GRAPH_OPTIONS,                                       \
	  "Show the call graph of a task or future, as asyncio.print_call_graph() does.",          \
	  "TASK is an id, as other commands print it, the address of any future, or a name\n"      \
	  "that only one task has. Without it: the task that runs in the selected thread,\n"       \
	  "or else in any. Below its call stack are those who wait for it, and who wait for\n"     \
	  "them, as CPython recorded it (3.14 and later), or as callbacks tell.\n")                \
	X(run_task, "task", NULL, "TASK", COMMON_OPTIONS, "Show everything known of one task.",    \
	  "TASK is an id, as other commands print it, also of a finished task, or a name\n"        \
	  "that only one task has. Shows its state, what it waits for, its whole stack with\n"     \
	  "source lines, who awaits it, its context variables, and how it ended.\n")               \
	X(run_doctor, "doctor", NULL, "[PID]", DOCTOR_OPTIONS,                                     \
	  "Examine why tasks are missing, or why nothing can be read.",                            \
	  "What was looked for and what was found: the runtime, its version and layout, the\n"     \
	  "threads, event loops and lists of tasks; what could not be read, the likely\n"          \
	  "reason, and what to do. Paste it into a report of a mistake.\n" PID_DESCRIPTION)

#endif
