#!/bin/sh
# Buildroot calls this with the target folder, the board and maybe `dev`, before it packs the file system.
set -eu

target=$1 board=$2
shift 2
common=$BR2_EXTERNAL_HSV_PATH/../board/common

"$common/install" "$target" "$board" "$@"

# Fragments as they are written in the configuration, with the tree's own name in them.
fragments=$(sed -n 's/^BR2_LINUX_KERNEL_CONFIG_FRAGMENT_FILES="\(.*\)"$/\1/p' "$BR2_CONFIG" |
    sed "s|\$(BR2_EXTERNAL_HSV_PATH)|$BR2_EXTERNAL_HSV_PATH|g")
kernel=
for folder in "$BUILD_DIR"/linux-*; do
    case ${folder##*/} in
        linux-headers-* | linux-firmware-* | linux-tools* | linux-pam-*) ;;
        *) [ ! -f "$folder/.config" ] || kernel=$folder/.config ;;
    esac
done
# shellcheck disable=SC2086 # several names in one word
"$common/check-fragment" "$kernel" $fragments
