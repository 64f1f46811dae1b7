//! The bytes of a log: all of them in a file, those that are not sent yet in memory too.

use std::{
    fs::File,
    io::{self, Read, Write},
    os::unix::fs::FileExt,
};

use bytes::Bytes;

/// How much of the end is kept in memory when it is in the file as well.
const MAX_TAIL: usize = 1 << 20;

/// An append-only file of bytes. The newest of them are kept in memory as long as they are few or
/// are nowhere else, so that a short log is never read back and a full disk does not eat the last line.
pub(super) struct Spool {
    file: Option<File>,
    /// What the file holds.
    stored: u64,
    /// The bytes from `tail_start` on.
    tail: Vec<u8>,
    tail_start: u64,
    crc: crc32fast::Hasher,
}

impl Spool {
    pub(super) fn new(file: Option<File>) -> Self {
        Self { file, stored: 0, tail: Vec::new(), tail_start: 0, crc: crc32fast::Hasher::new() }
    }

    /// Goes on with what `file` holds.
    pub(super) fn resume(mut file: File) -> io::Result<Self> {
        let mut crc = crc32fast::Hasher::new();
        let mut chunk = vec![0; 64 << 10];
        let mut stored = 0;
        loop {
            let count = file.read(&mut chunk)?;
            if count == 0 {
                break;
            }
            crc.update(&chunk[..count]);
            stored += count as u64;
        }
        Ok(Self { file: Some(file), stored, tail: Vec::new(), tail_start: stored, crc })
    }

    pub(super) fn len(&self) -> u64 {
        self.tail_start + self.tail.len() as u64
    }

    pub(super) fn crc(&self) -> u32 {
        self.crc.clone().finalize()
    }

    /// Appends; also when it fails the bytes are part of the log, in memory only.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.crc.update(bytes);
        let all_stored = self.stored == self.len();
        self.tail.extend_from_slice(bytes);
        let result = match &mut self.file {
            // After a failure nothing more is written: the file must be a prefix of the log.
            Some(file) if all_stored => match write_counting(file, bytes) {
                (_, Ok(())) => {
                    self.stored += bytes.len() as u64;
                    Ok(())
                }
                (count, Err(error)) => {
                    self.stored += count;
                    Err(error)
                }
            },
            _ => Ok(()),
        };
        if self.tail.len() > MAX_TAIL && self.stored == self.len() {
            self.tail_start = self.stored;
            self.tail = Vec::new();
        }
        result
    }

    /// At most `most` bytes from `offset` on.
    pub(super) fn read(&mut self, offset: u64, most: usize) -> io::Result<Bytes> {
        if offset >= self.tail_start {
            let from = usize::try_from(offset - self.tail_start).unwrap_or(usize::MAX).min(self.tail.len());
            let to = self.tail.len().min(from.saturating_add(most));
            return Ok(Bytes::copy_from_slice(&self.tail[from..to]));
        }
        let Some(file) = &self.file else { return Err(io::ErrorKind::NotFound.into()) };
        let count = usize::try_from(self.tail_start - offset).unwrap_or(usize::MAX).min(most);
        let mut bytes = vec![0; count];
        file.read_exact_at(&mut bytes, offset)?;
        Ok(bytes.into())
    }

    /// Bytes before `offset` need not be in memory any more.
    pub(super) fn forget_before(&mut self, offset: u64) {
        let until = offset.min(self.stored).min(self.len());
        let Some(count) = until.checked_sub(self.tail_start).and_then(|count| usize::try_from(count).ok()) else {
            return;
        };
        self.tail.drain(..count);
        self.tail_start = until;
    }
}

fn write_counting(file: &mut File, mut bytes: &[u8]) -> (u64, io::Result<()>) {
    let mut count = 0;
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return (count, Err(io::ErrorKind::WriteZero.into())),
            Ok(written) => {
                count += written as u64;
                bytes = &bytes[written..];
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (count, Err(error)),
        }
    }
    (count, Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_offset_can_be_read_whatever_is_in_memory() {
        let mut spool = Spool::new(Some(tempfile::tempfile().unwrap()));
        let mut all = Vec::new();
        for n in 0..300_u32 {
            let piece = vec![n.to_le_bytes()[0]; 9001];
            spool.append(&piece).unwrap();
            all.extend(piece);
            if n % 7 == 0 {
                spool.forget_before(all.len() as u64 / 2);
            }
        }
        assert_eq!((spool.len(), spool.crc()), (all.len() as u64, crc32fast::hash(&all)));
        for offset in [0, 1, all.len() / 2, all.len() - 9001, all.len() - 1, all.len()] {
            let mut read = Vec::new();
            while offset + read.len() < all.len() {
                let bytes = spool.read((offset + read.len()) as u64, 100_000).unwrap();
                assert!(!bytes.is_empty());
                read.extend_from_slice(&bytes);
            }
            assert!(read == all[offset..]);
        }
    }

    #[test]
    fn a_resumed_spool_has_the_same_checksum() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let open = || File::options().read(true).append(true).open(file.path()).unwrap();
        Spool::new(Some(open())).append(b"before").unwrap();
        let mut resumed = Spool::resume(open()).unwrap();
        resumed.append(b" after").unwrap();
        assert_eq!((resumed.len(), resumed.crc()), (12, crc32fast::hash(b"before after")));
        assert_eq!(resumed.read(0, 100).unwrap(), "before");
        assert_eq!(resumed.read(6, 100).unwrap(), " after");
    }
}
