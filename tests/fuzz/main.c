/* SPDX-License-Identifier: MIT */
/*
 * Runs kept cases without libFuzzer, with any compiler:
 *
 *	fuzz_cases FILE...
 *	fuzz_cases --explain FILE...
 *
 * The second says what each does to its image, and runs nothing.
 */
#include "target.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[EDIT_KINDS] = {"set",  "xor",	    "add",	"fill",
					      "copy", "swap pages", "lose page"};

static void explain(const uint8_t *bytes, size_t size)
{
	struct input input;
	input_decode(bytes, size, &input);
	const struct input_head *head = &input.head;
	printf("  image %#" PRIx32 ", command %u, format %u, task %u, flags %u\n", head->image,
	       head->command, head->format, head->task, head->flags);
	printf("  failing read %u, failing allocation %u, pages %u\n", head->failing_read,
	       head->failing_alloc, head->pages);
	for (size_t i = 0; i < input.num_edits; i++) {
		const struct edit *edit = &input.edits[i];
		printf("  %s at %#" PRIx64 ", len %u, value %#" PRIx64 "\n",
		       kinds[edit->kind % EDIT_KINDS], edit->where, edit->len, edit->value);
	}
}

int main(int argc, char **argv)
{
	bool only_explain = argc > 1 && strcmp(argv[1], "--explain") == 0;
	for (int i = only_explain ? 2 : 1; i < argc; i++) {
		uint8_t bytes[INPUT_UNIT * (INPUT_MAX_EDITS + 1)];
		FILE *file = fopen(argv[i], "rb");
		if (!file) {
			perror(argv[i]);
			return EXIT_FAILURE;
		}
		size_t size = fread(bytes, 1, sizeof(bytes), file);
		fclose(file);
		puts(argv[i]);
		(void)fflush(stdout);
		if (only_explain)
			explain(bytes, size);
		else
			LLVMFuzzerTestOneInput(bytes, size);
	}
	return EXIT_SUCCESS;
}
