/* SPDX-License-Identifier: MIT */
/* Names of signals. See base/signals.h. */
#include "base/signals.h"

#include <signal.h>
#include <stddef.h>

#define NAME(signal) [signal] = #signal

static const char *const names[] = {
	NAME(SIGHUP),	 NAME(SIGINT),	NAME(SIGQUIT),	NAME(SIGILL),  NAME(SIGTRAP), NAME(SIGABRT),
	NAME(SIGBUS),	 NAME(SIGFPE),	NAME(SIGKILL),	NAME(SIGUSR1), NAME(SIGSEGV), NAME(SIGUSR2),
	NAME(SIGPIPE),	 NAME(SIGALRM), NAME(SIGTERM),	NAME(SIGCHLD), NAME(SIGCONT), NAME(SIGSTOP),
	NAME(SIGTSTP),	 NAME(SIGTTIN), NAME(SIGTTOU),	NAME(SIGURG),  NAME(SIGXCPU), NAME(SIGXFSZ),
	NAME(SIGVTALRM), NAME(SIGPROF), NAME(SIGWINCH), NAME(SIGPOLL), NAME(SIGPWR),  NAME(SIGSYS),
#ifdef SIGSTKFLT
	NAME(SIGSTKFLT),
#endif
};

const char *signal_name(int64_t number)
{
	size_t count = sizeof(names) / sizeof(names[0]);
	return number > 0 && (uint64_t)number < count ? names[number] : NULL;
}
