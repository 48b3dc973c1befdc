/* SPDX-License-Identifier: MIT */
/*
 * faults: whatever goes wrong with a recorded image, one thing at a time.
 *
 *	faults IMAGES NAME
 *	faults IMAGES LANE LANES [STEP]
 *
 * For the image of that name in the folder IMAGES, or for each LANES-th: each page cannot be read,
 * each read fails, memory ends behind each page, each allocation fails; or each STEP-th, from one on
 * that is another for each image: for sanitizers, where a run takes long. Every run has to end in an answer, or
 * in an error of one line that names an address; an answer from which something is missing
 * must say so. Of the lost pages it is counted how many tasks are shown, on average, exactly
 * as if nothing were missing; IMAGES/SURVIVORS has the least share for each image. No verdict of
 * `why` may be surer than with all of memory, or one that is not given then.
 *
 * One process for all of them, since there are some thousand runs for each image.
 */
#include "fail_alloc.h"
#include "image.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 4

/* The output of a command. */
struct text {
	char *bytes;
	size_t len, size;
};

/* Where in a text each task of a JSON document is. */
struct span {
	const char *start;
	size_t len;
};

struct spans {
	struct span *list;
	size_t num;
};

struct run;

/* How much of an answer is as it is when nothing goes wrong. */
typedef double judge_fn(const struct run *run, const struct text *text);

struct run {
	struct image *image;
	const char *name;
	/* What goes wrong, and at which place. */
	const char *fault;
	uint64_t at;
	const char *const *words;
	/* The tasks of the answer when nothing goes wrong, or its verdicts. */
	const struct spans *reference;
	struct spans *spans;
	judge_fn *judge;
	/* Only each step-th place, counted from first. */
	unsigned int first, step;
};

static const char *const json[WORDS_MAX] = {"pstree", "--json"};
static const char *const why[WORDS_MAX] = {"why", "--json"};

__attribute__((format(printf, 2, 3), noreturn)) static void fail(const struct run *run,
								 const char *format, ...)
{
	va_list args;
	va_start(args, format);
	fprintf(stderr, "%s, %s %s, %s %#llx: ", run->name, run->words[0],
		run->words[1] ? run->words[1] : "", run->fault, (unsigned long long)run->at);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
	va_end(args);
	exit(EXIT_FAILURE);
}

static int keep(void *ctx, const char *bytes, size_t len)
{
	struct text *text = ctx;
	if (text->len + len + 1 > text->size) {
		text->size = (text->len + len + 1) * 2;
		/* Never the one to fail. */
		text->bytes = __real_realloc(text->bytes, text->size);
		if (!text->bytes)
			abort();
	}
	memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
	text->bytes[text->len] = '\0';
	return 0;
}

static void check_error(const struct run *run, const struct aiodbg_error *err)
{
	if (!err->message[0] || strchr(err->message, '\n'))
		fail(run, "message is not one line: %s", err->message);
	if ((err->code == AIODBG_FAULT || err->code == AIODBG_CORRUPT) && !err->has_address)
		fail(run, "no address in: %s", err->message);
}

/* Returns the status; *text is what was written, never NULL. */
static int run_command(const struct run *run, struct text *text)
{
	struct aiodbg_target target = image_target(run->image);
	struct aiodbg_sink sink = {
		.size = sizeof(sink), .ctx = text, .write = keep, .unicode = true};
	struct aiodbg_error err;
	int argc = 1;
	while (run->words[argc])
		argc++;
	text->len = 0;
	keep(text, "", 0);
	run->image->num_reads = 0;
	int status = aiodbg_command_run(&target, argc, run->words, &sink, &err);
	if (status)
		check_error(run, &err);
	else if (!text->len)
		fail(run, "neither output nor error");
	return status;
}

/*
 * The parts of a JSON document that begin like this, and that are before end: each begins a line,
 * and all others that do so are indented.
 */
static void find_spans(const char *at, const char *begin, const char *end, struct spans *ret)
{
	at = strstr(at, begin);
	ret->num = 0;
	while (at && at < end) {
		const char *next = strstr(at + 1, begin);
		/* Without the comma. */
		const char *last = next && next < end ? next - 1 : end;
		ret->list = reallocarray(ret->list, ret->num + 1, sizeof(struct span));
		if (!last || !ret->list)
			abort();
		ret->list[ret->num++] = (struct span){at, (size_t)(last - at)};
		at = next;
	}
}

