//! Archives of artifacts and caches: written from what a script left, unfolded into the workspace of
//! another.

mod pack;
mod unpack;

use std::io;

use zip::result::ZipError;

pub(super) use pack::{Level, gzip, zip};
pub(super) use unpack::{move_into, unzip};

/// Info-ZIP's field of exact times.
const EXTENDED_TIMESTAMP: u16 = 0x5455;

/// Why an archive could not be written or unfolded.
#[derive(Debug, thiserror::Error)]
pub(super) enum ArchiveError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("the archive is damaged: {0}")]
    Zip(#[from] ZipError),
    #[error("the archive has an entry with a forbidden name: {0:?}")]
    Name(String),
    #[error("the archive has an entry that is no file, folder or link: {0:?}")]
    Kind(String),
    #[error("the archive's link {0:?} leads nowhere")]
    Link(String),
    #[error("{0:?} lies behind a link, or where a folder is")]
    Blocked(String),
    #[error("the archive unfolds to more than is allowed")]
    Bomb,
}

impl ArchiveError {
    /// Whether the archive is to blame, and not the place that it is unfolded in.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            // A stream that cannot be inflated is an invalid input, one with a wrong sum is invalid data.
            Self::Io(error) => {
                use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof, Unsupported};
                matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof | Unsupported)
            }
            Self::Zip(_) | Self::Name(_) | Self::Kind(_) | Self::Link(_) | Self::Bomb => true,
            Self::Blocked(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File, Permissions},
        io::Write,
        os::unix::fs::{PermissionsExt, symlink},
        path::{Path, PathBuf},
        time::{Duration, SystemTime},
    };

    use ::zip::{ZipWriter, write::FileOptions};

    use super::{super::halt::Halt, *};

    fn open(path: PathBuf) -> File {
        File::open(path).unwrap()
    }

    fn unfold(archive: PathBuf, root: &Path, limit: u64) -> Result<usize, ArchiveError> {
        unzip(open(archive), root, limit, &Halt::default())
    }

    fn archive(dir: &Path, entries: &[(&str, &str, u32)]) -> PathBuf {
        let path = dir.join("test.zip");
        let mut zip = ZipWriter::new(File::create(&path).unwrap());
        for (name, content, mode) in entries {
            let options: FileOptions<'_, '_, ()> = FileOptions::default().unix_permissions(*mode & 0o777);
            if mode & 0o170_000 == 0o120_000 {
                zip.add_symlink(*name, *content, options).unwrap();
            } else {
                zip.start_file(*name, options).unwrap();
                zip.write_all(content.as_bytes()).unwrap();
            }
        }
        zip.finish().unwrap();
        path
    }

    #[test]
    fn what_is_packed_is_unpacked_with_modes_times_and_links() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        fs::create_dir_all(from.join("bin")).unwrap();
        fs::create_dir(from.join("empty")).unwrap();
        fs::create_dir(&to).unwrap();
        fs::write(from.join("bin/tool"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(from.join("bin/tool"), Permissions::from_mode(0o755)).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_001);
        File::options().write(true).open(from.join("bin/tool")).unwrap().set_modified(time).unwrap();
        symlink("bin/tool", from.join("link")).unwrap();
        let files = ["bin/tool", "empty", "link", "vanished"].map(PathBuf::from).into();
        zip(&from, &files, File::create(dir.path().join("a.zip")).unwrap(), Level::Fast, &Halt::default()).unwrap();
        fs::write(to.join("link"), "in the way").unwrap();
        // The empty folder is no file.
        assert_eq!(unfold(dir.path().join("a.zip"), &to, 1 << 20).unwrap(), 2);
        assert!(to.join("empty").is_dir());
        let meta = fs::metadata(to.join("bin/tool")).unwrap();
        assert_eq!((meta.permissions().mode() & 0o777, meta.modified().unwrap()), (0o755, time));
        assert_eq!(fs::read_link(to.join("link")).unwrap(), Path::new("bin/tool"));
    }

    #[test]
    fn nothing_escapes() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir(&root).unwrap();
        symlink(dir.path(), root.join("out")).unwrap();
        let link = 0o120_777;
        for entries in [
            &[("../evil", "x", 0o644)][..],
            &[("/evil", "x", 0o644)],
            &[("a/../../evil", "x", 0o644)],
            &[("out/evil", "x", 0o644)],
            &[("l", "", link)],
            // Links lead anywhere, and nothing goes through them, whatever the order.
            &[("d", "..", link), ("d/evil", "x", 0o644)],
            &[("d/evil", "x", 0o644), ("d", "..", link)],
            &[("e", "..", link), ("e/evil", "x", link)],
            &[("out/l", "x", link)],
        ] {
            let archive = archive(dir.path(), entries);
            assert!(unfold(archive, &root, 1 << 20).is_err(), "{entries:?}");
            assert!(!dir.path().join("evil").exists() && !dir.path().join("l").exists());
        }
    }

    #[test]
    fn links_of_artifacts_that_lead_outside_are_restored_as_they_are() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("root");
        fs::create_dir(&root).unwrap();
        fs::write(dir.path().join("kept"), "kept").unwrap();
        let link = 0o120_777;
        let first = [("v/bin/python", "/usr/bin/python3", link), ("up", "../../x", link), ("f", "../kept", link)];
        assert_eq!(unfold(archive(dir.path(), &first), &root, 1 << 20).unwrap(), 3);
        assert_eq!(fs::read_link(root.join("v/bin/python")).unwrap(), Path::new("/usr/bin/python3"));
        assert_eq!(fs::read_link(root.join("up")).unwrap(), Path::new("../../x"));
        // The next archive replaces a link, not what it leads to, and writes nothing below one.
        assert_eq!(unfold(archive(dir.path(), &[("f", "new", 0o644)]), &root, 1 << 20).unwrap(), 1);
        assert!(root.join("f").symlink_metadata().unwrap().is_file());
        assert_eq!(fs::read_to_string(dir.path().join("kept")).unwrap(), "kept");
        let below = archive(dir.path(), &[("up/evil", "x", 0o644)]);
        assert!(matches!(unfold(below, &root, 1 << 20), Err(ArchiveError::Blocked(_))));
    }

    #[test]
    fn an_archive_that_unfolds_too_far_is_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let big = "0".repeat(2 << 20);
        let archive = archive(dir.path(), &[("a", &big, 0o644)]);
        assert!(matches!(unfold(archive, dir.path(), 1 << 20), Err(ArchiveError::Bomb)));
        fs::write(dir.path().join("no.zip"), "no archive").unwrap();
        assert!(matches!(unfold(dir.path().join("no.zip"), dir.path(), 1), Err(ArchiveError::Zip(_))));
    }

    #[test]
    fn a_cache_may_link_anywhere_and_is_merged_without_following_links() {
        let dir = tempfile::tempdir().unwrap();
        let (staging, root) = (dir.path().join("staging"), dir.path().join("root"));
        fs::create_dir(&staging).unwrap();
        fs::create_dir_all(root.join("a/kept")).unwrap();
        fs::write(root.join("a/old"), "old").unwrap();
        let archive =
            archive(dir.path(), &[("a/old", "new", 0o644), ("a/l", "/usr/bin/x", 0o120_777), ("b/c", "x", 0o644)]);
        assert_eq!(unfold(archive, &staging, 1 << 20).unwrap(), 3);
        move_into(&staging, &root).unwrap();
        assert_eq!(fs::read_to_string(root.join("a/old")).unwrap(), "new");
        assert_eq!(fs::read_link(root.join("a/l")).unwrap(), Path::new("/usr/bin/x"));
        assert!(root.join("a/kept").is_dir() && root.join("b/c").is_file());
        // A folder of the archive is never put behind a link of the workspace.
        fs::create_dir_all(staging.join("out")).unwrap();
        fs::write(staging.join("out/evil"), "x").unwrap();
        symlink(dir.path(), root.join("out")).unwrap();
        assert!(matches!(move_into(&staging, &root), Err(ArchiveError::Blocked(_))));
        assert!(!dir.path().join("evil").exists());
    }

    #[test]
    fn any_damage_is_known_as_damage() {
        let dir = tempfile::tempdir().unwrap();
        let text: Vec<String> = (0..300).map(|n| format!("line {}\n", n * n)).collect();
        let text = text.concat();
        let whole = archive(dir.path(), &[("file", &text, 0o644)]);
        let bytes = fs::read(&whole).unwrap();
        let mut refused = 0;
        for at in 0..bytes.len() {
            let (root, mut damaged) = (dir.path().join(at.to_string()), bytes.clone());
            damaged[at] ^= 0x15;
            fs::write(&whole, &damaged).unwrap();
            fs::create_dir(&root).unwrap();
            // A flag or a time that is another says nothing about the content.
            if let Err(error) = unzip(open(whole.clone()), &root, 1 << 20, &Halt::default()) {
                assert!(error.is_damage(), "{at}: {error:?}");
                refused += 1;
            }
        }
        assert!(refused > bytes.len() * 3 / 4, "{refused} of {}", bytes.len());
    }

    #[test]
    fn what_is_told_to_stop_stops() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a"), "x").unwrap();
        let archive = archive(dir.path(), &[("a", "x", 0o644)]);
        let halt = Halt::default();
        halt.tell();
        let files = [PathBuf::from("a")].into();
        let to = File::create(dir.path().join("b.zip")).unwrap();
        assert!(matches!(zip(dir.path(), &files, to, Level::Default, &halt), Err(ArchiveError::Io(_))));
        assert!(matches!(unzip(open(archive), dir.path(), 9, &halt), Err(ArchiveError::Io(_))));
    }
}
