/* SPDX-License-Identifier: MIT */
/*
 * replay: run an asyncio command on a recorded memory image.
 *
 *	replay [OPTION...] IMAGE COMMAND [ARGUMENT...]
 *
 * Uses only the public API, and shows how: image_read() and the functions below it
 * are all that libaiodbg needs to know of a target, main() is all that it takes to
 * run a command.
 *
 * IMAGE is a folder made by scripts/record-image. Its MANIFEST has lines "key: value",
 * its memory.gz is a gzip of records, sorted, not touching: address and length, 64 bits
 * each, little-endian, then the bytes. Whatever is in no record cannot be read.
 *
 * The output goes to stdout, warnings and errors go to stderr. The exit status is 0 if
 * there is an answer, 1 if there is an error, and 2 if nothing could be run.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "aiodbg.h"

#define PAGE_SIZE UINT64_C(4096)
#define PLACE_NAME_MAX 63
/* A recording is kilobytes, a few megabytes at the most. */
#define IMAGE_MAX (UINT64_C(1) << 30)

enum exit_status {
	STATUS_ANSWER = 0,
	STATUS_ERROR = 1,
	STATUS_NOT_RUN = 2,
};

struct record {
	uint64_t start, end;
	unsigned char *bytes;
};

/* A symbol has no length. */
struct place {
	char name[PLACE_NAME_MAX + 1];
	unsigned int index;
	uint64_t address, len;
};

struct places {
	struct place *list;
	size_t num;
};

struct image {
	uint32_t word_size, byte_order, kind, pid;
	struct record *records;
	size_t num_records;
	struct places symbols, sections;

	/* What shall go wrong: see the options. */
	uint64_t *failing_pages;
	size_t num_failing_pages;
	unsigned long failing_read;
	/* Calls of image_read() so far. */
	unsigned long num_reads;
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

/* The array with room for one more element behind its num elements, or NULL. */
static void *grow(void *array, size_t num, size_t size)
{
	void *larger = reallocarray(array, num + 1, size);
	if (!larger)
		complain("out of memory");
	return larger;
}

/*
 * The target: what a debugger would do with its process or core.
 */

static bool is_failing(const struct image *image, uint64_t start, uint64_t end)
{
	if (image->num_reads == image->failing_read)
		return true;
	for (size_t i = 0; i < image->num_failing_pages; i++) {
		uint64_t page = image->failing_pages[i];
		if (start <= page + (PAGE_SIZE - 1) && page < end)
			return true;
	}
	return false;
}

/* The record with the lowest end above addr, or NULL. */
static const struct record *next_record(const struct image *image, uint64_t addr)
{
	size_t low = 0, high = image->num_records;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (image->records[middle].end > addr)
			high = middle;
		else
			low = middle + 1;
	}
	return low < image->num_records ? &image->records[low] : NULL;
}

static int image_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct image *image = ctx;
	const struct record *record = next_record(image, addr);
	image->num_reads++;
	if (!record || addr < record->start || len > record->end - addr)
		return AIODBG_FAULT;
	if (is_failing(image, addr, addr + len))
		return AIODBG_FAULT;
	memcpy(buf, record->bytes + (addr - record->start), len);
	return AIODBG_OK;
}

static const struct place *find_place(const struct places *places, const char *name,
				      unsigned int index)
{
	for (size_t i = 0; i < places->num; i++) {
		const struct place *place = &places->list[i];
		if (place->index == index && strcmp(place->name, name) == 0)
			return place;
	}
	return NULL;
}

static int image_find_symbol(void *ctx, const char *name, unsigned int index, uint64_t *ret)
{
	const struct image *image = ctx;
	const struct place *symbol = find_place(&image->symbols, name, index);
	if (!symbol)
		return AIODBG_NOT_FOUND;
	*ret = symbol->address;
	return AIODBG_OK;
}