static void find_tasks(const struct text *text, struct spans *ret)
{
	const char *end = strstr(text->bytes, "],\n\"cycles\":");
	if (!end)
		abort();
	find_spans(text->bytes, "\n{\"id\":", end, ret);
}

static bool has_task(const struct spans *spans, const struct span *wanted)
{
	for (size_t i = 0; i < spans->num; i++) {
		const struct span *span = &spans->list[i];
		if (span->len == wanted->len && !memcmp(span->start, wanted->start, span->len))
			return true;
	}
	return false;
}

/* How many tasks of the reference are in the answer as they are there. */
static double count_intact(const struct run *run, const struct text *text)
{
	size_t intact = 0, num = run->reference->num;
	find_tasks(text, run->spans);
	for (size_t i = 0; i < num; i++)
		intact += has_task(run->spans, &run->reference->list[i]);
	if (intact < num && strstr(text->bytes, "\n\"complete\":true"))
		fail(run, "%zu of %zu tasks, and it says that it is complete", intact, num);
	return (double)intact;
}

/*
 * Verdicts.
 */

static void find_verdicts(const struct run *run, const struct text *text, struct spans *ret)
{
	const char *start = strstr(text->bytes, "\n\"verdicts\":[");
	const char *end = start ? strstr(start, "],\n\"complete\":") : NULL;
	if (!end)
		fail(run, "no verdicts in the document");
	find_spans(start, "\n{\"kind\":", end, ret);
}

/* What stands behind "key": up to an end. */
static struct span value_of(const struct span *verdict, const char *key, char end)
{
	const char *at = memmem(verdict->start, verdict->len, key, strlen(key));
	if (!at)
		abort();
	at += strlen(key);
	const char *last = memchr(at, end, (size_t)(verdict->start + verdict->len - at));
	if (!last)
		abort();
	return (struct span){at, (size_t)(last - at)};
}

static int level_of(const struct span *verdict)
{
	static const char *const levels[] = {"possible", "likely", "certain"};
	struct span value = value_of(verdict, "\"certainty\":\"", '"');
	for (int i = 0; i < 3; i++) {
		if (value.len == strlen(levels[i]) && !memcmp(value.start, levels[i], value.len))
			return i;
	}
	abort();
}

/* Whether all ids in one list are in another. */
static bool is_among(const struct span *some, const struct span *all)
{
	const char *at = some->start, *end = some->start + some->len;
	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		const char *last = comma ? comma : end;
		if (!memmem(all->start, all->len, at, (size_t)(last - at)))
			return false;
		at = last + 1;
	}
	return true;
}

/* Whether this verdict is given when nothing is missing: about these tasks at least, at least as
 * sure. */
static bool is_known(const struct spans *reference, const struct span *verdict)
{
	struct span kind = value_of(verdict, "\"kind\":\"", '"');
	struct span tasks = value_of(verdict, "\"tasks\":[", ']');
	for (size_t i = 0; i < reference->num; i++) {
		const struct span *whole = &reference->list[i];
		struct span whole_kind = value_of(whole, "\"kind\":\"", '"');
		struct span whole_tasks = value_of(whole, "\"tasks\":[", ']');
		if (kind.len == whole_kind.len && !memcmp(kind.start, whole_kind.start, kind.len) &&
		    level_of(verdict) <= level_of(whole) && is_among(&tasks, &whole_tasks))
			return true;
	}
	return false;
}

/* How many verdicts are left, none of which may be new. */
static double count_verdicts(const struct run *run, const struct text *text)
{
	find_verdicts(run, text, run->spans);
	for (size_t i = 0; i < run->spans->num; i++) {
		const struct span *verdict = &run->spans->list[i];
		if (!is_known(run->reference, verdict))
			fail(run, "not so with all of memory: %.*s", (int)verdict->len - 1,
			     verdict->start + 1);
	}
	return (double)run->spans->num;
}

struct totals {
	/* Without memory: of all pages, and where something went wrong. */
	unsigned long all_pages, pages, reads, cuts, allocations;
	double survivors;
};

