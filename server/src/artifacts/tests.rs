use std::convert::Infallible;
use std::io::{Cursor, Write};

use futures_util::stream;
use tempfile::TempDir;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::*;

const JOB: JobId = JobId(12_345);

fn artifacts() -> (TempDir, Artifacts) {
    let folder = TempDir::new().unwrap();
    let artifacts = Artifacts::open(folder.path().join("artifacts")).unwrap();
    (folder, artifacts)
}

fn archive(names: &[&str]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for name in names {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(name.repeat(100).as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn pieces(bytes: &[u8]) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let pieces: Vec<_> = bytes.chunks(7).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces)
}

fn incoming(artifacts: &Artifacts) -> usize {
    fs::read_dir(artifacts.root.join("incoming")).unwrap().count()
}

#[tokio::test]
async fn an_archive_is_stored_whole_and_listed() {
    let (_folder, artifacts) = artifacts();
    let bytes = archive(&["out/a.txt", "b.bin"]);
    let received = artifacts.receive(JOB, 1 << 20, pieces(&bytes)).await.unwrap();
    assert_eq!(received.size, bytes.len() as u64);
    assert_eq!(received.sha256, <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(&bytes)));
    assert!(artifacts.file(JOB).unwrap().is_none(), "nothing is there before it is kept");
    let sum = received.sha256;
    received.keep_async(ARCHIVE.to_owned()).await.unwrap();
    assert_eq!(artifacts.sha256(JOB, ARCHIVE).unwrap(), Some(sum));
    let entries = artifacts.entries(JOB).unwrap().unwrap();
    let listed: Vec<_> = entries.iter().map(|entry| (entry.path.as_str(), entry.size)).collect();
    assert_eq!(listed, [("out/a.txt", 900), ("b.bin", 500)]);
    assert_eq!(incoming(&artifacts), 0);
    artifacts.remove(JOB).unwrap();
    assert!(artifacts.file(JOB).unwrap().is_none());
    artifacts.remove(JOB).unwrap();
}

#[tokio::test]
async fn what_is_too_large_or_breaks_off_leaves_nothing() {
    let (_folder, artifacts) = artifacts();
    let refused = artifacts.receive(JOB, 10, pieces(b"eleven byte")).await;
    assert!(matches!(refused, Err(StoreError::TooLarge { limit: 10 })));
    let broken = stream::iter([Ok(Bytes::from_static(b"half")), Err("gone")]);
    assert!(matches!(artifacts.receive(JOB, 10, broken).await, Err(StoreError::Broken(_))));
    assert_eq!(incoming(&artifacts), 0);
    assert!(artifacts.file(JOB).unwrap().is_none());
}

#[tokio::test]
async fn a_restart_removes_what_an_interrupted_upload_left() {
    let (folder, artifacts) = artifacts();
    let received = artifacts.receive(JOB, 10, pieces(b"bytes")).await.unwrap();
    std::mem::forget(received);
    assert_eq!(incoming(&artifacts), 1);
    let artifacts = Artifacts::open(folder.path().join("artifacts")).unwrap();
    assert_eq!(incoming(&artifacts), 0);
}

async fn listing_of(bytes: &[u8]) -> Result<Option<Vec<Entry>>, ArchiveError> {
    let (_folder, artifacts) = artifacts();
    artifacts.receive(JOB, 1 << 30, pieces(bytes)).await.unwrap().keep(ARCHIVE).unwrap();
    artifacts.entries(JOB)
}

#[tokio::test]
async fn names_that_lead_out_of_the_archive_are_refused() {
    for name in ["../x", "a/../../x", "/etc/passwd", "a\\..\\b"] {
        // The writer would clean the name: it is put in afterwards, at the same length.
        let stand_in = "n".repeat(name.len());
        let mut bytes = archive(&[&stand_in]);
        for place in memchr::memmem::find_iter(&bytes.clone(), &stand_in) {
            if bytes[..place].ends_with(stand_in.as_bytes()) || place + name.len() > bytes.len() {
                continue;
            }
            bytes[place..place + name.len()].copy_from_slice(name.as_bytes());
        }
        let listing = listing_of(&bytes).await;
        assert!(matches!(listing, Err(ArchiveError::Escapes(_))), "{name}: {listing:?}");
    }
}

#[tokio::test]
async fn what_is_no_archive_is_refused() {
    let zeros = vec![0; 100_000];
    for bytes in [&b""[..], b"hello", &zeros, b"PK\x05\x06"] {
        assert!(matches!(listing_of(bytes).await, Err(ArchiveError::Broken)), "{}", bytes.len());
    }
}

#[tokio::test]
async fn a_directory_that_is_too_large_is_not_read() {
    let mut bytes = archive(&["a"]);
    let end = memchr::memmem::rfind(&bytes, b"PK\x05\x06").unwrap();
    bytes[end + 12..end + 16].copy_from_slice(&(64u32 << 20).to_le_bytes());
    assert!(matches!(listing_of(&bytes).await, Err(ArchiveError::TooMany)));
}

#[tokio::test]
async fn a_value_is_found_wherever_it_stands() {
    let (_folder, artifacts) = artifacts();
    let secret = "correct-horse-battery";
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let across = format!("{}{secret} and more", "x".repeat((256 << 10) - 7));
    let files = [
        ("plain.txt", "nothing"),
        ("out/across.txt", across.as_str()),
        ("correct-horse-battery/empty", ""),
        ("end", &across[7..across.len() - 9]),
    ];
    for (name, text) in files {
        writer.start_file(name, SimpleFileOptions::default()).unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    let zip = writer.finish().unwrap().into_inner();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(secret.as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    for (kind, bytes) in [(ARCHIVE, &zip[..]), ("junit", &packed), ("dotenv", b"A=1"), ("trace", secret.as_bytes())] {
        let received = artifacts.receive(JOB, 1 << 20, pieces(bytes)).await.unwrap();
        received.keep_async(kind.to_owned()).await.unwrap();
    }
    let wanted = Wanted::any(&["another-value".to_owned(), secret.to_owned()]).unwrap();
    let found = artifacts.containing(JOB, &wanted).unwrap();
    assert_eq!(found, ["out/across.txt", "correct-horse-battery/empty", "end", "junit", "trace"]);
    assert!(artifacts.containing(JobId(1), &wanted).unwrap().is_empty(), "a job that left nothing");
    let received = artifacts.receive(JobId(2), 1 << 20, pieces(b"not an archive")).await.unwrap();
    received.keep_async(ARCHIVE.to_owned()).await.unwrap();
    assert!(artifacts.containing(JobId(2), &wanted).is_err(), "nobody knows what is in it");
}
