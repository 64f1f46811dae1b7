//! Numbers that are nobody's: claimed by a lock that goes with this process, so that no other runner of this machine has
//! the same ones, and looked up among users and processes.

use std::{
    collections::HashSet,
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use rustix::fs::{FlockOperation, flock};

use super::{JobUser, UsersError, known};

/// Where numbers are claimed.
const CLAIMS: &str = "/run/weir/job-users";

/// As many numbers of `first..=last` as wanted, with what claims them.
pub(super) fn allot(first: u32, last: u32, wanted: usize) -> Result<(Vec<JobUser>, Vec<File>), UsersError> {
    let folder = Path::new(CLAIMS);
    let failed = |source| UsersError::Claim { path: folder.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let busy = with_processes();
    let (mut users, mut claims) = (Vec::new(), Vec::new());
    let mut next = first..=last;
    while users.len() < wanted {
        let mut claimed = Vec::new();
        for number in next.by_ref() {
            if !busy.contains(&number)
                && let Some(claim) = claim(folder, number).map_err(failed)?
            {
                claimed.push((number, claim));
                if claimed.len() == wanted - users.len() {
                    break;
                }
            }
        }
        if claimed.is_empty() {
            return Err(UsersError::TooFew { first, last, free: users.len(), wanted });
        }
        let numbers: Vec<u32> = claimed.iter().map(|(number, _)| *number).collect();
        let taken = known::taken(&numbers);
        for (uid, claim) in claimed.into_iter().filter(|(number, _)| !taken.contains(number)) {
            users.push(JobUser::numbered(uid));
            claims.push(claim);
        }
    }
    Ok((users, claims))
}

/// None when another process has it.
fn claim(folder: &Path, number: u32) -> io::Result<Option<File>> {
    let path = folder.join(number.to_string());
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The numbers that processes run as.
fn with_processes() -> HashSet<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let of_process = |text: String| {
        let line = text.lines().find_map(|line| line.strip_prefix("Uid:"))?.to_owned();
        Some(line.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect::<Vec<u32>>())
    };
    let known = entries.filter_map(|entry| fs::read_to_string(entry.path().join("status")).ok());
    known.filter_map(of_process).flatten().collect()
}

#[cfg(test)]
mod tests {
    use rustix::process::geteuid;

    use super::*;

    #[test]
    fn numbers_are_claimed_once_and_free_when_they_are_dropped() {
        if !geteuid().is_root() {
            eprintln!("left out: only root claims numbers");
            return;
        }
        // Numbers of this test alone.
        let (first, last) = (3_900_000_000, 3_900_000_002);
        let (users, claims) = allot(first, last, 2).unwrap();
        assert_eq!(users.iter().map(|user| user.uid).collect::<Vec<_>>(), [first, first + 1]);
        let (third, _kept) = allot(first, last, 1).unwrap();
        assert_eq!(third[0].uid, last);
        assert!(matches!(allot(first, last, 1), Err(UsersError::TooFew { free: 0, wanted: 1, .. })));
        drop(claims);
        assert_eq!(allot(first, last, 1).unwrap().0[0].uid, first);
        assert!(with_processes().contains(&0));
        // Somebody's are passed over.
        assert!(matches!(allot(0, 0, 1), Err(UsersError::TooFew { free: 0, .. })));
    }
}
