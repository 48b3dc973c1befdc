/* SPDX-License-Identifier: MIT */
/* Own frames. See snapshot/own.h. */
#include "snapshot/own.h"

#include "base/glob.h"
#include "snapshot/model.h"

#include <string.h>

#define LIBRARY ((void *)1)
#define OWN ((void *)2)

static const char *const package_folders[] = {"/site-packages/", "/dist-packages/"};
#define FOLDER_COUNT (sizeof(package_folders) / sizeof(package_folders[0]))

void own_of_snapshot(struct own *own, const struct aiodbg_snapshot *snap, bool with_settings)
{
	own_begin(own, snap->os_file, with_settings ? snap->own_patterns : NULL);
	own->has_file = snap->has_file;
	own->is_flat = snap->is_flat;
	own_add_program(own, snap->program_file);
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

bool own_is_installed(const char *path)
{
	return path && behind_packages(path);
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

/* Modules of the standard library that frames are likely to be of. */
static const char *const library_names[] = {
	"__future__",  "_pyrepl",     "abc",	    "argparse",	    "ast",
	"asyncio",     "asyncore",    "asynchat",   "base64",	    "bdb",
	"bisect",      "bz2",	      "cmd",	    "code",	    "codecs",
	"codeop",      "collections", "concurrent", "configparser", "contextlib",
	"contextvars", "copy",	      "copyreg",    "csv",	    "ctypes",
	"curses",      "dataclasses", "datetime",   "dbm",	    "decimal",
	"difflib",     "dis",	      "email",	    "encodings",    "ensurepip",
	"enum",	       "fileinput",   "fnmatch",    "fractions",    "ftplib",
	"functools",   "genericpath", "getpass",    "gettext",	    "glob",
	"graphlib",    "gzip",	      "hashlib",    "heapq",	    "hmac",
	"html",	       "http",	      "imaplib",    "importlib",    "inspect",
	"io",	       "ipaddress",   "json",	    "linecache",    "locale",
	"logging",     "lzma",	      "mailbox",    "mimetypes",    "multiprocessing",
	"netrc",       "ntpath",      "numbers",    "opcode",	    "operator",
	"os",	       "pathlib",     "pdb",	    "pickle",	    "pkgutil",
	"platform",    "poplib",      "posixpath",  "pprint",	    "profile",
	"pstats",      "pty",	      "queue",	    "quopri",	    "random",
	"re",	       "reprlib",     "runpy",	    "sched",	    "secrets",
	"selectors",   "shelve",      "shlex",	    "shutil",	    "signal",
	"site",	       "smtplib",     "socket",	    "socketserver", "sqlite3",
	"sre_compile", "ssl",	      "stat",	    "statistics",   "string",
	"struct",      "subprocess",  "symtable",   "sysconfig",    "tarfile",
	"telnetlib",   "tempfile",    "textwrap",   "threading",    "timeit",
	"token",       "tokenize",    "tomllib",    "trace",	    "traceback",
	"tracemalloc", "types",	      "typing",	    "unittest",	    "urllib",
	"uuid",	       "warnings",    "wave",	    "weakref",	    "webbrowser",
	"wsgiref",     "xml",	      "xmlrpc",	    "zipapp",	    "zipfile",
	"zipimport",   "zoneinfo",
};

/* Whether the first part of the path is a module of the standard library. Where everything is in one folder,
 * only that tells it. */
static bool has_library_name(const char *path)
{
	size_t len = strcspn(path, "/.");
	for (size_t i = 0; i < sizeof(library_names) / sizeof(library_names[0]); i++) {
		if (strlen(library_names[i]) == len && !memcmp(library_names[i], path, len))
			return true;
	}
	return false;
}

/* The path below the folder of the standard library, or NULL. */
static const char *behind_stdlib(const struct own *own, const char *path)
{
	const char *behind = NULL;
	if (own->stdlib && !strncmp(path, own->stdlib, own->stdlib_len))
		behind = path + own->stdlib_len;
	if (!own->is_flat)
		return behind;
	if (!behind && path[0] != '/')
		behind = path;
	return behind && has_library_name(behind) ? behind : NULL;
}

static bool is_library(const struct own *own, const char *path)
{
	if (path && own->program && !strncmp(path, own->program, own->program_len))
		return false;
	if (path && own->patterns && is_named(own, path))
		return false;
	/* Of what has no name nobody would know where to look. */
	if (!path)
		return true;
	return (own->has_file && !strcmp(path, "<string>")) || !strncmp(path, "<frozen", 7) ||
	       behind_packages(path) || behind_stdlib(own, path);
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
	part = behind_stdlib(own, path);
	return part ? part : path;
}

const char *own_package(const struct own *own, const char *path, size_t *len)
{
	static const char frozen[] = "<frozen ";
	const char *part = path ? behind_packages(path) : NULL;
	*len = 0;
	if (path && !part)
		part = behind_stdlib(own, path);
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
