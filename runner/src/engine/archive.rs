//! Archives of artifacts: written from what a script left, unfolded into the workspace of another.

use std::{
    collections::BTreeSet,
    fs::{self, File, OpenOptions, Permissions},
    io::{self, BufWriter, Read, Seek, Write},
    os::unix::{
        ffi::OsStrExt,
        fs::{OpenOptionsExt, PermissionsExt, symlink},
    },
    path::{Component, Path, PathBuf},
    time::{Duration, SystemTime},
};

use zip::{
    CompressionMethod, ZipArchive, ZipWriter,
    extra_fields::ExtraField,
    result::ZipError,
    write::{ExtendedFileOptions, FileOptions},
};

/// Info-ZIP's field of exact times.
const EXTENDED_TIMESTAMP: u16 = 0x5455;
const MAX_ENTRIES: usize = 1_000_000;
/// Beyond this size an archive may not unfold to more than `MAX_RATIO` times its own.
const RATIO_FROM: u64 = 256 << 20;
const MAX_RATIO: u64 = 300;

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
    #[error("the archive's link {0:?} leads out of the project's folder")]
    Link(String),
    #[error("{0:?} lies behind a link, or where a folder is")]
    Blocked(String),
    #[error("the archive unfolds to more than is allowed")]
    Bomb,
}

/// Writes `files`, relative to `root`, as a zip archive; links are stored as links. A file that
/// vanished meanwhile is left out.
pub(super) fn zip(root: &Path, files: &BTreeSet<PathBuf>, to: &Path) -> Result<(), ArchiveError> {
    let mut zip = ZipWriter::new(BufWriter::new(create_private(to)?));
    for file in files {
        let path = root.join(file);
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        let name = file.to_string_lossy();
        let mut options: FileOptions<'_, '_, ExtendedFileOptions> = FileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .unix_permissions(meta.permissions().mode() & 0o777)
            .large_file(meta.len() >= u64::from(u32::MAX));
        let seconds = meta.modified().ok().and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
        if let Some(seconds) = seconds.and_then(|since| i32::try_from(since.as_secs()).ok()) {
            let mut field = vec![1];
            field.extend_from_slice(&seconds.to_le_bytes());
            options.add_extra_field(EXTENDED_TIMESTAMP, field, false)?;
        }
        if meta.is_symlink() {
            zip.add_symlink(name, fs::read_link(&path)?.to_string_lossy(), options)?;
        } else if let Ok(mut source) = File::open(&path) {
            zip.start_file(name, options)?;
            io::copy(&mut source, &mut zip)?;
        }
    }
    zip.finish()?.into_inner().map_err(|error| error.into_error())?;
    Ok(())
}

/// Writes each file as a member of its own of one gzip stream, as reports are sent.
pub(super) fn gzip(root: &Path, files: &BTreeSet<PathBuf>, to: &Path) -> Result<(), ArchiveError> {
    let mut out = BufWriter::new(create_private(to)?);
    for file in files {
        let mut source = File::open(root.join(file))?;
        let name = file.file_name().unwrap_or_default().as_bytes();
        let mut member = flate2::GzBuilder::new().filename(name).write(&mut out, flate2::Compression::default());
        io::copy(&mut source, &mut member)?;
        member.finish()?;
    }
    out.flush()?;
    Ok(())
}

fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

/// Unfolds a zip archive below `root`, which nobody else writes to meanwhile. Existing files are
/// replaced; nothing is written outside, or through a link.
pub(super) fn unzip(archive: &Path, root: &Path, limit: u64) -> Result<usize, ArchiveError> {
    let file = File::open(archive)?;
    let size = file.metadata()?.len();
    let mut archive = ZipArchive::new(io::BufReader::new(file))?;
    if archive.len() > MAX_ENTRIES || archive.has_overlapping_files()? {
        return Err(ArchiveError::Bomb);
    }
    let most = limit.min(size.saturating_mul(MAX_RATIO).max(RATIO_FROM));
    let mut written = 0;
    let mut links = Vec::new();
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index)?;
        let name = entry.name()?.into_owned();
        let relative = relative(&name)?;
        if entry.is_dir() {
            make_folders(root, &relative, &name)?;
        } else if entry.is_symlink() {
            let mut target = String::new();
            (&mut entry).take(4097).read_to_string(&mut target)?;
            links.push((relative, target, name));
        } else if entry.unix_mode().is_none_or(|mode| matches!(mode & 0o170_000, 0 | 0o100_000)) {
            written += unfold(&mut entry, root, &relative, &name, most - written)?;
        } else {
            return Err(ArchiveError::Kind(name));
        }
    }
    // Last, so that nothing of this archive can be written through them.
    for (relative, target, name) in links {
        link(root, &relative, &target, &name)?;
    }
    Ok(archive.len())
}