static void lose_pages(struct run *run, struct text *text, struct totals *totals)
{
	struct image *image = run->image;
	double intact = 0;
	run->fault = "without the page at";
	for (size_t i = 0; i < image->num_records; i++) {
		const struct image_record *record = &image->records[i];
		for (run->at = record->start; run->at < record->end; run->at += IMAGE_PAGE_SIZE) {
			if (totals->all_pages++ % run->step != run->first)
				continue;
			if (!image_fail_page(image, run->at))
				abort();
			if (run_command(run, text) == AIODBG_OK)
				intact += run->judge(run, text);
			image->num_failing_pages = 0;
			totals->pages++;
		}
	}
	totals->survivors = intact / (double)totals->pages / (double)run->reference->num;
}

static void fail_reads(struct run *run, struct text *text, struct totals *totals)
{
	run->fault = "failing read";
	for (run->at = 1 + run->first;; run->at += run->step) {
		run->image->failing_read = run->at;
		if (run_command(run, text) == AIODBG_OK)
			run->judge(run, text);
		if (run->image->num_reads < run->at)
			break;
		totals->reads++;
	}
	run->image->failing_read = 0;
}

static void cut(struct run *run, struct text *text, struct totals *totals)
{
	run->fault = "cut behind pages";
	for (run->at = run->first; run->at < totals->all_pages; run->at += run->step) {
		image_truncate(run->image, run->at * IMAGE_PAGE_SIZE);
		if (run_command(run, text) == AIODBG_OK)
			run->judge(run, text);
		totals->cuts++;
	}
	run->image->cut_at = 0;
}

/* Either the answer is the same as ever, or there is none. */
static void fail_allocations(struct run *run, struct text *text, struct totals *totals)
{
	struct text whole = {.bytes = NULL};
	run->fault = "failing allocation";
	run->at = 0;
	if (run_command(run, &whole))
		fail(run, "error without a fault");
	for (unsigned int k = 1 + run->first;; k += run->step) {
		run->at = k;
		fail_alloc_at(k);
		int status = run_command(run, text);
		unsigned int count = fail_alloc_count();
		fail_alloc_at(0);
		if (status && status != AIODBG_NO_MEMORY)
			fail(run, "status %d", status);
		if (!status && strcmp(text->bytes, whole.bytes) != 0)
			fail(run, "another answer");
		if (count < k)
			break;
		totals->allocations++;
	}
	free(whole.bytes);
}

/* Tasks of an image on which all commands run with each allocation failing; others, which
 * have more of the same, have it for one. */
#define TASKS_FOR_ALL_COMMANDS 7

/* Commands that need no argument, each in its own format and, where it can, as JSON. */
static void fail_allocations_of_all(struct run *run, size_t num_tasks, struct text *text,
				    struct totals *totals)
{
	struct aiodbg_command command;
	bool all = num_tasks <= TASKS_FOR_ALL_COMMANDS;
	for (unsigned int i = 0; all && aiodbg_command_describe(i, &command) == AIODBG_OK; i++) {
		const char *words[WORDS_MAX] = {command.name};
		/* Settings are not of a target. */
		if (strncmp(command.usage, "TASK", 4) == 0 ||
		    strncmp(command.usage, "NAME", 4) == 0 ||
		    strncmp(command.usage, "[NAME]", 6) == 0)
			continue;
		run->words = words;
		fail_allocations(run, text, totals);
	}
	run->words = json;
	fail_allocations(run, text, totals);
}

/* The least share of tasks that survive the loss of a page; 0 if there is none. */
static double known_survivors(const char *folder, const char *wanted)
{
	char path[4096], line[256], name[128];
	double share = 0;
	snprintf(path, sizeof(path), "%s/SURVIVORS", folder);
	FILE *file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%127s %lf", name, &share) == 2 && !strcmp(name, wanted))
			break;
		share = 0;
	}
	if (file)
		fclose(file);
	return share;
}

/* Everything that can go wrong with one command but allocations. */
static void take_away(struct run *run, struct text *text, struct totals *totals)
{
	lose_pages(run, text, totals);
	fail_reads(run, text, totals);
	cut(run, text, totals);
}

/* The verdicts of what `why` says when nothing goes wrong, and then of what it says. */
static void test_verdicts(struct run *run, struct text *text)
{
	struct text whole = {.bytes = NULL};
	struct spans reference = {.list = NULL};
	struct totals totals = {.pages = 0};
	run->fault = "no fault";
	run->words = why;
	if (run_command(run, &whole))
		fail(run, "error without a fault");
	find_verdicts(run, &whole, &reference);
	run->reference = &reference;
	run->judge = count_verdicts;
	take_away(run, text, &totals);
	free(whole.bytes);
	free(reference.list);
}

