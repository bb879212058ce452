# shellcheck shell=bash
# Shared by the scripts of this folder: where things are, and how missing tools are installed.

HSV_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034 # for the scripts that source this
HSV_TARGET=${CARGO_TARGET_DIR:-$HSV_ROOT/target}
HSV_CACHE=$HSV_ROOT/.cache

say() { printf '\n== %s\n' "$1"; }
die() { printf '%s: %s\n' "${0##*/}" "$1" >&2; exit 1; }

# need_packages NAME... : installs the Debian packages that are not there.
need_packages() {
    local missing=() name
    for name in "$@"; do
        dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q '^install ok installed' || missing+=("$name")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null || die "please install: ${missing[*]} (this script knows Debian and Ubuntu only)"
    say "Installing ${missing[*]}"
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
}

# What it takes to build the daemon.
need_build_tools() {
    need_packages build-essential clang libclang-dev cmake nasm pkg-config libasound2-dev curl ca-certificates
    if ! command -v cargo >/dev/null; then
        [ -x "$HOME/.cargo/bin/cargo" ] || {
            say "Installing Rust"
            curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --profile minimal -c clippy -c rustfmt ||
                die "Rust could not be installed; see https://rustup.rs"
        }
        PATH=$HOME/.cargo/bin:$PATH
    fi
}

# What the tests from outside are made of: other people's controllers, ffmpeg, Node.
need_outside_tools() {
    need_packages ffmpeg python3 python3-venv libopus0 iproute2
    command -v npm >/dev/null || need_packages nodejs npm
    HSV_PYTHON=$HSV_CACHE/venv/bin/python
    [ -x "$HSV_PYTHON" ] || python3 -m venv "$HSV_CACHE/venv"
    "$HSV_PYTHON" -m pip install --quiet --requirement "$HSV_ROOT/daemon/testkit/requirements.txt"
    npm install --no-package-lock --no-audit --no-fund --silent --prefix "$HSV_ROOT/daemon/testkit"
}
