# shellcheck shell=bash
# Sourced after common.sh, for what is made for arm64 on an x86-64 computer: Debian's packages, and our programs.

rust_target=aarch64-unknown-linux-gnu
gcc_target=aarch64-linux-gnu

# Debian's arm64 packages, in lists of their own: nothing of this computer's is changed.
lists=${kernels:?}/arm64-lists
apt_arm64=(-o APT::Architecture=arm64 -o APT::Architectures=arm64 -o "Dir::State=$lists" -o "Dir::State::Lists=$lists/lists"
    -o Dir::State::status=/dev/null -o "Dir::Cache=$lists")

# What it takes, or the end.
need_arm64() {
    [ "$(uname -sm)" = "Linux x86_64" ] || unavailable "programs for arm64 are built on x86-64 computers"
    command -v apt-get >/dev/null || unavailable "what is for arm64 is made of Debian's packages"
    need_packages gcc-aarch64-linux-gnu g++-aarch64-linux-gnu libc6-dev-arm64-cross kmod xz-utils "$@"
    need_build_tools
    if [ ! -d "$(rustc --print target-libdir --target "$rust_target")" ]; then
        command -v rustup >/dev/null || unavailable "this Rust has no target $rust_target, and there is no rustup to add it"
        rustup -q target add "$rust_target"
    fi
    mkdir -p "$lists/lists/partial" "$lists/archives/partial"
}

update_arm64() { apt-get "${apt_arm64[@]}" update -q >&2 || true; }

# version_of PACKAGE
version_of() {
    apt-cache "${apt_arm64[@]}" show --no-all-versions "$1" 2>/dev/null | sed -n 's/^Version: //p' | head -1
}
fetch_arm64() { apt-get "${apt_arm64[@]}" download -q "$@" || unavailable "$* could not be fetched"; }

# What images are made of: packages of this release of Debian, whatever this computer has, and of newer suites those that
# `prefer` names.
image_release=trixie
image_newer=(trixie-backports forky)

# prefer SUITE PACKAGE... : in the words of apt's preferences
prefer() {
    printf 'Package: %s\nPin: release n=%s\nPin-Priority: 600\n\n' "${*:2}" "$1"
}

# image_arm64 PREFERENCES : apt's options for the packages of images, in lists of their own, fetched from where this computer
# has its Debian from. The file says what is newer. Sets `apt_image`.
image_arm64() {
    local from security suite place=$kernels/arm64-lists-$image_release
    local key=/usr/share/keyrings/debian-archive-keyring.gpg components='main non-free-firmware'
    # shellcheck disable=SC2016 # apt's own
    from=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' | sort -u)
    security=$(sed -n 's/^Debian-Security //p' <<< "$from" | head -1)
    from=$(sed -n 's/^Debian //p' <<< "$from" | head -1)
    [ -n "$from" ] || unavailable "this computer's apt knows no Debian"
    mkdir -p "$place/lists/partial" "$place/archives/partial"
    for suite in "$image_release" "$image_release-updates" "${image_newer[@]}"; do
        echo "deb [signed-by=$key] $from $suite $components"
    done > "$place/sources.list"
    [ -z "$security" ] || echo "deb [signed-by=$key] $security $image_release-security $components" >> "$place/sources.list"
    printf 'Package: *\nPin: release n=%s\nPin-Priority: 1\n\n' "${image_newer[@]}" >> "$1"
    # shellcheck disable=SC2034 # for whoever sources this
    apt_image=(-o APT::Architecture=arm64 -o APT::Architectures=arm64 -o Acquire::Languages=none -o "Dir::State=$place"
        -o "Dir::State::Lists=$place/lists" -o Dir::State::status=/dev/null -o "Dir::Cache=$place"
        -o "Dir::Etc::sourcelist=$place/sources.list" -o Dir::Etc::sourceparts=-
        -o "Dir::Etc::preferences=$1" -o Dir::Etc::preferencesparts=/dev/null)
}

# libasound to link with, of the system that the programs run on. Sets `sysroot`.
make_sysroot() {
    local version work asound
    version=$(version_of libasound2-dev)
    if [ -z "$version" ]; then
        update_arm64
        version=$(version_of libasound2-dev)
    fi
    sysroot=$kernels/arm64-sysroot-$version
    if [ -z "$version" ]; then # what was made before serves as well
        sysroot=$(find "$kernels" -maxdepth 1 -name 'arm64-sysroot-*' 2>/dev/null | sort -V | tail -1)
        [ -n "$sysroot" ] || unavailable "apt knows no libasound2-dev for arm64"
    fi
    [ ! -d "$sysroot" ] || return 0
    work=$(mktemp -d "$kernels/build.XXXXXX")
    asound=$(apt-cache "${apt_arm64[@]}" depends libasound2-dev | sed -n 's/.*Depends: \(libasound2[a-z0-9]*\)$/\1/p')
    (
        cd "$work" || exit
        fetch_arm64 libasound2-dev "$asound"
        for package in *.deb; do dpkg-deb -x "$package" unpacked; done
    )
    mkdir -p "$work/sysroot/usr/lib" "$work/sysroot/usr/include"
    mv "$work/unpacked/usr/lib/$gcc_target" "$work/sysroot/usr/lib"
    mv "$work/unpacked/usr/include/alsa" "$work/sysroot/usr/include"
    mv -T "$work/sysroot" "$sysroot" 2>/dev/null || [ -d "$sysroot" ] # another one may have been faster
    rm -rf "$work"
}

# build_for_arm64 OPTION... : our programs, by the cross compiler; the options are cargo's. After make_sysroot.
build_for_arm64() (
    cd "$HSV_ROOT" || exit
    export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=$gcc_target-gcc
    export PKG_CONFIG_ALLOW_CROSS=1 PKG_CONFIG_SYSROOT_DIR=$sysroot
    export PKG_CONFIG_LIBDIR=$sysroot/usr/lib/$gcc_target/pkgconfig
    cargo build --target "$rust_target" -j "$(nproc)" "$@"
)
