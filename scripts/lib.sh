# SPDX-License-Identifier: MIT
# Shared parts of the scripts; sourced by bash, after "set -euo pipefail".
# Callers cd to the top of the checkout first.
# shellcheck shell=bash disable=SC2034

# What the scripts need from the distribution, by purpose. Names are Debian's.
BUILD_PACKAGES=(
	meson ninja-build gcc libc6-dev pkg-config
	check                   # Check, and checkmk for the unit suites
	libelf-dev              # ELF files of processes
	libiberty-dev           # hash table
	zlib1g-dev              # tests: recorded images are compressed; and like these, cores
	libzstd-dev liblz4-dev liblzma-dev
	python3 python3-pytest  # tests of the front-ends
	python3-jsonschema      # and of documents
)
# Of the versions of LLDB that Debian 12 has, the newest; one can be there at a time.
DEBUGGER_PACKAGES=(gdb lldb-19)
ROOT_PACKAGES=(mmdebstrap debian-archive-keyring)
# Programs of other machines, and their core files.
MACHINE_PACKAGES=(qemu-user-static gdb-multiarch)
CHECK_PACKAGES=(clang-format clang-tidy)
FUZZ_PACKAGES=(clang-14 libclang-rt-14-dev)

# The scripts run commands that live in sbin folders (chroot), and want the
# distribution's Python and tools rather than what a user put before them.
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH

# Where root folders of other Debian releases are kept, outside the checkout. The
# live tests look there.
default_cache() {
	if [ "$(id -u)" = 0 ]; then
		echo /var/cache/aiodbg
	else
		echo "${XDG_CACHE_HOME:-$HOME/.cache}/aiodbg"
	fi
}
AIODBG_ROOTS=${AIODBG_CACHE:-$(default_cache)}
export AIODBG_ROOTS

say() { printf '%s\n' "$*"; }
warn() { printf '%s\n' "$*" >&2; }
die() { warn "$(basename "$0"): $*"; exit 1; }
heading() { printf '\n== %s\n' "$*"; }

# Run a command as root.
as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo -- "$@"
	else
		die "need to be root for: $*  (and there is no sudo)"
	fi
}

# Run a command without showing its output, unless it fails.
quietly() {
	local log status=0
	log=$(mktemp)
	"$@" >"$log" 2>&1 </dev/null || status=$?
	if [ $status -ne 0 ]; then
		cat "$log" >&2
		warn "failed ($status): $*"
	fi
	rm -f "$log"
	return $status
}

installed() { # PACKAGE
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# Install those of the named packages that are missing.
install_missing() { # PACKAGE...
	local package missing=()
	if ! command -v apt-get >/dev/null; then
		die "no apt-get here; install the equivalents of these by hand: $*"
	fi
	for package; do
		installed "$package" || missing+=("$package")
	done
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing with apt-get: ${missing[*]}"
	# Package lists that are old name files the mirror no longer has, so a failure
	# is only one after an update.
	apt_get install "${missing[@]}" >/dev/null 2>&1 && return
	quietly apt_get update
	quietly apt_get install "${missing[@]}"
}

apt_get() { # COMMAND [PACKAGE...]
	as_root env DEBIAN_FRONTEND=noninteractive \
		apt-get -y -q --no-install-recommends "$@" </dev/null
}

# Set up a folder to build in, if that was not done yet.
set_up() { # FOLDER [OPTION-OF-MESON-SETUP...]
	local folder=$1
	shift
	if ! [ -e "$folder/build.ninja" ]; then
		meson setup "$folder" "$@"
	fi
}

# Build into a folder.
build() { # FOLDER [OPTION-OF-MESON-SETUP...]
	set_up "$@"
	meson compile -C "$1"
}

# Only what a debugger loads: older Mesons build all tests with the rest.
build_library() { # FOLDER
	set_up "$1"
	meson compile -C "$1" aiodbg:shared_library
}

# The mirror that this machine's own packages come from, if it is a Debian.
mirror() {
	local codename=none uri=
	if [ -n "${AIODBG_MIRROR:-}" ]; then
		echo "$AIODBG_MIRROR"
		return
	fi
	if grep -q '^ID=debian$' /etc/os-release; then
		codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
		# shellcheck disable=SC2016  # apt replaces these
		uri=$(apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' \
			'Created-By: Packages' |
			sed -n "s/^$codename main //p" | sed -n 1p)
	fi
	echo "${uri:-http://deb.debian.org/debian}"
}

# Hold off other runs of the scripts that make root folders: the second waits, and finds the
# work done.
lock_roots() {
	mkdir -p "$AIODBG_ROOTS"
	exec 9>"$AIODBG_ROOTS/lock"
	flock 9
}

# Fill a new folder with packages of a Debian release, without documents.
make_root_folder() { # RELEASE FOLDER OPTION-OF-MMDEBSTRAP...
	local release=$1 folder=$2
	shift 2
	install_missing "${ROOT_PACKAGES[@]}" >&2
	# A mirror may be a snapshot, whose lists have expired by design.
	quietly as_root mmdebstrap --quiet "$@" \
		--aptopt='Acquire::Check-Valid-Until "false"' \
		--aptopt='Acquire::Languages "none"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/man/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		"$release" "$folder" "$(mirror)" 9>&-
}

# Whether the root folder's own package database has all of the packages.
has_packages() { # ROOT PACKAGE...
	local root=$1 package
	shift
	for package; do
		[ "$(dpkg-query --admindir="$root/var/lib/dpkg" -W -f '${db:Status-Status}' \
			"$package" 2>/dev/null)" = installed ] || return 1
	done
}

# Whether programs run in the root folder.
in_use() { # ROOT
	# Processes that end meanwhile make find fail.
	[ -n "$(as_root find /proc -mindepth 2 -maxdepth 2 -name root -lname "$1" 2>/dev/null || true)" ]
}

# Make a root folder, unless it is there with all packages; one that lacks some is replaced.
# $ARCHITECTURES, if it is set, names the one of its programs and all others of its libraries.
complete_root() { # RELEASE ROOT PACKAGE...
	local release=$1 root=$2
	shift 2
	! has_packages "$root" "$@" || return 0
	! in_use "$root" || die "$root lacks packages, but programs run in it: try again later"
	warn "making $root (a minute or two)"
	remove "$root.new" "$root.old"
	make_root_folder "$release" "$root.new" --variant=minbase \
		${ARCHITECTURES:+--architectures="$ARCHITECTURES"} --include="$(IFS=,; echo "$*")"
	# The name is taken only by a complete root.
	if [ -e "$root" ]; then
		as_root mv "$root" "$root.old"
	fi
	as_root mv "$root.new" "$root"
	remove "$root.old"
}

remove() { # FOLDER...
	as_root rm -rf --one-file-system "$@"
}
