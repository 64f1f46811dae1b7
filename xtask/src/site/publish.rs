//! Writing `target/site`: only what changed, so that the server is not compiled again for nothing.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Files;
use crate::workspace::Workspace;

/// Worth compressing; pictures and fonts are already.
const COMPRESSIBLE: &[&str] = &["css", "html", "ico", "js", "json", "map", "svg", "txt", "wasm", "webmanifest", "xml"];

/// The files of `public/`, which keep their paths.
pub fn public(workspace: &Workspace) -> Result<Files> {
    let mut files = Files::new();
    let root = workspace.root.join("public");
    if root.exists() {
        collect(&root, &root, &mut files)?;
    }
    Ok(files)
}

/// Makes `target/site` hold these files, their Brotli variants, and nothing else. Returns a line for each file of `pkg/`.
pub fn publish(workspace: &Workspace, files: &Files) -> Result<Vec<String>> {
    let site = workspace.site();
    fs::create_dir_all(&site)?;
    let mut wanted = BTreeSet::new();
    let mut report = Vec::new();
    for (name, contents) in files {
        let path = site.join(name);
        let changed = write_if_changed(&path, contents)?;
        wanted.insert(path.clone());
        let mut sizes = format!("{} {} bytes", name.display(), contents.len());
        if let Some((variant, size)) = compressed(&path, contents, changed)? {
            wanted.insert(variant);
            sizes.push_str(&format!(", {size} as Brotli"));
        }
        if name.starts_with("pkg") {
            report.push(sizes);
        }
    }
    let mut present = Files::new();
    collect(&site, &site, &mut present)?;
    for name in present.keys() {
        let path = site.join(name);
        if !wanted.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(report)
}

/// What lies in a folder, a line each.
pub fn names(site: &Path) -> Result<String> {
    let mut present = Files::new();
    collect(site, site, &mut present)?;
    Ok(present.keys().map(|name| format!("{}\n", name.display())).collect::<Vec<_>>().concat())
}

/// The Brotli variant beside `path`, made if it is missing or out of date, when it is smaller.
fn compressed(path: &Path, contents: &[u8], changed: bool) -> Result<Option<(PathBuf, u64)>> {
    let extension = path.extension().and_then(|ext| ext.to_str()).unwrap_or("");
    if !COMPRESSIBLE.contains(&extension) {
        return Ok(None);
    }
    let variant = path.with_extension(format!("{extension}.br"));
    if !changed && let Ok(made) = variant.metadata() {
        return Ok(Some((variant, made.len())));
    }
    let mut packed = Vec::new();
    {
        let mut writer = brotli::CompressorWriter::new(&mut packed, 1 << 16, 11, 22);
        writer.write_all(contents)?;
    }
    if packed.len() >= contents.len() {
        return Ok(None);
    }
    write_if_changed(&variant, &packed)?;
    Ok(Some((variant, packed.len() as u64)))
}

/// Whole or not at all: a server that is starting may read the file meanwhile.
fn write_if_changed(path: &Path, contents: &[u8]) -> Result<bool> {
    if fs::read(path).is_ok_and(|present| present == contents) {
        return Ok(false);
    }
    let folder = path.parent().context("a site file has no folder")?;
    fs::create_dir_all(folder)?;
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    fs::write(&temporary, contents)?;
    fs::rename(&temporary, path).with_context(|| format!("failed to write {}", path.display()))?;
    Ok(true)
}

fn collect(root: &Path, folder: &Path, files: &mut Files) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, files)?;
        } else if let Ok(name) = path.strip_prefix(root) {
            // Files that keep an empty folder in git are no part of the site.
            if !name.ends_with(".gitkeep") {
                files.insert(name.to_path_buf(), fs::read(&path)?);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> Workspace {
        let root = std::env::temp_dir().join(format!("weir-publish-{name}-{}", std::process::id()));
        fs::create_dir_all(&root).unwrap();
        Workspace { target: root.join("target"), root }
    }

    #[test]
    fn publishes_removes_and_leaves_alone() {
        let workspace = scratch("all");
        let text = b"body { color: black }\n".repeat(50);
        let mut files =
            Files::from([(PathBuf::from("pkg/weir.css"), text.clone()), (PathBuf::from("logo.png"), b"png".to_vec())]);
        assert_eq!(publish(&workspace, &files).unwrap().len(), 1);
        let site = workspace.site();
        assert!(site.join("pkg/weir.css.br").exists());
        assert!(!site.join("logo.png.br").exists());

        let written = site.join("pkg/weir.css.br").metadata().unwrap().modified().unwrap();
        files.remove(Path::new("logo.png"));
        publish(&workspace, &files).unwrap();
        assert!(!site.join("logo.png").exists());
        let again = site.join("pkg/weir.css.br").metadata().unwrap().modified().unwrap();
        assert_eq!(written, again);
        fs::remove_dir_all(&workspace.root).unwrap();
    }

    #[test]
    fn what_grows_is_not_compressed() {
        let workspace = scratch("small");
        let files = Files::from([(PathBuf::from("robots.txt"), b"x".to_vec())]);
        publish(&workspace, &files).unwrap();
        assert!(!workspace.site().join("robots.txt.br").exists());
        fs::remove_dir_all(&workspace.root).unwrap();
    }
}
