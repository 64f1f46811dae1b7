//! What fuzzing found, and a few inputs to begin with: each file in `tests/fuzz/<target>` must pass the check of its
//! target. A find becomes a test by being put there under a name that says what it was.

mod common;

use std::fs;
use std::path::Path;

use common::fuzzing;

/// Checks each file of a folder, and returns how many there were.
fn walk(target: &str, check: fn(&[u8])) -> usize {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(target);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files
        .inspect(|path| {
            // Shown when the check fails.
            println!("{}", path.display());
            check(&fs::read(path).unwrap());
        })
        .count()
}

#[test]
fn definitions() {
    assert!(walk("definition", fuzzing::definition) > 0);
}

#[test]
fn expressions() {
    assert!(walk("expression", fuzzing::expression) > 0);
}

#[test]
fn globs() {
    assert!(walk("glob", fuzzing::glob) > 0);
}