static int image_find_section(void *ctx, const char *name, unsigned int index, uint64_t *addr,
			      uint64_t *len)
{
	const struct image *image = ctx;
	const struct place *section = find_place(&image->sections, name, index);
	if (!section)
		return AIODBG_NOT_FOUND;
	*addr = section->address;
	*len = section->len;
	return AIODBG_OK;
}

static int image_next_region(void *ctx, uint64_t addr, struct aiodbg_region *ret)
{
	const struct record *record = next_record(ctx, addr);
	if (!record)
		return AIODBG_NOT_FOUND;
	ret->start = record->start;
	ret->end = record->end;
	/* Not recorded. */
	ret->writable = 1;
	return AIODBG_OK;
}

static struct aiodbg_target image_target(struct image *image)
{
	return (struct aiodbg_target){
		.size = sizeof(struct aiodbg_target),
		.ctx = image,
		.word_size = image->word_size,
		.byte_order = image->byte_order,
		.kind = image->kind,
		.pid = image->pid,
		.read = image_read,
		.find_symbol = image_find_symbol,
		.find_section = image_find_section,
		.next_region = image_next_region,
	};
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
 * Loading an image.
 */

static bool add_place(struct places *places, const char *value)
{
	struct place *larger = grow(places->list, places->num, sizeof(*larger));
	if (!larger)
		return false;
	places->list = larger;
	struct place *place = &larger[places->num];
	*place = (struct place){.len = 0};
	if (sscanf(value, "%63s %u 0x%" SCNx64 " 0x%" SCNx64, place->name, &place->index,
		   &place->address, &place->len) < 3)
		return false;
	places->num++;
	return true;
}

static bool set_number(uint32_t *number, const char *value)
{
	return sscanf(value, "%" SCNu32, number) == 1;
}

static bool set_choice(uint32_t *number, const char *value, const char *one, const char *two)
{
	*number = strcmp(value, one) == 0 ? 1 : strcmp(value, two) == 0 ? 2 : 0;
	return *number != 0;
}

/* Other keys tell people where the image is from. */
static bool set_property(struct image *image, const char *key, const char *value)
{
	if (strcmp(key, "word_size") == 0)
		return set_number(&image->word_size, value);
	if (strcmp(key, "pid") == 0)
		return set_number(&image->pid, value);
	if (strcmp(key, "byte_order") == 0)
		return set_choice(&image->byte_order, value, "little", "big");
	if (strcmp(key, "kind") == 0)
		return set_choice(&image->kind, value, "process", "core");
	if (strcmp(key, "symbol") == 0)
		return add_place(&image->symbols, value);
	if (strcmp(key, "section") == 0)
		return add_place(&image->sections, value);
	return true;
}

static bool parse_manifest(struct image *image, FILE *file, const char *path)
{
	char line[4096];

	for (unsigned int number = 1; fgets(line, sizeof(line), file); number++) {
		char *value = strstr(line, ": ");
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == '\0')
			continue;
		if (value) {
			*value = '\0';
			value += 2;
		}
		if (!value || !set_property(image, line, value)) {
			complain("%s:%u: cannot be understood", path, number);
			return false;
		}
	}
	return true;
}

static bool load_manifest(struct image *image, const char *path)
{
	FILE *file = fopen(path, "r");
	if (!file) {
		complain("%s: %s", path, strerror(errno));
		return false;
	}
	bool ok = parse_manifest(image, file, path);
	fclose(file);
	return ok;
}

static uint64_t little_u64(const unsigned char *bytes)
{
	uint64_t number = 0;
	for (int i = 7; i >= 0; i--)
		number = number << 8 | bytes[i];
	return number;
}

