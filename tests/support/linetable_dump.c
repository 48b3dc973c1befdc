/* SPDX-License-Identifier: MIT */
/*
 * Decodes tables of lines and columns from stdin, for tests/live/test_linetable.py to
 * compare with what Python says.
 *
 * Input: records of four unsigned 32-bit integers in the machine's byte order (enum
 * linetable_format, first line, number of code units, bytes of the table), each followed
 * by its table. Output: for each unit line, end_line, column and end_column as such
 * integers, signed, -1 for None; four times -2 where the table has nothing for the unit.
 */
#include "cpython/linetable.h"

#include <stdio.h>
#include <stdlib.h>

struct record {
	uint32_t format, firstlineno, units, size;
};

static bool dump(const struct record *record, const uint8_t *table)
{
	for (uint32_t unit = 0; unit < record->units; unit++) {
		struct position found;
		if (!linetable_find((enum linetable_format)record->format, table, record->size,
				    (int32_t)record->firstlineno, unit, &found))
			found = (struct position){-2, -2, -2, -2};
		if (fwrite(&found, sizeof(found), 1, stdout) != 1)
			return false;
	}
	return true;
}

int main(void)
{
	struct record record;
	while (fread(&record, sizeof(record), 1, stdin) == 1) {
		uint8_t *table = malloc(record.size + 1ul);
		bool done = table && fread(table, 1, record.size, stdin) == record.size &&
			    dump(&record, table);
		free(table);
		if (!done)
			return EXIT_FAILURE;
	}
	return ferror(stdin) || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
