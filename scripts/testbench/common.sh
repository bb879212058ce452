# shellcheck shell=bash
# Shared by the machines of the test bench.

# Debian's kernel that the bench is made of.
# shellcheck disable=SC2034 # for the scripts that source this
source_package=linux-source-6.12
# shellcheck disable=SC2034
kernels=${XDG_CACHE_HOME:-$HOME/.cache}/hsv-testbench

# What a computer without the bench is told: exit code 77; in CI an error.
unavailable() {
    printf 'test bench: skipped, %s\n' "$1" >&2
    [ -z "${CI:-}" ] || exit 1
    exit 77
}

# unpack_source VERSION FOLDER [FILE...] : the kernel's source, or these files of it, into the folder.
unpack_source() {
    local version=$1 into=$2
    shift 2
    (cd "$into" && apt-get download -q "$source_package=$version") || unavailable "$source_package could not be fetched"
    dpkg-deb --fsys-tarfile "$into/$source_package"_*.deb | tar -xO --wildcards "*/$source_package.tar.xz" |
        tar -C "$into" -xJ "${@/#/$source_package/}"
    rm "$into/$source_package"_*.deb
}
