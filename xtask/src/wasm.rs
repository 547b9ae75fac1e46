//! Compiling for Envoy's V8: with rustup's standard library for wasm32, or, where rustup cannot download, with Debian's
//! compiler and the standard library built from Debian's sources.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::step::{cargo, output};

pub const TARGET: &str = "wasm32-unknown-unknown";

/// Names the toolchain to use whatever is there: `rustup` or `debian`.
const VARIABLE: &str = "SPANGATE_WASM_TOOLCHAIN";

/// As little inlining as where code is optimised for size, in what is optimised for speed too: V8 inlines by itself, and
/// the module is some 60 KB smaller. Small functions and those marked `#[inline]` still are.
const INLINING: &str = "-Cllvm-args=-inline-threshold=75";

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_LIBRARY: &str = "/usr/lib/rustlib/src/rust";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toolchain {
    Rustup,
    Debian,
}

impl Toolchain {
    /// What [`VARIABLE`] asks for.
    pub fn forced() -> Result<Option<Self>> {
        match std::env::var(VARIABLE).as_deref() {
            Err(_) => Ok(None),
            Ok("rustup") => Ok(Some(Self::Rustup)),
            Ok("debian") => Ok(Some(Self::Debian)),
            Ok(other) => bail!("{VARIABLE} is `rustup` or `debian`, not `{other}`"),
        }
    }

    /// Looks for the files themselves: rustup may list a target whose files it never got.
    pub fn is_complete(self) -> bool {
        match self {
            Self::Rustup => sysroot().is_ok_and(|sysroot| has_libstd(&sysroot)),
            Self::Debian => {
                Path::new(DEBIAN_RUSTC).exists() && Path::new(DEBIAN_LIBRARY).join("library/std").exists()
            }
        }
    }

    /// A cargo command for wasm32: `build` or `check`, with paths of this machine kept out of what it makes.
    pub fn cargo(self, task: &str) -> Result<Command> {
        let mut command = cargo();
        command.args([task, "--target", TARGET, "--profile", "wasm"]);
        let sysroot = sysroot()?;
        let mut flags = remapped(&sysroot);
        flags.push(INLINING.to_owned());
        command.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"));
        if self == Self::Debian {
            command.args(["-Z", "build-std=std,panic_abort"]);
            // A stable compiler builds its own standard library only when told that it is bootstrapping.
            command.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
            command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker(&sysroot)?);
        }
        Ok(command)
    }
}

fn sysroot() -> Result<PathBuf> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    Ok(output(Command::new(rustc).args(["--print", "sysroot"]).current_dir(spangate_stack::root()))?.into())
}

fn has_libstd(sysroot: &Path) -> bool {
    let Ok(files) = std::fs::read_dir(sysroot.join("lib/rustlib").join(TARGET).join("lib")) else {
        return false;
    };
    files.flatten().any(|file| {
        let name = file.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}

/// Debian's compiler brings no linker for wasm; rustup's toolchain does.
fn linker(sysroot: &Path) -> Result<PathBuf> {
    let host = output(Command::new("rustc").arg("--print").arg("host-tuple"))?;
    let linker = sysroot.join("lib/rustlib").join(host).join("bin/rust-lld");
    if linker.exists() {
        return Ok(linker);
    }
    ["/usr/bin/rust-lld", "/usr/bin/wasm-ld"]
        .into_iter()
        .map(PathBuf::from)
        .find(|linker| linker.exists())
        .context("no linker for wasm: neither rust-lld nor wasm-ld is there")
}

/// The same source gives the same bytes wherever it and its crates lie.
fn remapped(sysroot: &Path) -> Vec<String> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let places =
        [(Some(spangate_stack::root()), "spangate"), (home, "cargo"), (Some(sysroot.to_owned()), "rust")];
    let remap = |(place, name): (Option<PathBuf>, &str)| {
        Some(format!("--remap-path-prefix={}=/{name}", place?.canonicalize().ok()?.display()))
    };
    places.into_iter().filter_map(remap).collect()
}
