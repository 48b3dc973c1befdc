/* SPDX-License-Identifier: MIT */
/*
 * replay: run an asyncio command on a recorded memory image.
 *
 *	replay [OPTION...] IMAGE COMMAND [ARGUMENT...]
 *
 * Uses only the public API, and shows how: support/image.c has all that libaiodbg needs
 * to know of a target, main() is all that it takes to run a command.
 *
 * IMAGE is a folder made by scripts/record-image: see support/image.h.
 *
 * The output goes to stdout, warnings and errors go to stderr. The exit status is 0 if
 * there is an answer, 1 if there is an error, and 2 if nothing could be run.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aiodbg.h"
#include "image.h"

enum exit_status {
	STATUS_ANSWER = 0,
	STATUS_ERROR = 1,
	STATUS_NOT_RUN = 2,
};

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("replay: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
}

/*
 * The sink: where the text goes.
 */

/* What print_text() returns when stdout takes no more. Negative values are ours. */
#define WRITE_FAILED -1

static int print_text(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	return fwrite(text, 1, len, stdout) == len ? 0 : WRITE_FAILED;
}

static void print_warning(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "warning: %s\n", line);
}

static struct aiodbg_sink standard_sink(bool unicode)
{
	return (struct aiodbg_sink){
		.size = sizeof(struct aiodbg_sink),
		.write = print_text,
		.warn = print_warning,
		.unicode = unicode,
	};
}

/*
 * The command line.
 */

static const char usage[] = "usage: replay [OPTION...] IMAGE COMMAND [ARGUMENT...]\n"
			    "\n"
			    "  --ascii           print to a terminal that can show nothing else\n"
			    "  --width N         print to a terminal of so many columns\n"
			    "  --core-only       without the files that the process had loaded\n"
			    "  --truncate N      with the first N bytes of memory only\n"
			    "  --fail-page ADDR  with an unreadable page; can be given many times\n"
			    "  --fail-read K     with a failure of the K-th read, from 1\n"
			    "  --reads           print the number of reads to stderr\n"
			    "  --help            print this\n";

struct options {
	const char *folder;
	/* The command with its arguments, NULL at the end. */
	char **command;
	int num_words;
	bool ascii, core_only, print_reads, help;
	/* UINT64_MAX: all. */
	uint64_t bytes;
	/* 0: no terminal. */
	uint64_t width;
};

static bool parse_u64(const char *text, uint64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoull(text, &end, 0);
	if (errno == 0 && end != text && *end == '\0')
		return true;
	complain("not a number: %s", text);
	return false;
}

static bool parse_option(int option, struct options *options, struct image *image)
{
	uint64_t number;
	switch (option) {
	case 'a':
		options->ascii = true;
		return true;
	case 'w':
		return parse_u64(optarg, &options->width);
	case 'c':
		options->core_only = true;
		return true;
	case 't':
		return parse_u64(optarg, &options->bytes);
	case 'p':
		return parse_u64(optarg, &number) && image_fail_page(image, number);
	case 'f':
		if (!parse_u64(optarg, &number))
			return false;
		image->failing_read = number;
		return true;
	case 'r':
		options->print_reads = true;
		return true;
	case 'h':
		options->help = true;
		return true;
	default:
		return false;
	}
}

/* Options behind the command are the command's. */
static bool parse_command_line(int argc, char **argv, struct options *options, struct image *image)
{
	static const struct option known[] = {
		{"ascii", no_argument, NULL, 'a'},
		{"width", required_argument, NULL, 'w'},
		{"core-only", no_argument, NULL, 'c'},
		{"truncate", required_argument, NULL, 't'},
		{"fail-page", required_argument, NULL, 'p'},
		{"fail-read", required_argument, NULL, 'f'},
		{"reads", no_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "+", known, NULL)) != -1) {
		if (!parse_option(option, options, image))
			return false;
	}
	if (options->help)
		return true;
	if (argc - optind < 2)
		return false;
	options->folder = argv[optind];
	options->command = argv + optind + 1;
	options->num_words = argc - optind - 1;
	return true;
}

static enum exit_status run(const struct options *options, struct image *image)
{
	struct aiodbg_target target = image_target(image);
	struct aiodbg_sink sink = standard_sink(!options->ascii);
	struct aiodbg_error err;
	sink.width = (uint32_t)options->width;
	int status = aiodbg_command_run(&target, options->num_words,
					(const char *const *)options->command, &sink, &err);
	if (fflush(stdout) != 0 || status == WRITE_FAILED) {
		complain("cannot write: %s", strerror(errno));
		return STATUS_NOT_RUN;
	}
	if (status != AIODBG_OK) {
		fprintf(stderr, "error: %s\n", err.message);
		return STATUS_ERROR;
	}
	return STATUS_ANSWER;
}

static enum exit_status load_and_run(const struct options *options, struct image *image)
{
	if (!image_init(image, options->folder)) {
		complain("%s", image->message);
		return STATUS_NOT_RUN;
	}
	image_truncate(image, options->bytes);
	image->no_files = options->core_only;
	enum exit_status status = run(options, image);
	if (options->print_reads)
		fprintf(stderr, "reads: %lu\n", image->num_reads);
	return status;
}

int main(int argc, char **argv)
{
	struct options options = {.bytes = UINT64_MAX};
	struct image image = {.num_reads = 0};
	enum exit_status status = STATUS_ANSWER;

	if (!parse_command_line(argc, argv, &options, &image)) {
		fputs(usage, stderr);
		status = STATUS_NOT_RUN;
	} else if (options.help) {
		fputs(usage, stdout);
	} else {
		status = load_and_run(&options, &image);
	}
	image_deinit(&image);
	return (int)status;
}
