//! What the test files share.

use std::path::PathBuf;

/// The folder of the shared cases, beside the workspace.
pub fn cases() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/cases");
    assert!(folder.is_dir(), "the shared cases are missing: {}", folder.display());
    folder
}
