#!/bin/sh
# Buildroot calls this with the folder of images and the board: makes card.img of them. scripts/image-from-packages says
# `packages`, too: what is otherwise then is in the folder of that name.
set -eu

images=$1 board=$2 kind=${3:-}
made=$BR2_EXTERNAL_HSV_PATH/../board/$board/generated
its=$made
[ "$kind" != packages ] || its=$made/packages
# shellcheck source=board/raspberrypi-4/generated/image.env
. "$its/image.env"
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
