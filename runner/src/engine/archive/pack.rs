//! Writing archives.

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, BufWriter, Write},
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde::{Deserialize, Serialize};
use zip::{
    CompressionMethod, ZipWriter,
    write::{ExtendedFileOptions, FileOptions},
};

use super::{super::halt::Halt, ArchiveError, EXTENDED_TIMESTAMP};

/// How hard an archive is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Level {
    Fastest,
    Fast,
    #[default]
    Default,
    Slow,
    Slowest,
}

impl Level {
    /// The value of `ARTIFACT_COMPRESSION_LEVEL` and its like.
    pub(in crate::engine) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "fastest" => Self::Fastest,
            "fast" => Self::Fast,
            "default" => Self::Default,
            "slow" => Self::Slow,
            "slowest" => Self::Slowest,
            _ => return None,
        })
    }

    fn number(self) -> u32 {
        match self {
            Self::Fastest => 1,
            Self::Fast => 3,
            Self::Default => 6,
            Self::Slow => 8,
            Self::Slowest => 9,
        }
    }
}

/// Writes `files`, relative to `root`, as a zip archive; links are stored as links. A file that
/// vanished meanwhile is left out.
pub(in crate::engine) fn zip(
    root: &Path,
    files: &BTreeSet<PathBuf>,
    to: File,
    level: Level,
    halt: &Halt,
) -> Result<(), ArchiveError> {
    let mut zip = ZipWriter::new(BufWriter::new(to));
    for file in files {
        halt.check()?;
        let path = root.join(file);
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        let name = file.to_string_lossy();
        let mut options: FileOptions<'_, '_, ExtendedFileOptions> = FileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .compression_level(Some(level.number().into()))
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
        } else if meta.is_dir() {
            zip.add_directory(name, options)?;
        } else if let Ok(source) = File::open(&path) {
            zip.start_file(name, options)?;
            io::copy(&mut halt.guard(source), &mut zip)?;
        }
    }
    zip.finish()?.into_inner().map_err(|error| error.into_error())?;
    Ok(())
}

/// Writes each file as a member of its own of one gzip stream, as reports are sent.
pub(in crate::engine) fn gzip(
    root: &Path,
    files: &BTreeSet<PathBuf>,
    to: File,
    level: Level,
    halt: &Halt,
) -> Result<(), ArchiveError> {
    let mut out = BufWriter::new(to);
    for file in files {
        let source = File::open(root.join(file))?;
        let name = file.file_name().unwrap_or_default().as_bytes();
        let level = flate2::Compression::new(level.number());
        let mut member = flate2::GzBuilder::new().filename(name).write(&mut out, level);
        io::copy(&mut halt.guard(source), &mut member)?;
        member.finish()?;
    }
    out.flush()?;
    Ok(())
}
