//! The folder of what jobs with users of their own reach. Whoever may be such a user has to get there, and nobody but the
//! runner may change what is in it.

use std::{
    fs::{self, Permissions},
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};

use rustix::process::geteuid;
use sha2::{Digest, Sha256};

use super::JobUser;

/// Where it is when no place beside the runner's folder will do.
const ELSEWHERE: &str = "/var/lib/weir-jobs.d";

/// Where it is when nobody says: beside `near`, or elsewhere when others cannot get there.
pub(super) fn usual(near: &Path) -> PathBuf {
    let name = near.file_name().unwrap_or_default().to_string_lossy();
    let can_get_there = near.ancestors().skip(1).all(|folder| {
        fs::metadata(folder).map_or_else(|_| !folder.exists(), |meta| meta.permissions().mode() & 0o001 != 0)
    });
    if can_get_there {
        return near.with_file_name(format!("{name}-jobs"));
    }
    let digest = hex::encode(Sha256::digest(near.as_os_str().as_encoded_bytes()));
    Path::new(ELSEWHERE).join(format!("{name}-{}", &digest[..12]))
}

/// Makes it, or looks whether it may be used; says why not.
pub(super) fn make(path: &Path) -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    if !path.is_absolute() || path.to_str().is_none() {
        return Err("it is no absolute path of UTF-8".to_owned());
    }
    let missing: Vec<&Path> = path.ancestors().take_while(|folder| fs::symlink_metadata(folder).is_err()).collect();
    fs::DirBuilder::new().recursive(true).mode(0o711).create(path).map_err(failed)?;
    for folder in missing {
        // Whatever the runner's own mask is.
        fs::set_permissions(folder, Permissions::from_mode(0o711)).map_err(failed)?;
    }
    let meta = fs::symlink_metadata(path).map_err(failed)?;
    if !meta.is_dir() || meta.uid() != geteuid().as_raw() || meta.mode() & 0o022 != 0 {
        return Err("it has to be a folder that only root can write to".to_owned());
    }
    for folder in path.ancestors().skip(1) {
        let mode = fs::metadata(folder).map_err(failed)?.mode();
        if mode & 0o1002 == 0o002 {
            return Err(format!("everybody can change {}", folder.display()));
        }
    }
    Ok(())
}

/// Tries whether what is in it can be given to the user; says why not.
pub(super) fn give(path: &Path, user: &JobUser) -> Result<(), String> {
    let one = path.join(format!(".of-{}", std::process::id()));
    let given = fs::create_dir(&one).and_then(|()| chown(&one, Some(user.uid), Some(user.gid)));
    let removed = fs::remove_dir(&one);
    given.and(removed).map_err(|error| format!("nothing in it can be given to {user}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_beside_the_runner_or_where_others_get() {
        let dir = tempfile::tempdir().unwrap();
        let near = dir.path().join("data");
        fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).unwrap();
        assert!(usual(&near).starts_with(ELSEWHERE));
        assert_ne!(usual(&near), usual(&dir.path().join("deep/data")));
        fs::set_permissions(dir.path(), Permissions::from_mode(0o711)).unwrap();
        assert_eq!(usual(&near), dir.path().join("data-jobs"));
        assert_eq!(usual(Path::new("/var/lib/weir")), Path::new("/var/lib/weir-jobs"));
    }

    #[test]
    fn what_cannot_be_given_is_told_before_there_is_a_job() {
        let dir = tempfile::tempdir().unwrap();
        let user = JobUser::numbered(60574);
        let given = give(dir.path(), &user);
        if geteuid().is_root() {
            assert_eq!(given, Ok(()));
        } else {
            assert!(given.unwrap_err().contains("given to user 60574"));
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        assert!(give(&dir.path().join("gone"), &user).is_err());
    }

    #[test]
    fn it_is_made_for_others_to_pass_and_nobody_to_write() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/jobs");
        make(&path).unwrap();
        make(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o711);
        assert!(make(Path::new("relative")).is_err());
        fs::set_permissions(&path, Permissions::from_mode(0o777)).unwrap();
        assert!(make(&path).unwrap_err().contains("only root"));
        assert!(make(&path.join("below")).unwrap_err().contains("everybody can change"));
        std::os::unix::fs::symlink(&path, dir.path().join("link")).unwrap();
        assert!(make(&dir.path().join("link")).is_err());
    }
}
