//! Where the programs are: ours in `dist/`, Envoy and the emulator where `cargo xtask setup` put them or where the
//! machine has them.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// The Envoy that `setup` installs. One on PATH serves as well from this minor version on: earlier ones do not know
/// all of `envoy.yaml`.
pub const ENVOY_VERSION: (u32, u32, u32) = (1, 40, 0);

/// The emulator where there is no other way.
pub const EMULATOR_IMAGE: &str = "gcr.io/cloud-spanner-emulator/emulator:1.5.56";

/// How the emulator is started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Emulator {
    /// `gateway_main` and `emulator_main` of the Google Cloud SDK, in this directory.
    Binaries(PathBuf),
    /// [`EMULATOR_IMAGE`], by docker.
    Container,
}

#[derive(Clone, Debug)]
pub struct Programs {
    pub spangate: PathBuf,
    pub sidecar: PathBuf,
    pub filter: PathBuf,
    pub envoy: PathBuf,
    pub emulator: Emulator,
}

impl Programs {
    /// All of them, or what is missing and how to get it.
    pub fn find() -> Result<Self> {
        let built = |name: &str| {
            let path = dist().join(name);
            anyhow::ensure!(path.exists(), "{} is missing: run `cargo xtask build`", path.display());
            Ok(path)
        };
        Ok(Self {
            spangate: built("spangate")?,
            sidecar: built("spanner-sidecar")?,
            filter: built("filter.wasm")?,
            envoy: Self::find_envoy().context("no supported Envoy: run `cargo xtask setup`")?,
            emulator: Emulator::find().context("no Spanner emulator: run `cargo xtask setup`")?,
        })
    }

    /// `$SPANGATE_ENVOY`, one on PATH of a supported version, or the one that `setup` installed.
    pub fn find_envoy() -> Option<PathBuf> {
        if let Some(envoy) = env::var_os("SPANGATE_ENVOY") {
            return Some(envoy.into());
        }
        let mut candidates: Vec<PathBuf> = on_path("envoy").collect();
        candidates.extend(Self::installed_envoy());
        candidates.into_iter().find(|envoy| is_supported(envoy))
    }

    /// The virtual environment that `setup` makes for Envoy.
    pub fn envoy_environment() -> PathBuf {
        let (major, minor, patch) = ENVOY_VERSION;
        target().join(format!("envoy-{major}.{minor}.{patch}"))
    }

    /// The binary itself rather than the environment's script, which would put a Python process between us and it.
    fn installed_envoy() -> Option<PathBuf> {
        let versions = std::fs::read_dir(Self::envoy_environment().join("lib")).ok()?;
        versions
            .filter_map(|version| Some(version.ok()?.path().join("site-packages/envoy/_bin/envoy")))
            .find(|envoy| envoy.exists())
    }
}

impl Emulator {
    /// `$SPANGATE_EMULATOR` (a directory, or `container`), the Google Cloud SDK's, or the image where docker has it.
    pub fn find() -> Option<Self> {
        match env::var_os("SPANGATE_EMULATOR") {
            Some(word) if word == "container" => return Some(Self::Container),
            Some(directory) => return Some(Self::Binaries(directory.into())),
            None => {}
        }
        let beside_gcloud = on_path("gcloud")
            .filter_map(|gcloud| gcloud.canonicalize().ok())
            .filter_map(|gcloud| Some(gcloud.parent()?.join("cloud_spanner_emulator")));
        let usual = ["/usr/lib/google-cloud-sdk", "/usr/share/google-cloud-sdk", "/opt/google-cloud-sdk"]
            .map(|sdk| Path::new(sdk).join("bin/cloud_spanner_emulator"));
        beside_gcloud
            .chain(usual)
            .find(|directory| {
                directory.join("gateway_main").exists() && directory.join("emulator_main").exists()
            })
            .map(Self::Binaries)
            .or_else(|| has_image().then_some(Self::Container))
    }
}

/// Where `build` puts what a user deploys; `$SPANGATE_DIST` names another place.
pub fn dist() -> PathBuf {
    env::var_os("SPANGATE_DIST").map_or_else(|| root().join("dist"), PathBuf::from)
}

/// Where builds and downloads go: `$CARGO_TARGET_DIR`, or `target/` at the top.
pub fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The top of the repository.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}

fn on_path(name: &'static str) -> impl Iterator<Item = PathBuf> {
    let directories = env::var_os("PATH").unwrap_or_default();
    let directories: Vec<PathBuf> = env::split_paths(&directories).collect();
    directories.into_iter().map(move |directory| directory.join(name)).filter(|path| path.is_file())
}

fn is_supported(envoy: &Path) -> bool {
    let Ok(output) = Command::new(envoy).arg("--version").output() else { return false };
    let text = String::from_utf8_lossy(&output.stdout);
    version(&text).is_some_and(|(major, minor)| major == ENVOY_VERSION.0 && minor >= ENVOY_VERSION.1)
}

/// Of `envoy  version: 9e55…/1.40.0/Clean/RELEASE/BoringSSL`.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.split("version:").nth(1)?.split('/').nth(1)?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn has_image() -> bool {
    Command::new("docker")
        .args(["image", "inspect", EMULATOR_IMAGE])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        let text = "\n/usr/bin/envoy  version: 9e5580/1.40.0/Clean/RELEASE/BoringSSL\n";
        assert_eq!(version(text), Some((1, 40)));
        assert_eq!(version("envoy: no such thing"), None);
    }
}
