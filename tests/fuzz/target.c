/* SPDX-License-Identifier: MIT */
/*
 * The fuzz target: a command, on a recorded image that an input has changed (input.h). Any
 * crash, leak and undefined behaviour is the sanitizers' to find, time and memory are
 * libFuzzer's; what else has to hold is checked here, and ends in abort().
 *
 * The images stay in memory; changes are undone after each execution.
 */
#include "target.h"

#include "base/text.h"
#include "fail_alloc.h"
#include "json_tree.h"
#include "memory/pagecache.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Recordings of whole cores take seconds to load, and bring nothing that others have not. */
#define MEMORY_MAX (1 << 20)

/* The largest output of an image as it is has 40 KB. */
#define OUTPUT_MAX (32u << 20)

/* Images are small: this many reads are a search that does not end. */
#define READS_MAX 2000000

#define COMMANDS_MAX 16

static struct bases bases;
static struct aiodbg_command commands[COMMANDS_MAX];
static size_t num_commands;

static char *output;
static size_t output_len, output_size;

static struct base *traced;
static bool large_blocks;

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fputs("fuzz: ", stderr);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	abort();
}

/*
 * What the library looks at: it reads whole blocks, so the read callback knows less. And how
 * it does that.
 */

/* The symbols of --wrap. */
typeof(pagecache_read) __real_pagecache_read;
typeof(pagecache_read) __wrap_pagecache_read;
typeof(pagecache_init) __real_pagecache_init;
typeof(pagecache_init) __wrap_pagecache_init;

int __wrap_pagecache_init(struct pagecache *cache, const struct aiodbg_target *target,
			  const struct aiodbg_options *options)
{
	static const struct aiodbg_options small = {
		.size = sizeof(small), .block_size = 4096, .cache_size = 1 << 20};
	return __real_pagecache_init(cache, target, large_blocks ? options : &small);
}

int __wrap_pagecache_read(struct pagecache *cache, uint64_t addr, void *buf, size_t len,
			  uint64_t *fault)
{
	int code = __real_pagecache_read(cache, addr, buf, len, fault);
	if (!traced || code)
		return code;
	if (traced->num_ranges == traced->max_ranges) {
		traced->max_ranges = traced->max_ranges * 2 + 1024;
		traced->ranges = reallocarray(traced->ranges, traced->max_ranges,
					      sizeof(struct range));
		if (!traced->ranges)
			die("out of memory");
	}
	traced->ranges[traced->num_ranges++] = (struct range){addr, len};
	return code;
}

static int compare_ranges(const void *a, const void *b)
{
	const struct range *x = a, *y = b;
	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return x->len < y->len ? -1 : x->len > y->len;
}

static void unique_ranges(struct base *base)
{
	size_t kept = 0;
	if (!base->num_ranges)
		die("no read was seen");
	qsort(base->ranges, base->num_ranges, sizeof(struct range), compare_ranges);
	for (size_t i = 1; i < base->num_ranges; i++) {
		if (compare_ranges(&base->ranges[kept], &base->ranges[i]) != 0)
			base->ranges[++kept] = base->ranges[i];
	}
	base->num_ranges = kept + 1;
}

/*
 * The sink, and what output has to be like.
 */

static int keep_output(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	if (len > OUTPUT_MAX - output_len)
		die("more than %u bytes of output", OUTPUT_MAX);
	if (output_len + len > output_size) {
		output_size = (output_len + len) * 2;
		char *larger = __real_realloc(output, output_size);
		if (!larger)
			die("out of memory");
		output = larger;
	}
	memcpy(output + output_len, text, len);
	output_len += len;
	return 0;
}

static void check_text(const char *text, size_t len, bool unicode)
{
	size_t used;
	for (size_t at = 0; at < len; at += used) {
		used = 1;
		/* Nearly all. */
		if (text[at] >= ' ' && text[at] < 0x7f)
			continue;
		int32_t c = text_decode(text + at, len - at, &used);
		if (c < 0 || (c != '\n' && text_is_unsafe((uint32_t)c)))
			die("character %#x in output, at %zu", (unsigned)c, at);
		if (!unicode && c > 0x7f)
			die("character %#x where only ASCII can be shown, at %zu", (unsigned)c, at);
	}
}

