//! Files that are read again when they change. They are looked at now and then, by their path and without notices of
//! the system's: those tell of folders, not of names, and are lost where a mounted secret or configuration is replaced
//! by turning a link, which is how Kubernetes does it.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

const LOOK: Duration = Duration::from_secs(1);

pub struct Watched {
    files: Vec<PathBuf>,
    seen: Stamp,
}

/// What the paths led to, links followed: another one after a write, a rename over a file, a link that was turned.
type Stamp = Vec<Option<[i64; 5]>>;

impl Watched {
    pub fn new(files: Vec<PathBuf>) -> Self {
        let seen = stamp(&files);
        Self { files, seen }
    }

    /// Returns once the files are others than when this was last asked, and have stayed so for one look: whoever
    /// writes a file in place, or several one by one, is let finish.
    pub async fn changed(&mut self) {
        let mut before = self.seen.clone();
        loop {
            tokio::time::sleep(LOOK).await;
            let now = stamp(&self.files);
            if now == before && now != self.seen {
                self.seen = now;
                return;
            }
            before = now;
        }
    }
}

fn stamp(files: &[PathBuf]) -> Stamp {
    let stamp_of = |file: &PathBuf| {
        let metadata = std::fs::metadata(file).ok()?;
        // Device and inode are only compared: what they lose in the cast they lose alike.
        let (device, inode) = (metadata.dev().cast_signed(), metadata.ino().cast_signed());
        let size = metadata.size().cast_signed();
        Some([device, inode, metadata.mtime(), metadata.mtime_nsec(), size])
    };
    files.iter().map(stamp_of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each way in which files are replaced, and none that is no change.
    #[test]
    fn every_way_of_replacing_a_file_is_seen() {
        let folder = std::env::temp_dir().join(format!("spangate-watched-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (file, link) = (folder.join("file"), folder.join("link"));
        let paths = [file.clone(), link.join("inside")];
        let mut stamps = vec![stamp(&paths)];
        let mut look = |what: &str| {
            let now = stamp(&paths);
            assert_ne!(stamps.last(), Some(&now), "{what}");
            assert_eq!(stamp(&paths), now, "{what}, looked at again");
            stamps.push(now);
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
        std::fs::remove_file(&file).unwrap();
        look("removed");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
