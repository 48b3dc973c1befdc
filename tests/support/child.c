/* SPDX-License-Identifier: MIT */
/* Real processes to look at. See child.h. */
#include "child.h"

#include <check.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

void child_start(struct child *child, child_fn *prepare, void *arg)
{
	char byte;
	int fds[2];
	child->shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(child->shared, MAP_FAILED);
	ck_assert_int_eq(pipe(fds), 0);
	child->pid = fork();
	ck_assert_int_ge(child->pid, 0);
	if (!child->pid) {
		/* Gone with us, however the test ends. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (prepare)
			prepare(arg, child->shared);
		if (write(fds[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(fds[1]);
	ck_assert_msg(read(fds[0], &byte, 1) == 1, "the child has ended too early");
	close(fds[0]);
}

void child_kill(const struct child *child)
{
	siginfo_t info;
	kill(child->pid, SIGKILL);
	/* Until it is a zombie. */
	waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOWAIT);
}

void child_deinit(struct child *child)
{
	kill(child->pid, SIGKILL);
	waitpid(child->pid, NULL, 0);
	munmap(child->shared, 4096);
}

void child_map_memory(void *arg, void *shared)
{
	const struct memory *memory = arg;
	(void)shared;
	for (size_t i = 0; i < memory->range_count; i++) {
		const struct memory_range *range = &memory->ranges[i];
		void *start = (void *)(uintptr_t)range->start;
		size_t len = range->end - range->start;
		/* Variables are in files. */
		int fd = memfd_create("memory", 0);
		if (write(fd, range->bytes, len) != (ssize_t)len ||
		    mmap(start, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED_NOREPLACE, fd,
			 0) != start)
			_exit(1);
		close(fd);
	}
}
