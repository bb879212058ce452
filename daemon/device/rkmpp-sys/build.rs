// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compares `abi.h` with the library's own headers where they are, and makes the bindings anew
//! when the feature `bindgen` asks for it.

fn main() {
    for file in ["abi.h", "check.c", "build.rs"] {
        println!("cargo:rerun-if-changed={file}");
    }
    println!("cargo:rustc-env=HSV_MPP_HEADERS={}", compare());
    #[cfg(feature = "bindgen")]
    generate();
}

/// What came of comparing. A difference ends the build.
fn compare() -> String {
    let library = match pkg_config::Config::new().cargo_metadata(false).probe("rockchip_mpp") {
        Ok(library) => library,
        Err(pkg_config::Error::CrossCompilation) => {
            return "not compared, pkg-config is not set up for this target".to_owned();
        }
        Err(_) => return "not compared, pkg-config knows no rockchip_mpp".to_owned(),
    };
    let mut check = cc::Build::new();
    check.file("check.c").include(".").cargo_metadata(false).warnings(false);
    check.flag("-Werror=incompatible-pointer-types").flag("-Werror=int-conversion");
    for path in library.include_paths {
        check.include(path.join("rockchip")).include(path);
    }
    match check.try_compile("hsv_mpp_check") {
        Ok(()) => format!("compared with those of version {}", library.version),
        Err(error) => panic!("abi.h is not what this machine's librockchip_mpp is: {error}"),
    }
}

/// `OUT_DIR/bindings.rs`
#[cfg(feature = "bindgen")]
fn generate() {
    let out = std::env::var("OUT_DIR").expect("cargo sets it");
    bindgen::Builder::default()
        .header("abi.h")
        .allowlist_file(".*abi\\.h")
        .dynamic_library_name("RockchipMpp")
        .dynamic_link_require_all(false)
        .wrap_unsafe_ops(true)
        .prepend_enum_name(false)
        .generate_comments(false)
        .layout_tests(false) // their numbers are those of one target; lib.rs has them for all
        .raw_line("// SPDX-License-Identifier: MIT OR Apache-2.0")
        .raw_line("//! Made from abi.h by bindgen 0.65; see README.md.")
        .disable_header_comment()
        .generate()
        .expect("abi.h is C")
        .write_to_file(std::path::Path::new(&out).join("bindings.rs"))
        .expect("OUT_DIR can be written");
}
