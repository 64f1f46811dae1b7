//! What is in an archive. Archives are hostile: only the central directory is read, its size is
//! known before it is, and no name leaves the archive's folder.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use zip::{CompressionMethod, ZipArchive};

/// The most entries that are listed.
const MOST_ENTRIES: u64 = 100_000;

/// The largest central directory that is read.
const LARGEST_DIRECTORY: u64 = 32 << 20;

/// The most bytes that deflate makes of one.
const BEST: u64 = 1032;

/// Bytes unpacked at once.
const PIECE: usize = 128 << 10;

/// Why the archive cannot be listed; fits after "failed to read the archive: ".
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Not a zip archive, or a broken one.
    #[error("it is not a zip archive, or a broken one")]
    Broken,
    /// More entries than are listed.
    #[error("it has more than {MOST_ENTRIES} entries")]
    TooMany,
    /// A file that is larger than may be read.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// What may be read.
        limit: u64,
    },
    /// An entry whose name leads out of the folder it is unpacked in.
    #[error("the entry {0:?} leads out of the archive")]
    Escapes(String),
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// One entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its path in the archive, with `/` between the parts; folders end with one.
    pub path: String,
    /// Bytes when unpacked, as the archive says.
    pub size: u64,
    /// Bytes in the archive.
    pub packed: u64,
    /// Whether it is a symbolic link; those are shown and never followed.
    pub link: bool,
}

/// Refuses what is no archive, or has a directory that is too large to be read.
pub(super) fn check(file: &File, size: u64) -> Result<(), ArchiveError> {
    let directory = Directory::find(file, size)?.ok_or(ArchiveError::Broken)?;
    if directory.entries > MOST_ENTRIES || directory.bytes > LARGEST_DIRECTORY {
        return Err(ArchiveError::TooMany);
    }
    Ok(())
}

pub(super) fn entries(file: File, size: u64) -> Result<Vec<Entry>, ArchiveError> {
    check(&file, size)?;
    let mut archive = ZipArchive::new(io::BufReader::new(file)).map_err(|_| ArchiveError::Broken)?;
    (0..archive.len())
        .map(|number| {
            let entry = archive.by_index_raw(number).map_err(|_| ArchiveError::Broken)?;
            let path = entry.name().map_err(|_| ArchiveError::Broken)?.into_owned();
            if entry.enclosed_name().is_none() || path.contains(['\0', '\\']) || path.starts_with('/') {
                return Err(ArchiveError::Escapes(path.chars().take(200).collect()));
            }
            Ok(Entry { link: entry.is_symlink(), size: entry.size(), packed: entry.compressed_size(), path })
        })
        .collect()
}

/// The archive, when it is one that may be read.
fn opened(file: File, size: u64) -> Result<ZipArchive<io::BufReader<File>>, ArchiveError> {
    check(&file, size)?;
    ZipArchive::new(io::BufReader::new(file)).map_err(|_| ArchiveError::Broken)
}

/// Whether a file can be as long as it says, of the bytes that the archive has for it.
fn is_possible(size: u64, packed: u64, method: CompressionMethod) -> bool {
    match method {
        CompressionMethod::Stored => size == packed,
        _ => size / BEST <= packed,
    }
}

/// How long a file of an archive says it is. One that cannot be is refused before anything is sent of it.
pub(super) fn size_of(file: File, size: u64, path: &str) -> Result<Option<u64>, ArchiveError> {
    let mut archive = opened(file, size)?;
    let Some(number) = archive.index_for_name(path) else { return Ok(None) };
    let entry = archive.by_index_raw(number).map_err(|_| ArchiveError::Broken)?;
    if entry.is_dir() || entry.is_symlink() {
        return Ok(None);
    }
    let (told, packed) = (entry.size(), entry.compressed_size());
    if packed > size || !is_possible(told, packed, entry.compression()) {
        return Err(ArchiveError::Broken);
    }
    Ok(Some(told))
}

