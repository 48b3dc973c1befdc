/* SPDX-License-Identifier: MIT */
/* Own frames. See snapshot/own.h. */
#include "snapshot/own.h"

#include "base/error.h"
#include "cpython/modules.h"
#include "cpython/str.h"
#include "snapshot/waits.h"

#include <string.h>

#define LIBRARY ((void *)1)
#define OWN ((void *)2)

static const char *const package_folders[] = {"/site-packages/", "/dist-packages/"};
#define FOLDER_COUNT (sizeof(package_folders) / sizeof(package_folders[0]))

int own_init(struct own *own, struct decoder *decoder, const struct interp *interp)
{
	uint64_t path = 0;
	const char *text = NULL;
	*own = (struct own){0};
	if (!interp)
		return 0;
	int status = modules_global(decoder, interp, "os", "__file__", &path);
	if (!status && path)
		status = str_read(decoder, path, &text);
	if (error_is_fatal(status))
		return status;
	const char *end = text ? strrchr(text, '/') : NULL;
	if (status || !end)
		return 0;
	own->stdlib = text;
	own->stdlib_len = (size_t)(end + 1 - text);
	return 0;
}

void own_deinit(struct own *own)
{
	addrmap_deinit(&own->known);
}

/* What follows the last folder of packages in it, or NULL. */
static const char *behind_packages(const char *path)
{
	const char *found = NULL;
	for (size_t i = 0; i < FOLDER_COUNT; i++) {
		const char *part = path;
		while ((part = strstr(part, package_folders[i])) != NULL) {
			part += strlen(package_folders[i]);
			if (!found || part > found)
				found = part;
		}
	}
	return found;
}

static bool is_stdlib(const struct own *own, const char *path)
{
	return own->stdlib && !strncmp(path, own->stdlib, own->stdlib_len);
}

static bool is_library(const struct own *own, const struct code *code)
{
	const char *path = code->filename;
	/* Of what has no name nobody would know where to look. */
	return !path || !strncmp(path, "<frozen", 7) || behind_packages(path) ||
	       is_stdlib(own, path);
}

bool own_is(struct own *own, const struct code *code)
{
	void *known = addrmap_get(&own->known, code->addr);
	if (!known) {
		known = is_library(own, code) ? LIBRARY : OWN;
		/* Without memory it is found out each time. */
		addrmap_put(&own->known, code->addr, known);
	}
	return known == OWN;
}

const char *own_short_path(const struct own *own, const char *path)
{
	const char *part = behind_packages(path);
	if (part)
		return part;
	return is_stdlib(own, path) ? path + own->stdlib_len : path;
}

/* Bytes of the folder, with its slash, that both paths are in, of the first max bytes. */
static size_t common_folder(const char *a, const char *b, size_t max)
{
	size_t slash = 0;
	for (size_t i = 0; i < max && a[i] && a[i] == b[i]; i++) {
		if (a[i] == '/')
			slash = i + 1;
	}
	return slash;
}

void own_find_folder(const struct aiodbg_snapshot *snap, struct waits *waits)
{
	for (size_t i = 0; i < snap->tasks.count; i++) {
		const struct location *location = waits->of_tasks[i].site.location;
		const char *path = location ? location->code->filename : NULL;
		if (!path)
			continue;
		if (!waits->own_folder) {
			waits->own_folder = path;
			waits->own_folder_len = strlen(path);
		}
		waits->own_folder_len = common_folder(waits->own_folder, path,
						      waits->own_folder_len);
	}
}
