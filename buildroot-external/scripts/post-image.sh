#!/bin/sh
# Buildroot calls this with the folder of images and the board: makes card.img of them.
#
# Usage: post-image.sh IMAGES BOARD [packages | dev] [most-mib=N]
#   packages    what is otherwise in an image of packages is in the folder of that name
#   most-mib=N  a root that is larger ends the build
set -eu

images=$1 board=$2
shift 2
kind='' most_mib=
for word in "$@"; do
    case $word in
        packages | dev) kind=$word ;;
        most-mib=*) most_mib=${word#most-mib=} ;;
        *) echo "post-image.sh: what is '$word'?" >&2; exit 2 ;;
    esac
done
made=$BR2_EXTERNAL_HSV_PATH/../board/$board/generated
its=$made
[ "$kind" != packages ] || its=$made/packages
# shellcheck source=board/raspberrypi-4/generated/image.env
. "$its/image.env"
bytes=$(stat -c %s "$images/rootfs.erofs")
if [ -n "$most_mib" ] && [ "$bytes" -gt $((most_mib << 20)) ]; then
    echo "post-image.sh: the root has $((bytes >> 20)) MiB, and $most_mib is the most" >&2
    exit 1
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
card=$work/root
mkdir -p "$card/select" "$card/boot-a" "$card/boot-b" "$card/state" "$card/data"

for slot in a b; do
    boot=$card/boot-$slot
    cp "$images/Image" "$boot/"
    # A kernel of a distribution needs one
    [ ! -f "$images/initrd" ] || cp "$images/initrd" "$boot/"
    # A kernel's own tree may keep its vendor's folder
    for tree in $HSV_DEVICE_TREES; do
        cp "$(find "$images" -name "$tree" -type f | head -n 1)" "$boot/$tree"
    done
    if [ "$HSV_FIRMWARE" = pi-tryboot ]; then
        find "$images/rpi-firmware" -maxdepth 1 -type f ! -name bootcode.bin ! -name config.txt ! -name cmdline.txt \
            -exec cp {} "$boot/" \;
        mkdir -p "$boot/overlays"
        cp -R "$images/rpi-firmware/overlays/." "$boot/overlays/"
        cp "$its/config.txt" "$its/cmdline-a.txt" "$its/cmdline-b.txt" "$boot/"
        cp "$its/cmdline-$slot.txt" "$boot/cmdline.txt"
        # By it an update finds what the owner changed (board/common/bundle-hook)
        mkdir -p "$boot/shipped"
        cp "$its/config.txt" "$boot/shipped/"
    fi
done
if [ "$HSV_FIRMWARE" = pi-tryboot ]; then
    cp "$made/autoboot.txt" "$card/select/"
    # Only the oldest chips read it from the card
    [ ! -f "$images/rpi-firmware/bootcode.bin" ] || cp "$images/rpi-firmware/bootcode.bin" "$card/select/"
else
    "$HOST_DIR/bin/mkimage" -A arm64 -T script -C none -n "hsv $board" -d "$made/boot.cmd" "$card/select/boot.scr" > /dev/null
    printf 'BOOT_ORDER=A B\nBOOT_A_LEFT=%s\nBOOT_B_LEFT=%s\n' "$HSV_TRIES" "$HSV_TRIES" |
        "$HOST_DIR/bin/mkenvimage" -s "$HSV_ENVIRONMENT_BYTES" -o "$images/bootstate.bin" -
fi

# Each image that does not fit its partition ends this here.
genimage --loglevel 1 --rootpath "$card" --tmppath "$work/tmp" --inputpath "$images" --outputpath "$images" \
    --config "$made/genimage.cfg"