static void check_warning(void *ctx, const char *line)
{
	(void)ctx;
	if (!line[0] || strchr(line, '\n'))
		die("warning is not one line: %s", line);
	check_text(line, strlen(line), true);
}

static void check_json(void)
{
	size_t at;
	if (!json_tree_parse(output, output_len, NULL, &at))
		die("output is no JSON from %zu on", at);
}

static void check_error(int status, const struct aiodbg_error *err)
{
	if (status != err->code || status < 0 || status > AIODBG_TOO_MUCH)
		die("status %d, code of the error %d", status, err->code);
	if (!status)
		return;
	if (!err->message[0] || strchr(err->message, '\n'))
		die("message is not one line: %s", err->message);
	check_text(err->message, strlen(err->message), true);
	if ((status == AIODBG_FAULT || status == AIODBG_CORRUPT) && !err->has_address)
		die("no address in: %s", err->message);
}

/*
 * One execution.
 */

struct job {
	struct base *base;
	const char *words[6];
	int num_words;
	const char *format;
	struct aiodbg_sink sink;
};

static const char *const formats[] = {NULL, "table", "tree", "json"};

/* Which command, with which arguments: what it takes is in its usage. */
static struct job make_job(const struct input_head *head)
{
	const struct aiodbg_command *command = &commands[head->command % num_commands];
	struct job job = {.base = base_of(head), .num_words = 1};
	job.words[0] = command->name;
	size_t format = head->format % (sizeof(formats) / sizeof(formats[0]));
	if (formats[format] && strstr(command->usage, "--format")) {
		job.format = formats[format];
		job.words[job.num_words++] = "--format";
		job.words[job.num_words++] = job.format;
	}
	if (head->flags & INPUT_WAITS && strstr(command->usage, "--waits"))
		job.words[job.num_words++] = "--waits";
	if (head->flags & INPUT_WAITS && strstr(command->usage, "--locals"))
		job.words[job.num_words++] = "--locals";
	/* Of the first thread, or none. */
	if (head->task % 2 && job.base->tid[0] && strstr(command->usage, "TID"))
		job.words[job.num_words++] = job.base->tid;
	/* Not its last: without a task it means another one, or is an error. */
	size_t task = head->task % (job.base->num_tasks + 1);
	if (task < job.base->num_tasks && job.base->loop[0] && strstr(command->usage, "LOOP"))
		job.words[job.num_words++] = job.base->loop;
	else if (task < job.base->num_tasks && strstr(command->usage, "TASK"))
		job.words[job.num_words++] = job.base->tasks[task];
	job.sink = (struct aiodbg_sink){
		.size = sizeof(job.sink),
		.write = keep_output,
		.warn = check_warning,
		.unicode = head->flags & INPUT_UNICODE,
	};
	return job;
}

static int run_command(const struct job *job, struct aiodbg_error *err)
{
	struct aiodbg_target target = image_target(&job->base->image);
	return aiodbg_command_run(&target, job->num_words, job->words, &job->sink, err);
}

static int run_calls(const struct job *job, bool waits, struct aiodbg_error *err)
{
	const struct aiodbg_request request = {
		.size = sizeof(request),
		.wants = waits ? AIODBG_WANT_WAITS | AIODBG_WANT_VERDICTS | AIODBG_WANT_FINISHED
			       : 0,
	};
	struct aiodbg_target target = image_target(&job->base->image);
	struct aiodbg *dbg;
	struct aiodbg_snapshot *snap;
	int status = aiodbg_open(&target, NULL, err, &dbg);
	if (status)
		return status;
	status = aiodbg_snapshot_create(dbg, &request, err, &snap);
	if (!status) {
		status = aiodbg_render(snap, job->format ? job->format : "tree", NULL, &job->sink,
				       err);
		aiodbg_snapshot_destroy(snap);
	}
	aiodbg_close(dbg);
	return status;
}