static double count_nothing(const struct run *run, const struct text *text)
{
	(void)run;
	if (!strstr(text->bytes, "\"complete\":"))
		fail(run, "an answer without an end");
	return 0;
}

/* All of the first loop that a task of the document has: its queues, files and executor; and all threads. */
static void test_loop(struct run *run, const struct text *document, struct text *text)
{
	static const char key[] = "\"loop\":\"";
	static const char *const threads[WORDS_MAX] = {"threads", "--json", "--group"};
	const char *at = strstr(document->bytes, key);
	char loop[32] = "";
	const char *const words[WORDS_MAX] = {"loops", loop, "--json"};
	struct totals totals = {.pages = 0};
	if (at)
		sscanf(at + strlen(key), "%31[0-9a-fx]", loop);
	if (!loop[0])
		fail(run, "no task has a loop");
	run->judge = count_nothing;
	for (int i = 0; i < 2; i++) {
		run->words = i ? threads : words;
		run->fault = "no fault";
		if (run_command(run, text))
			fail(run, "error without a fault");
		take_away(run, text, &totals);
		fail_allocations(run, text, &totals);
	}
}

/* Of those with threads, files and an executor the oldest layout and the newest but one: others cost
 * as much, and go the same ways. */
static bool has_busy_loops(const char *name)
{
	return !strcmp(name, "3.8-stuck") || !strcmp(name, "3.14-stuck");
}

static void test_image(const char *folder, const char *name, unsigned int first, unsigned int step)
{
	struct image image = {.num_reads = 0};
	struct text whole = {.bytes = NULL}, text = {.bytes = NULL};
	struct spans reference = {.list = NULL}, spans = {.list = NULL};
	struct totals totals = {.pages = 0};
	struct run run = {
		.image = &image,
		.name = name,
		.fault = "no fault",
		.words = json,
		.reference = &reference,
		.spans = &spans,
		.judge = count_intact,
		.first = first,
		.step = step,
	};
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!image_init(&image, path))
		fail(&run, "%s", image.message);
	if (run_command(&run, &whole))
		fail(&run, "error without a fault");
	find_tasks(&whole, &reference);
	if (!reference.num)
		fail(&run, "no tasks");
	take_away(&run, &text, &totals);
	fail_allocations_of_all(&run, reference.num, &text, &totals);
	test_verdicts(&run, &text);
	run.reference = &reference;
	if (has_busy_loops(name))
		test_loop(&run, &whole, &text);
	printf("%s %.3f of %zu tasks survive (%lu pages, %lu reads, %lu cuts, %lu allocations)\n",
	       name, totals.survivors, reference.num, totals.pages, totals.reads, totals.cuts,
	       totals.allocations);
	(void)fflush(stdout);
	run.words = json;
	if (step == 1 && totals.survivors < known_survivors(folder, name))
		fail(&run, "%.3f of the tasks survive the loss of a page, less than before",
		     totals.survivors);
	free(whole.bytes);
	free(text.bytes);
	free(reference.list);
	free(spans.list);
	image_deinit(&image);
}

static int is_image(const struct dirent *entry)
{
	return entry->d_type == DT_DIR && entry->d_name[0] != '.';
}

/* Every lanes-th image, from lane on. */
static void test_lane(const char *folder, int lane, int lanes, unsigned int step)
{
	struct dirent **entries;
	int num = scandir(folder, &entries, is_image, alphasort);
	if (num <= 0) {
		fprintf(stderr, "no image in %s\n", folder);
		exit(EXIT_FAILURE);
	}
	for (int i = 0; i < num; i++) {
		if (i % lanes == lane)
			test_image(folder, entries[i]->d_name, (unsigned int)i % step, step);
		free(entries[i]);
	}
	free(entries);
}

int main(int argc, char **argv)
{
	int lanes = argc > 3 ? atoi(argv[3]) : 0, step = argc > 4 ? atoi(argv[4]) : 1;
	if (argc <= 5 && lanes > 0 && step > 0) {
		test_lane(argv[1], atoi(argv[2]), lanes, (unsigned int)step);
	} else if (argc == 3) {
		test_image(argv[1], argv[2], 0, 1);
	} else {
		fputs("usage: faults IMAGES NAME | faults IMAGES LANE LANES [STEP]\n", stderr);
		return EXIT_FAILURE;
	}
	return EXIT_SUCCESS;
}
