//! Numbers that are nobody's: claimed by a lock that goes with this process, so that no other runner of this machine has
//! the same ones, and looked up among users, groups and processes.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Seek, Write},
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{FlockOperation, flock},
    process::geteuid,
};

use super::{JobUser, UsersError, known};
use crate::{engine::shut, processes::users};

/// Where numbers are claimed.
const CLAIMS: &str = "/run/weir/job-users";
/// Bytes of a path that is written into a claim.
const MAX_PATH: u64 = 4096;

/// As many numbers of `first..=last` as wanted, with what claims them.
pub(super) fn allot(first: u32, last: u32, wanted: usize) -> Result<Vec<(JobUser, Claim)>, UsersError> {
    let folder = Path::new(CLAIMS);
    let failed = |source| UsersError::Claim { path: folder.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let mut allotted = Vec::new();
    let mut next = first..=last;
    while allotted.len() < wanted {
        let mut claims = Vec::new();
        for number in next.by_ref() {
            if let Some(claim) = Claim::take(folder, number).map_err(failed)? {
                claims.push(claim);
                if claims.len() == wanted - allotted.len() {
                    break;
                }
            }
        }
        if claims.is_empty() {
            return Err(UsersError::TooFew { first, last, free: allotted.len(), wanted });
        }
        let numbers: Vec<u32> = claims.iter().map(|claim| claim.number).collect();
        let known = known::taken(&numbers);
        // After the claims: from now on no runner starts processes of these numbers.
        let busy: Vec<u32> = users().flat_map(|(_, users)| users).filter(|user| numbers.contains(user)).collect();
        for claim in claims {
            if known.contains(&claim.number) || busy.contains(&claim.number) || !claim.shut_what_is_left() {
                claim.release();
            } else {
                allotted.push((JobUser::numbered(claim.number), claim));
            }
        }
    }
    Ok(allotted)
}

/// A number that no other process can have as long as this is there. It says where the folders of its jobs are: should this
/// process be killed, they are left open to the number, and whoever has it next shuts them first.
#[derive(Debug)]
pub(super) struct Claim {
    number: u32,
    path: PathBuf,
    file: File,
}

impl Claim {
    /// None when another process has it.
    fn take(folder: &Path, number: u32) -> io::Result<Option<Self>> {
        let path = folder.join(number.to_string());
        loop {
            let mut options = OpenOptions::new();
            let file = options.read(true).write(true).create(true).truncate(false).mode(0o600).open(&path)?;
            match flock(&file, FlockOperation::NonBlockingLockExclusive) {
                // Unless who had it has just removed it, and it can be claimed a second time.
                Ok(()) if file.metadata()?.nlink() > 0 => return Ok(Some(Self { number, path, file })),
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Says where the folders of its jobs are.
    pub(super) fn write(&mut self, folder: &Path) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(folder.as_os_str().as_bytes())
    }

    /// Shuts what the one before, who was killed, had open to the number; whether nothing of it can be reached any more.
    fn shut_what_is_left(&self) -> bool {
        let mut path = Vec::new();
        if (&self.file).take(MAX_PATH).read_to_end(&mut path).is_err() {
            return false;
        }
        if path.is_empty() {
            return true;
        }
        let folder = PathBuf::from(std::ffi::OsString::from_vec(path));
        let own = geteuid().as_raw();
        let entries = match fs::symlink_metadata(&folder) {
            Err(error) => return error.kind() == io::ErrorKind::NotFound,
            Ok(meta) if !meta.is_dir() || meta.uid() != own => return true,
            Ok(_) => fs::read_dir(&folder),
        };
        let shut_one = |entry: io::Result<fs::DirEntry>| {
            let path = entry?.path();
            let meta = fs::symlink_metadata(&path)?;
            if meta.is_dir() && meta.uid() == own && meta.gid() == self.number { shut(&path) } else { Ok(()) }
        };
        let shut = entries.and_then(|entries| entries.map(shut_one).find(Result::is_err).unwrap_or(Ok(())));
        if let Err(error) = &shut {
            tracing::warn!(folder = %folder.display(), %error, "failed to shut what jobs of a killed runner left");
        }
        shut.is_ok()
    }

    /// Gives it up, with nothing left that is open to it.
    pub(super) fn release(self) {
        // While it is locked, so that nobody else has it.
        if let Err(error) = fs::remove_file(&self.path) {
            tracing::debug!(path = %self.path.display(), %error, "failed to remove a claim");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, chown};

    use super::*;

    fn is_root() -> bool {
        let is_root = geteuid().is_root();
        if !is_root {
            eprintln!("left out: only root claims numbers");
        }
        is_root
    }

    fn release(allotted: Vec<(JobUser, Claim)>) {
        for (_, claim) in allotted {
            claim.release();
        }
    }

    fn numbers(allotted: &[(JobUser, Claim)]) -> Vec<u32> {
        allotted.iter().map(|(user, _)| user.uid).collect()
    }

    #[test]
    fn numbers_are_claimed_once_and_free_when_they_are_given_up() {
        if !is_root() {
            return;
        }
        // Numbers of this test alone.
        let (first, last) = (3_900_000_000, 3_900_000_002);
        let two = allot(first, last, 2).unwrap();
        assert_eq!(numbers(&two), [first, first + 1]);
        let third = allot(first, last, 1).unwrap();
        assert_eq!(numbers(&third), [last]);
        assert!(matches!(allot(first, last, 1), Err(UsersError::TooFew { free: 0, wanted: 1, .. })));
        release(two);
        assert!(!Path::new(CLAIMS).join(first.to_string()).exists());
        let again = allot(first, last, 1).unwrap();
        assert_eq!(numbers(&again), [first]);
        // One that is killed leaves a file without a lock.
        drop(third);
        assert!(Path::new(CLAIMS).join(last.to_string()).exists());
        let rest = allot(first, last, 2).unwrap();
        assert_eq!(numbers(&rest), [first + 1, last]);
        release(again);
        release(rest);
        // Somebody's are passed over.
        assert!(matches!(allot(0, 0, 1), Err(UsersError::TooFew { free: 0, .. })));
    }

    #[test]
    fn what_a_killed_runner_left_open_is_shut_before_another_has_the_number() {
        if !is_root() {
            return;
        }
        let number = 60572;
        let dir = tempfile::tempdir().unwrap();
        let (left, other) = (dir.path().join("7"), dir.path().join("8"));
        for (folder, group) in [(&left, number), (&other, number + 1)] {
            fs::create_dir(folder).unwrap();
            chown(folder, None, Some(group)).unwrap();
            fs::set_permissions(folder, fs::Permissions::from_mode(0o710)).unwrap();
        }
        let mut killed = allot(number, number, 1).unwrap();
        killed[0].1.write(dir.path()).unwrap();
        let mode = |folder: &Path| {
            let meta = fs::metadata(folder).unwrap();
            (meta.gid(), meta.mode() & 0o777)
        };
        assert_eq!(mode(&left), (number, 0o710));
        drop(killed);
        let next = allot(number, number, 1).unwrap();
        assert_eq!((mode(&left), mode(&other)), ((0, 0o700), (number + 1, 0o710)));
        release(next);
    }

    #[test]
    fn numbers_that_processes_have_are_passed_over() {
        if !is_root() {
            return;
        }
        let (first, last) = (60570, 60571);
        let user = JobUser::numbered(first);
        let mut child = crate::engine::command_of(&user, "sleep", "").arg("1000").spawn().unwrap();
        let allotted = allot(first, last, 1).unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(numbers(&allotted), [last]);
        release(allotted);
    }
}