static void run(const struct input *input)
{
	const struct input_head *head = &input->head;
	struct job job = make_job(head);
	struct image *image = &job.base->image;
	struct aiodbg_error err = {.code = 0};
	output_len = 0;
	large_blocks = head->flags & INPUT_LARGE_BLOCKS;
	input_apply(input, image);
	fail_alloc_at(head->failing_alloc);
	int status = head->flags & INPUT_CALLS ? run_calls(&job, head->flags & INPUT_WAITS, &err)
					       : run_command(&job, &err);
	fail_alloc_at(0);
	if (image->num_reads > READS_MAX)
		die("%lu reads", image->num_reads);
	input_undo(image);
	check_error(status, &err);
	check_text(output, output_len, job.sink.unicode);
	if (!status && !output_len)
		die("no output and no error");
	if (!status && job.format && !strcmp(job.format, "json"))
		check_json();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct input input;
	bases_get();
	input_decode(bytes, size, &input);
	run(&input);
	return 0;
}

/*
 * Loading.
 */

static void add_tasks(struct base *base)
{
	static const char key[] = "\"id\":\"";
	/* So that it ends. */
	keep_output(NULL, "", 1);
	const char *tid = strstr(output, "\"tid\":");
	if (tid)
		snprintf(base->tid, sizeof(base->tid), "%.*s",
			 (int)strspn(tid + strlen("\"tid\":"), "0123456789"),
			 tid + strlen("\"tid\":"));
	const char *loop = strstr(output, "\"loop\":\"");
	if (loop)
		snprintf(base->loop, sizeof(base->loop), "%.*s",
			 (int)strcspn(loop + strlen("\"loop\":\""), "\""),
			 loop + strlen("\"loop\":\""));
	for (const char *at = output; (at = strstr(at, key)); at++) {
		const char *id = at + strlen(key);
		base->tasks = reallocarray(base->tasks, base->num_tasks + 1,
					   sizeof(base->tasks[0]));
		if (!base->tasks)
			die("out of memory");
		snprintf(base->tasks[base->num_tasks++], sizeof(base->tasks[0]), "%.*s",
			 (int)strcspn(id, "\""), id);
	}
}

/* Runs all commands on the image as it is. */
static void trace(struct base *base)
{
	struct input input = {.head = {.image = base->hash}};
	traced = base;
	for (size_t i = 0; i < num_commands * 4; i++) {
		input.head.command = (uint8_t)(i / 4);
		input.head.format = i % 4;
		run(&input);
		if (i == 3)
			add_tasks(base);
	}
	traced = NULL;
	unique_ranges(base);
}

static bool is_small_image(const char *folder)
{
	char path[4200];
	struct stat status;
	snprintf(path, sizeof(path), "%s/memory.gz", folder);
	return stat(path, &status) == 0 && status.st_size <= MEMORY_MAX;
}

static int compare_bases(const void *a, const void *b)
{
	const struct base *x = a, *y = b;
	if (x->small != y->small)
		return x->small ? -1 : 1;
	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static void load_images(const char *folder)
{
	struct dirent **names;
	int num = scandir(folder, &names, NULL, alphasort);
	if (num < 0)
		die("%s cannot be read", folder);
	bases.list = calloc((size_t)num, sizeof(*bases.list));
	if (!bases.list)
		die("out of memory");
	for (int i = 0; i < num; i++) {
		char path[4096];
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]->d_name);
		if (names[i]->d_name[0] != '.' && is_small_image(path)) {
			struct base *base = &bases.list[bases.num++];
			base->hash = input_hash(names[i]->d_name);
			base->small = strstr(names[i]->d_name, "-small") ||
				      strstr(names[i]->d_name, "-stuck");
			bases.num_small += base->small;
			if (!image_init(&base->image, path))
				die("%s", base->image.message);
		}
		free(names[i]);
	}
	free(names);
	if (!bases.num)
		die("no image in %s", folder);
	qsort(bases.list, bases.num, sizeof(*bases.list), compare_bases);
}

const struct bases *bases_get(void)
{
	if (bases.num)
		return &bases;
	const char *folder = getenv("AIODBG_IMAGES");
	while (num_commands < COMMANDS_MAX &&
	       aiodbg_command_describe((unsigned int)num_commands, &commands[num_commands]) == 0)
		num_commands++;
	load_images(folder ? folder : "tests/images");
	for (size_t i = 0; i < bases.num; i++)
		trace(&bases.list[i]);
	return &bases;
}

struct base *base_of(const struct input_head *head)
{
	for (size_t i = 0; i < bases.num; i++) {
		if (bases.list[i].hash == head->image)
			return &bases.list[i];
	}
	return &bases.list[head->image % bases.num];
}
