/* SPDX-License-Identifier: MIT */
/* Own frames. See snapshot/own.h. */
#include "snapshot/own.h"

#include "base/error.h"
#include "base/glob.h"
#include "cpython/modules.h"
#include "cpython/str.h"
#include "snapshot/model.h"

#include <string.h>

#define LIBRARY ((void *)1)
#define OWN ((void *)2)

static const char *const package_folders[] = {"/site-packages/", "/dist-packages/"};
#define FOLDER_COUNT (sizeof(package_folders) / sizeof(package_folders[0]))

int own_init(struct own *own, struct decoder *decoder, const struct aiodbg_snapshot *snap)
{
	uint64_t path = 0;
	const char *text = NULL;
	own_begin(own, snap->os_file, snap->own_patterns);
	if (!snap->interps.count)
		return 0;
	int status = modules_global(decoder, &snap->interps.items[0], "os", "__file__", &path);
	if (!status && path)
		status = str_read(decoder, path, &text);
	if (error_is_fatal(status))
		return status;
	if (!status && text)
		own_begin(own, text, snap->own_patterns);
	own->has_file = snap->main_file != NULL;
	return 0;
}

void own_begin(struct own *own, const char *os_file, const char *patterns)
{
	const char *end = os_file ? strrchr(os_file, '/') : NULL;
	*own = (struct own){.patterns = patterns};
	if (!end)
		return;
	own->stdlib = os_file;
	own->stdlib_len = (size_t)(end + 1 - os_file);
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

void own_add_program(struct own *own, const char *main_file)
{
	const char *package = main_file ? behind_packages(main_file) : NULL;
	const char *end = package ? strchr(package, '/') : NULL;
	if (!package)
		return;
	/* Its package, or a file that is there by itself. */
	own->program = main_file;
	own->program_len = end ? (size_t)(end + 1 - main_file) : strlen(main_file);
	addrmap_deinit(&own->known);
}

/* Whether one of the patterns fits. They are the user's, and short. */
static bool is_named(const struct own *own, const char *path)
{
	char pattern[GLOB_MAX + 1];
	struct work work = {.left = UINT32_MAX};
	bool fits = false;
	const char *next = own->patterns;
	while (next && *next && !fits) {
		size_t len = strcspn(next, ":");
		if (len && len < sizeof(pattern)) {
			memcpy(pattern, next, len);
			pattern[len] = '\0';
			glob_match(&work, pattern, path, &fits);
		}
		next += len + (next[len] == ':');
	}
	return fits;
}

static bool is_stdlib(const struct own *own, const char *path)
{
	return own->stdlib && !strncmp(path, own->stdlib, own->stdlib_len);
}

static bool is_library(const struct own *own, const char *path)
{
	if (path && own->program && !strncmp(path, own->program, own->program_len))
		return false;
	if (path && own->patterns && is_named(own, path))
		return false;
	/* Of what has no name nobody would know where to look. */
	if (path && own->has_file && !strcmp(path, "<string>"))
		return true;
	return !path || !strncmp(path, "<frozen", 7) || behind_packages(path) ||
	       is_stdlib(own, path);
}

bool own_is(struct own *own, const struct code *code)
{
	/* Not all code is at an address: some is compiled. */
	uint64_t key = (uint64_t)(uintptr_t)code;
	void *known = addrmap_get(&own->known, key);
	if (!known) {
		known = is_library(own, code->filename) ? LIBRARY : OWN;
		/* Without memory it is found out each time. */
		addrmap_put(&own->known, key, known);
	}
	return known == OWN;
}

bool own_is_file(const struct own *own, const char *path)
{
	return !is_library(own, path);
}

const char *own_short_path(const struct own *own, const char *path)
{
	const char *part = behind_packages(path);
	if (part)
		return part;
	return is_stdlib(own, path) ? path + own->stdlib_len : path;
}

const char *own_package(const struct own *own, const char *path, size_t *len)
{
	static const char frozen[] = "<frozen ";
	const char *part = path ? behind_packages(path) : NULL;
	*len = 0;
	if (path && !part && is_stdlib(own, path))
		part = path + own->stdlib_len;
	if (path && !part && !strncmp(path, frozen, strlen(frozen)))
		part = path + strlen(frozen);
	if (!part)
		return NULL;
	*len = strcspn(part, "/.>");
	return part;
}

size_t own_common_folder(const char *a, const char *b, size_t max)
{
	size_t slash = 0;
	for (size_t i = 0; i < max && a[i] && a[i] == b[i]; i++) {
		if (a[i] == '/')
			slash = i + 1;
	}
	return slash;
}
