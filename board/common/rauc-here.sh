# shellcheck shell=bash
# Sourced by tests of updates: systems to make them of, and the real RAUC as a camera runs it, beside this computer's own. Its bus is its own, too; the words for
# U-Boot are in a file. Needs `root` (this repository) and `work` (a folder of the test's).

# rauc_conf BOARD KEYRING : the board's system.conf with this test's places, as $work/system.conf
rauc_conf() {
    mkdir -p "${work:?}/rauc-data"
    sed "s|/etc/rauc/keyring.pem|$2|; s|/var/lib/rauc|$work/rauc-data|; s|/run/rauc/mnt|$work/rauc-mnt|; s|/dev/disk/by-partlabel|$work/slots|" \
        "${root:?}/board/$1/generated/system.conf" > "$work/system.conf"
}

# start_rauc FW_ENV_CONFIG : RAUC's service with that system.conf, started from slot A. Then `rauc` is a client of it.
start_rauc() {
    local tool
    mkdir -p "$work/bin"
    for tool in fw_setenv fw_printenv; do
        printf '#!/bin/sh\nexec %s -c %s "$@"\n' "$(command -v "$tool")" "$1" > "$work/bin/$tool"
        chmod +x "$work/bin/$tool"
    done
    DBUS_SYSTEM_BUS_ADDRESS=$(dbus-daemon --session --nopidfile --fork --print-address=1 --print-pid=3 3> "$work/bus.pid")
    export DBUS_SYSTEM_BUS_ADDRESS
    PATH=$work/bin:$PATH rauc --conf="$work/system.conf" --override-boot-slot=A service > "$work/rauc.log" 2>&1 &
    echo "$!" > "$work/rauc.pid"
    local tries=100
    until rauc status > /dev/null 2>&1; do
        tries=$((tries - 1))
        [ "$tries" -gt 0 ] || { cat "$work/rauc.log" >&2; return 1; }
        sleep 0.1
    done
}

stop_rauc() {
    local name
    for name in rauc bus; do
        [ ! -s "$work/$name.pid" ] || kill "$(cat "$work/$name.pid")" 2> /dev/null || true
    done
}

# make_image BOARD KEYRING : a folder $work/BOARD as a build leaves images/, of a system with a little more than a megabyte
# in each of its five, which lies in $work/root-BOARD
make_image() {
    local images=$work/$1 system=$work/root-$1
    PYTHONPATH=$root/scripts python3 -c 'import pathlib, sys
from images.checks.stand_ins import stand_ins
from images.facts import boards
stand_ins(next(board for board in boards() if board.id == sys.argv[1]), "", pathlib.Path(sys.argv[2]))' "$1" "$images"
    mkdir -p "$system/usr/lib" "$system/etc"
    HSV_KEYRING=$2 HSV_VERSION=1.2.3 "$root/board/common/install" "$system" "$1"
    "$root/daemon/app/hsvd/dist/install" "$system"
    head -c 5300000 /dev/urandom > "$system/usr/share/random"
    mkfs.erofs -T0 --all-root "$images/rootfs.erofs" "$system" > /dev/null
    BR2_EXTERNAL_HSV_PATH=$root/buildroot-external HOST_DIR=/usr \
        "$root/buildroot-external/scripts/post-image.sh" "$images" "$1" > "$work/said" 2>&1 || { cat "$work/said"; return 1; }
}