/// Gives a part of one file of an archive piece by piece.
pub(super) fn pour(
    file: File,
    size: u64,
    path: &str,
    range: Range<u64>,
    give: &mut dyn FnMut(Vec<u8>) -> bool,
) -> Result<(), ArchiveError> {
    let mut archive = opened(file, size)?;
    let number = archive.index_for_name(path).ok_or(ArchiveError::Broken)?;
    let mut entry = archive.by_index(number).map_err(|_| ArchiveError::Broken)?;
    let told = entry.size();
    let mut at = 0_u64;
    while at < range.end {
        let mut piece = vec![0; PIECE];
        let read = io::Read::read(&mut entry, &mut piece)?;
        if read == 0 {
            break;
        }
        let (begin, end) = (at, at + read as u64);
        at = end;
        if at > told {
            return Err(ArchiveError::TooLarge { limit: told });
        }
        let from = range.start.clamp(begin, end) - begin;
        let to = range.end.clamp(begin, end) - begin;
        piece.truncate(to as usize);
        piece.drain(..from as usize);
        if !piece.is_empty() && !give(piece) {
            return Ok(());
        }
    }
    // It ended before it should.
    if at < range.end { Err(ArchiveError::Broken) } else { Ok(()) }
}

/// The content of one file of an archive, at most `limit` bytes.
pub(super) fn read(file: File, size: u64, path: &str, limit: u64) -> Result<Option<Vec<u8>>, ArchiveError> {
    let mut archive = opened(file, size)?;
    let Some(number) = archive.index_for_name(path) else { return Ok(None) };
    let entry = archive.by_index(number).map_err(|_| ArchiveError::Broken)?;
    if entry.is_dir() || entry.is_symlink() {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    // What the archive says of the size is not believed.
    io::Read::read_to_end(&mut io::Read::take(entry, limit + 1), &mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(ArchiveError::TooLarge { limit });
    }
    Ok(Some(bytes))
}

/// What the end of an archive says of its central directory.
struct Directory {
    entries: u64,
    bytes: u64,
}

impl Directory {
    const END: &'static [u8] = b"PK\x05\x06";
    const END_SIZE: usize = 22;
    const LOCATOR: &'static [u8] = b"PK\x06\x07";
    const LOCATOR_SIZE: usize = 20;
    const END_64: &'static [u8] = b"PK\x06\x06";

    fn find(file: &File, size: u64) -> io::Result<Option<Self>> {
        // A comment of up to 64 KiB may follow.
        let start = size.saturating_sub((Self::END_SIZE + usize::from(u16::MAX) + Self::LOCATOR_SIZE) as u64);
        let mut tail = vec![0; (size - start) as usize];
        file.read_exact_at(&mut tail, start)?;
        let Some(place) = memchr::memmem::rfind(&tail, Self::END) else { return Ok(None) };
        let end = &tail[place..];
        let (Some(entries), Some(bytes)) = (number::<2>(end, 10), number::<4>(end, 12)) else { return Ok(None) };
        if entries != u64::from(u16::MAX) && bytes != u64::from(u32::MAX) {
            return Ok(Some(Self { entries, bytes }));
        }
        // The real numbers stand in the 64-bit record that a locator before the end points to.
        let locator = place.checked_sub(Self::LOCATOR_SIZE).map(|place| &tail[place..]);
        let Some(locator) = locator.filter(|locator| locator.starts_with(Self::LOCATOR)) else {
            return Ok(Some(Self { entries, bytes }));
        };
        let Some(offset) = number::<8>(locator, 8) else { return Ok(None) };
        let mut record = [0; 56];
        file.read_exact_at(&mut record, offset)?;
        let numbers = number::<8>(&record, 32).zip(number::<8>(&record, 40));
        Ok(numbers.filter(|_| record.starts_with(Self::END_64)).map(|(entries, bytes)| Self { entries, bytes }))
    }
}

/// The little-endian number of `N` bytes at `offset`.
fn number<const N: usize>(bytes: &[u8], offset: usize) -> Option<u64> {
    let field = bytes.get(offset..offset + N)?;
    Some(field.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}
