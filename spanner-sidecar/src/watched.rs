//! Files that are read again when they change. They are looked at now and then, by their path and without notices of
//! the system's: those tell of folders, not of names, and are lost where a mounted secret or configuration is replaced
//! by turning a link, which is how Kubernetes does it.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

const LOOK: Duration = Duration::from_secs(1);
/// Looks after which files that never stay the same are read all the same.
const PATIENCE: u32 = 10;

pub struct Watched {
    seen: Stamps,
}

type Stamps = BTreeMap<PathBuf, Option<Stamp>>;

/// What a path led to, links followed: another one after a write, a rename over a file, a link that was turned, and
/// another mode, which may be what the file was refused for.
type Stamp = [i64; 6];

impl Watched {
    pub fn new(files: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { seen: stamps(files) }
    }

    /// Other files from now on. Returns whether there are any among them that were not looked at before.
    pub fn follow(&mut self, files: impl IntoIterator<Item = PathBuf>) -> bool {
        let mut before = std::mem::take(&mut self.seen);
        let mut is_new = false;
        for file in files {
            let seen = before.remove(&file).unwrap_or_else(|| {
                is_new = true;
                stamp(&file)
            });
            self.seen.insert(file, seen);
        }
        is_new
    }

    /// Returns once the files are others than when this was last asked, and have stayed so for one look: whoever
    /// writes a file in place, or several one by one, is let finish, though not for ever.
    pub async fn changed(&mut self) {
        let mut before = self.seen.clone();
        let mut restless = 0;
        loop {
            tokio::time::sleep(LOOK).await;
            let now = stamps(self.seen.keys().cloned());
            if now != self.seen && (now == before || restless >= PATIENCE) {
                self.seen = now;
                return;
            }
            restless = if now == before { 0 } else { restless + 1 };
            before = now;
        }
    }
}

fn stamps(files: impl IntoIterator<Item = PathBuf>) -> Stamps {
    let stamped = files.into_iter().map(|file| {
        let stamp = stamp(&file);
        (file, stamp)
    });
    stamped.collect()
}

fn stamp(file: &Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(file).ok()?;
    // Device and inode are only compared: what they lose in the cast they lose alike.
    let (device, inode) = (metadata.dev().cast_signed(), metadata.ino().cast_signed());
    let size = metadata.size().cast_signed();
    Some([device, inode, metadata.mode().into(), metadata.mtime(), metadata.mtime_nsec(), size])
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Each way in which files are replaced, and none that is no change.
    #[test]
    fn every_way_of_replacing_a_file_is_seen() {
        let folder = std::env::temp_dir().join(format!("spangate-watched-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (file, link) = (folder.join("file"), folder.join("link"));
        let paths = [file.clone(), link.join("inside")];
        let mut seen = vec![stamps(paths.clone())];
        let mut look = |what: &str| {
            let now = stamps(paths.clone());
            assert_ne!(seen.last(), Some(&now), "{what}");
            assert_eq!(stamps(paths.clone()), now, "{what}, looked at again");
            seen.push(now);
        };

        std::fs::write(&file, "one").unwrap();
        look("written");
        std::fs::write(folder.join("new"), "two").unwrap();
        std::fs::rename(folder.join("new"), &file).unwrap();
        look("renamed over, of the same size");
        for version in ["a", "b"] {
            std::fs::create_dir(folder.join(version)).unwrap();
            std::fs::write(folder.join(version).join("inside"), "same").unwrap();
            std::os::unix::fs::symlink(folder.join(version), folder.join("turned")).unwrap();
            std::fs::rename(folder.join("turned"), &link).unwrap();
            look("a link turned");
        }
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        look("closed to others");
        std::fs::remove_file(&file).unwrap();
        look("removed");
        std::fs::remove_dir_all(&folder).unwrap();
    }

    /// A thousand changes in a row are two or three: what stays the same for a look, and what never does.
    #[tokio::test(start_paused = true)]
    async fn a_storm_is_told_now_and_then() {
        let file = std::env::temp_dir().join(format!("spangate-storm-{}", std::process::id()));
        std::fs::write(&file, "").unwrap();
        let mut watched = Watched::new([file.clone()]);
        let storm = async {
            for size in 1..=1_000 {
                std::fs::write(&file, "x".repeat(size)).unwrap();
                tokio::time::sleep(Duration::from_millis(30)).await;
            }
        };
        let told = async {
            let (mut told, mut last) = (0, 0);
            while last < 1_000 {
                watched.changed().await;
                (told, last) = (told + 1, std::fs::metadata(&file).unwrap().len());
            }
            told
        };
        let (told, ()) = tokio::join!(told, storm);
        assert!((2..=4).contains(&told), "told {told} times");
        std::fs::remove_file(&file).unwrap();
    }

    #[test]
    fn files_that_are_followed_keep_what_was_seen() {
        let folder = std::env::temp_dir().join(format!("spangate-followed-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let [one, two] = ["one", "two"].map(|name| folder.join(name));
        std::fs::write(&one, "1").unwrap();
        let mut watched = Watched::new([one.clone()]);
        std::fs::write(&one, "changed").unwrap();
        assert!(watched.follow([one.clone(), two.clone()]));
        assert_ne!(watched.seen, stamps([one.clone(), two.clone()]), "the change would be lost");
        assert!(!watched.follow([one.clone(), two]));
        assert!(!watched.follow([one]));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
