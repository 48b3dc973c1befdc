/* SPDX-License-Identifier: MIT */
/* What a command printed. See capture.h. */
#include "capture.h"

#include "fail_alloc.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static int capture_write(void *ctx, const char *text, size_t len)
{
	struct capture *capture = ctx;
	capture->writes++;
	if (capture->status)
		return capture->status;
	/* Never the one to fail. */
	char *longer = __real_realloc(capture->text, capture->len + len + 1);
	if (!longer)
		abort();
	memcpy(longer + capture->len, text, len);
	capture->text = longer;
	capture->len += len;
	longer[capture->len] = '\0';
	return 0;
}

static int capture_interrupted(void *ctx)
{
	return ((struct capture *)ctx)->interrupted;
}

void capture_init(struct capture *capture, bool unicode)
{
	*capture = (struct capture){
		.sink =
			{
				.size = sizeof(capture->sink),
				.ctx = capture,
				.write = capture_write,
				.interrupted = capture_interrupted,
				.unicode = unicode,
			},
		.text = calloc(1, 1),
	};
	ck_assert_ptr_nonnull(capture->text);
}

void capture_deinit(struct capture *capture)
{
	free(capture->text);
}

void capture_clear(struct capture *capture)
{
	capture->len = 0;
	capture->text[0] = '\0';
}
