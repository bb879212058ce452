// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compiles the shim against the libcamera that pkg-config finds, with the feature `link` only.

fn main() {
    println!("cargo::rerun-if-changed=shim");
    if std::env::var_os("CARGO_FEATURE_LINK").is_none() {
        return;
    }
    // 0.0.3 is Debian 12's; the calls that are used have stayed the same since.
    let found = pkg_config::Config::new().atleast_version("0.0.3").probe("libcamera");
    let library = match found {
        Ok(library) => library,
        Err(error) => {
            panic!("feature libcamera: the library's development files are missing: {error}")
        }
    };
    cc::Build::new()
        .cpp(true)
        .std("c++17")
        .includes(&library.include_paths)
        .file("shim/shim.cpp")
        .warnings_into_errors(true)
        .flag_if_supported("-Wno-deprecated-declarations")
        .compile("hsv_libcamera_shim");
    // After the shim, which needs it.
    for path in &library.link_paths {
        println!("cargo::rustc-link-search=native={}", path.display());
    }
    for name in &library.libs {
        println!("cargo::rustc-link-lib={name}");
    }
}
