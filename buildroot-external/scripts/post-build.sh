#!/bin/sh
# Buildroot calls this with the target folder, the board and maybe `dev`, before it packs the file system.
set -eu

target=$1 board=$2
shift 2
common=$BR2_EXTERNAL_HSV_PATH/../board/common

"$common/install" "$target" "$board" "$@"

# Fragments as they are written in the configuration, with the tree's own name in them.
fragments_of() { # LINUX_KERNEL or TARGET_UBOOT
    sed -n "s|\$(BR2_EXTERNAL_HSV_PATH)|$BR2_EXTERNAL_HSV_PATH|g; s/^BR2_$1_CONFIG_FRAGMENT_FILES=\"\(.*\)\"\$/\1/p" "$BR2_CONFIG"
}
kernel=
for folder in "$BUILD_DIR"/linux-*; do
    case ${folder##*/} in
        linux-headers-* | linux-firmware-* | linux-tools* | linux-pam-*) ;;
        *) [ ! -f "$folder/.config" ] || kernel=$folder/.config ;;
    esac
done
# shellcheck disable=SC2046 # several names in one word
"$common/check-fragment" "$kernel" $(fragments_of LINUX_KERNEL)
for fragment in $(fragments_of TARGET_UBOOT); do
    "$common/check-fragment" "$BUILD_DIR"/uboot-[0-9]*/.config "$fragment"
done
