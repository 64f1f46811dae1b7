//! A copy of a folder, for jobs without a server.

use std::{ffi::OsStr, fs, io, os::unix::ffi::OsStrExt, path::Path};

/// Copies the files of `from` that belong to the project: those that git knows and those that it does
/// not know but does not ignore; everything when it is no repository or there is no git.
pub(in crate::engine) fn copy_folder(from: &Path, to: &Path) -> io::Result<()> {
    let git = |folder: &Path, arguments: &[&OsStr]| {
        let mut command = std::process::Command::new("git");
        command.args(["-c", "safe.directory=*", "-c", "core.fsmonitor=false"]).args(arguments).current_dir(folder);
        command.stdin(std::process::Stdio::null()).stderr(std::process::Stdio::null()).output()
    };
    if from.join(".git").exists() {
        // Scripts may ask git about the commit, and change what they like: a repository of its own that
        // borrows the objects. Without one (there is no commit yet) the files alone must do.
        let clone = ["clone", "--quiet", "--shared", "--no-checkout", "--template=", "--"].map(OsStr::new);
        let cloned = git(to, &[&clone[..], &[from.as_os_str(), OsStr::new(".")]].concat());
        if cloned.is_ok_and(|cloned| cloned.status.success()) {
            let _ = git(to, &["reset", "--quiet"].map(OsStr::new));
        }
    }
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"].map(OsStr::new);
    match git(from, &list) {
        Ok(listed) if listed.status.success() => {
            for name in listed.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
                let name = Path::new(OsStr::from_bytes(name));
                let target = to.join(name);
                if let Some(parent) = target.parent() {
                    fs::create_dir_all(parent)?;
                }
                copy(&from.join(name), &target)?;
            }
            Ok(())
        }
        _ => copy(from, to),
    }
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let Ok(meta) = fs::symlink_metadata(from) else {
        // Known to git, but deleted.
        return Ok(());
    };
    if meta.is_symlink() {
        std::os::unix::fs::symlink(fs::read_link(from)?, to)
    } else if meta.is_dir() {
        fs::create_dir_all(to)?;
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        Ok(())
    } else if meta.is_file() {
        fs::copy(from, to)?;
        // What `make` compares stays as it was.
        fs::File::options().write(true).open(to).and_then(|file| file.set_modified(meta.modified()?)).or(Ok(()))
    } else {
        Ok(())
    }
}