/* The start of a record for the bytes that follow. */
static struct record *add_record(struct image *image, const unsigned char *header)
{
	uint64_t start = little_u64(header), len = little_u64(header + 8);
	uint64_t end = start + len;
	if (len == 0 || len > IMAGE_MAX || end < start)
		return NULL;
	struct record *larger = grow(image->records, image->num_records, sizeof(*larger));
	if (!larger)
		return NULL;
	image->records = larger;
	struct record *record = &larger[image->num_records];
	if (image->num_records > 0 && start <= record[-1].end)
		return NULL;
	*record = (struct record){.start = start, .end = end, .bytes = malloc(len)};
	if (!record->bytes)
		return NULL;
	image->num_records++;
	return record;
}

/* Returns 1, 0 at the end of the file, or -1. */
static int load_record(struct image *image, gzFile file)
{
	unsigned char header[16];
	int got = gzread(file, header, sizeof(header));
	if (got == 0)
		return 0;
	if (got != sizeof(header))
		return -1;
	struct record *record = add_record(image, header);
	if (!record)
		return -1;
	unsigned int len = (unsigned int)(record->end - record->start);
	return gzread(file, record->bytes, len) == (int)len ? 1 : -1;
}

static bool load_memory(struct image *image, const char *path)
{
	gzFile file = gzopen(path, "rb");
	if (!file) {
		complain("%s: %s", path, strerror(errno));
		return false;
	}
	int loaded;
	do {
		loaded = load_record(image, file);
	} while (loaded > 0);
	if (gzclose(file) != Z_OK || loaded < 0) {
		complain("%s: damaged after %zu records", path, image->num_records);
		return false;
	}
	return true;
}

static bool image_init(struct image *image, const char *folder)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/MANIFEST", folder);
	if (!load_manifest(image, path))
		return false;
	snprintf(path, sizeof(path), "%s/memory.gz", folder);
	return load_memory(image, path);
}

static void image_deinit(struct image *image)
{
	for (size_t i = 0; i < image->num_records; i++)
		free(image->records[i].bytes);
	free(image->records);
	free(image->symbols.list);
	free(image->sections.list);
	free(image->failing_pages);
}

/* Keep the first bytes only, as of a core file that a full disk has cut off. */
static void image_truncate(struct image *image, uint64_t bytes)
{
	for (size_t i = 0; i < image->num_records; i++) {
		struct record *record = &image->records[i];
		uint64_t len = record->end - record->start;
		if (len >= bytes)
			record->end = record->start + bytes;
		bytes -= record->end - record->start;
	}
	/* The empty ones are the last. */
	while (image->num_records > 0) {
		struct record *last = &image->records[image->num_records - 1];
		if (last->start < last->end)
			break;
		free(last->bytes);
		image->num_records--;
	}
}

/* Forget the files that the process had loaded, as of a core file alone. */
static void image_drop_files(struct image *image)
{
	image->symbols.num = 0;
	image->sections.num = 0;
}

/*
 * The command line.
 */

static const char usage[] = "usage: replay [OPTION...] IMAGE COMMAND [ARGUMENT...]\n"
			    "\n"
			    "  --ascii           print to a terminal that can show nothing else\n"
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

static bool add_failing_page(struct image *image, const char *text)
{
	uint64_t address;
	if (!parse_u64(text, &address))
		return false;
	uint64_t *larger = grow(image->failing_pages, image->num_failing_pages, sizeof(*larger));
	if (!larger)
		return false;
	image->failing_pages = larger;
	larger[image->num_failing_pages++] = address & -PAGE_SIZE;
	return true;
}

static bool parse_option(int option, struct options *options, struct image *image)
{
	uint64_t number;
	switch (option) {
	case 'a':
		options->ascii = true;
		return true;
	case 'c':
		options->core_only = true;
		return true;
	case 't':
		return parse_u64(optarg, &options->bytes);
	case 'p':
		return add_failing_page(image, optarg);
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
	if (!image_init(image, options->folder))
		return STATUS_NOT_RUN;
	image_truncate(image, options->bytes);
	if (options->core_only)
		image_drop_files(image);
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
	return status;
}
