//! Unfolding archives, which anybody may have written.

use std::{
    ffi::OsStr,
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read, Seek},
    os::unix::{
        ffi::OsStrExt,
        fs::{OpenOptionsExt, PermissionsExt, symlink},
    },
    path::{Component, Path, PathBuf},
    time::{Duration, SystemTime},
};

use zip::{ZipArchive, extra_fields::ExtraField};

use super::{super::halt::Halt, ArchiveError};

const MAX_ENTRIES: usize = 1_000_000;
/// Beyond this size an archive may not unfold to more than `MAX_RATIO` times its own.
const RATIO_FROM: u64 = 256 << 20;
const MAX_RATIO: u64 = 300;
/// Longest target of a link, in bytes.
const MAX_LINK: u64 = 4096;

/// Unfolds a zip archive below `root`, which nobody else writes to meanwhile. Existing files are
/// replaced; nothing is written outside, or through a link. Links are restored as they are, wherever they
/// lead: a virtual environment links to the machine's interpreter, and a script could make them anyway.
/// Returns how many files and links there were.
pub(in crate::engine) fn unzip(archive: File, root: &Path, limit: u64, halt: &Halt) -> Result<usize, ArchiveError> {
    let size = archive.metadata()?.len();
    let mut archive = ZipArchive::new(io::BufReader::new(archive))?;
    if archive.len() > MAX_ENTRIES || archive.has_overlapping_files()? {
        return Err(ArchiveError::Bomb);
    }
    let most = limit.min(size.saturating_mul(MAX_RATIO).max(RATIO_FROM));
    let (mut written, mut files) = (0, 0);
    let mut links = Vec::new();
    for index in 0..archive.len() {
        halt.check()?;
        let mut entry = archive.by_index(index)?;
        let name = entry.name()?.into_owned();
        let relative = relative(&name)?;
        if entry.is_dir() {
            make_folders(root, &relative, &name)?;
        } else if entry.is_symlink() {
            let mut target = Vec::new();
            (&mut entry).take(MAX_LINK + 1).read_to_end(&mut target)?;
            if target.is_empty() || target.len() as u64 > MAX_LINK || target.contains(&0) {
                return Err(ArchiveError::Link(name));
            }
            links.push((relative, target, name));
        } else if entry.unix_mode().is_none_or(|mode| matches!(mode & 0o170_000, 0 | 0o100_000)) {
            written += unfold(&mut entry, root, &relative, &name, most - written, halt)?;
            files += 1;
        } else {
            return Err(ArchiveError::Kind(name));
        }
    }
    // Last, so that nothing of this archive can be written through them.
    files += links.len();
    for (relative, target, name) in links {
        symlink(OsStr::from_bytes(&target), make_room(root, &relative, &name)?)?;
    }
    Ok(files)
}

/// Moves all that is in the folder `from` into `to`: files are replaced, folders are merged, and
/// nothing is written through a link.
pub(in crate::engine) fn move_into(from: &Path, to: &Path) -> Result<(), ArchiveError> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let folder = entry.file_type()?.is_dir();
        match fs::symlink_metadata(&target) {
            Ok(there) if folder && there.is_dir() => move_into(&entry.path(), &target)?,
            Ok(there) if folder || there.is_dir() => {
                return Err(ArchiveError::Blocked(entry.file_name().to_string_lossy().into_owned()));
            }
            _ => fs::rename(entry.path(), &target)?,
        }
    }
    Ok(())
}

fn unfold(
    entry: &mut zip::read::ZipFile<'_, impl Read + Seek>,
    root: &Path,
    relative: &Path,
    name: &str,
    most: u64,
    halt: &Halt,
) -> Result<u64, ArchiveError> {
    let path = make_room(root, relative, name)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    // Sizes in the archive are claims; what comes out is counted.
    let count = io::copy(&mut halt.guard((&mut *entry).take(most + 1)), &mut file)?;
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