fn unfold(
    entry: &mut zip::read::ZipFile<'_, impl Read + Seek>,
    root: &Path,
    relative: &Path,
    name: &str,
    most: u64,
) -> Result<u64, ArchiveError> {
    let path = make_room(root, relative, name)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    // Sizes in the archive are claims; what comes out is counted.
    let count = io::copy(&mut entry.take(most + 1), &mut file)?;
    if count > most {
        return Err(ArchiveError::Bomb);
    }
    let mode = entry.unix_mode().map_or(0o644, |mode| mode & 0o777);
    file.set_permissions(Permissions::from_mode(mode | 0o400))?;
    let modified = entry.extra_data_fields().find_map(|field| match field {
        ExtraField::ExtendedTimestamp(times) => times.mod_time(),
        _ => None,
    });
    if let Some(seconds) = modified {
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(u64::from(seconds)))?;
    }
    Ok(count)
}

/// The path of an entry, if it stays below where it is unfolded.
fn relative(name: &str) -> Result<PathBuf, ArchiveError> {
    let forbidden = || ArchiveError::Name(name.chars().take(200).collect());
    if name.is_empty() || name.contains('\0') || name.len() > 4096 {
        return Err(forbidden());
    }
    let mut path = PathBuf::new();
    for part in Path::new(name).components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return Err(forbidden()),
        }
    }
    Ok(path)
}

/// Makes the folders of `relative`; none of them may be a link.
fn make_folders(root: &Path, relative: &Path, name: &str) -> Result<(), ArchiveError> {
    let mut path = root.to_owned();
    for part in relative.components() {
        path.push(part);
        match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_dir() => {}
            Ok(_) => return Err(ArchiveError::Blocked(name.to_owned())),
            Err(_) => fs::create_dir(&path)?,
        }
    }
    Ok(())
}

/// Makes the folders before the last part, and removes what is in the way of that.
fn make_room(root: &Path, relative: &Path, name: &str) -> Result<PathBuf, ArchiveError> {
    if relative.as_os_str().is_empty() {
        return Err(ArchiveError::Name(name.to_owned()));
    }
    make_folders(root, relative.parent().unwrap_or(Path::new("")), name)?;
    let path = root.join(relative);
    match fs::symlink_metadata(&path) {
        Ok(meta) if meta.is_dir() => Err(ArchiveError::Blocked(name.to_owned())),
        Ok(_) => {
            fs::remove_file(&path)?;
            Ok(path)
        }
        Err(_) => Ok(path),
    }
}

fn link(root: &Path, relative: &Path, target: &str, name: &str) -> Result<(), ArchiveError> {
    let outside = || ArchiveError::Link(name.to_owned());
    let mut depth = relative.components().count().saturating_sub(1);
    if target.is_empty() || target.len() > 4096 || target.contains('\0') {
        return Err(outside());
    }
    for part in Path::new(target).components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir => depth = depth.checked_sub(1).ok_or_else(outside)?,
            Component::RootDir | Component::Prefix(_) => return Err(outside()),
        }
    }
    let path = make_room(root, relative, name)?;
    symlink(target, path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
        fs::create_dir(&to).unwrap();
        fs::write(from.join("bin/tool"), "#!/bin/sh\n").unwrap();
        fs::set_permissions(from.join("bin/tool"), Permissions::from_mode(0o755)).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_001);
        File::options().write(true).open(from.join("bin/tool")).unwrap().set_modified(time).unwrap();
        symlink("bin/tool", from.join("link")).unwrap();
        let files = ["bin/tool", "link", "vanished"].map(PathBuf::from).into();
        zip(&from, &files, &dir.path().join("a.zip")).unwrap();
        fs::write(to.join("link"), "in the way").unwrap();
        assert_eq!(unzip(&dir.path().join("a.zip"), &to, 1 << 20).unwrap(), 2);
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
            &[("l", "../..", link)],
            &[("l", "/etc", link)],
            &[("a/b/l", "../../../x", link)],
            &[("out/l", "x", link)],
        ] {
            let archive = archive(dir.path(), entries);
            assert!(unzip(&archive, &root, 1 << 20).is_err(), "{entries:?}");
            assert!(!dir.path().join("evil").exists() && !dir.path().join("l").exists());
        }
        // A link of the archive itself is made after the files, and not written through.
        let both = archive(dir.path(), &[("d", "sub", link), ("d/file", "x", 0o644)]);
        assert!(unzip(&both, &root, 1 << 20).is_err());
    }

    #[test]
    fn an_archive_that_unfolds_too_far_is_stopped() {
        let dir = tempfile::tempdir().unwrap();
        let big = "0".repeat(2 << 20);
        let archive = archive(dir.path(), &[("a", &big, 0o644)]);
        assert!(matches!(unzip(&archive, dir.path(), 1 << 20), Err(ArchiveError::Bomb)));
        fs::write(dir.path().join("no.zip"), "no archive").unwrap();
        assert!(matches!(unzip(&dir.path().join("no.zip"), dir.path(), 1), Err(ArchiveError::Zip(_))));
    }
}
