//! Who jobs run as. A runner that is root gives each of them to somebody else: by default to a number that no user has and
//! no other job that runs; or to a user that the administrator names.

mod allot;
mod folder;
mod known;

use std::{
    ffi::OsString,
    fmt, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use rustix::process::geteuid;

use crate::{
    engine::{end_all_at_once, reach, remove_tree},
    processes::end_all_of,
};
use allot::Claim;

/// Numbers that neither the distributions nor systemd give to anybody, and that are there in containers with 65536 of
/// them (<https://systemd.io/UIDS-GIDS/>).
const UNUSED: (u32, u32) = (60578, 61183);

/// Where whoever runs programs may leave something beside the folders of a job.
const COMMON: [&str; 5] = ["/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock"];
/// How long processes may resist KILL before nobody gets their user any more.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// What the administrator says about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum JobUsers {
    /// The runner's own user.
    #[default]
    Same,
    /// This user, by name or number, for all of them.
    Named(String),
    /// A number from here to there for each job that runs.
    Numbers(u32, u32),
}

impl JobUsers {
    /// Numbers that nobody has.
    pub const AUTO: Self = Self::Numbers(UNUSED.0, UNUSED.1);

    /// Looks whether jobs, so many at a time, can run as them, and makes the folder of what they reach: the one that is
    /// given, or one beside `near`. None when they are of this very user. Which of the numbers are free is for the runner
    /// to see: one of an earlier server may still have them.
    pub fn prepare(&self, concurrent: usize, near: &Path, given: Option<&Path>) -> Result<Option<PathBuf>, UsersError> {
        let user = match self.other()? {
            None => return Ok(None),
            Some(Other::One(user)) => user,
            Some(Other::Numbers(first, last)) => {
                let free = (last - first) as usize + 1;
                if free < concurrent {
                    return Err(UsersError::TooFew { first, last, free, wanted: concurrent });
                }
                JobUser::numbered(first)
            }
        };
        folder_of(&user, near, given, &crate::supervisor::own_leader()).map(Some)
    }

    /// Who it is, when it is not this very user.
    fn other(&self) -> Result<Option<Other>, UsersError> {
        let own = geteuid();
        let other = match self {
            Self::Same => return Ok(None),
            Self::Named(name) => {
                let user = known::find(name).ok_or_else(|| UsersError::Unknown(name.clone()))?;
                if user.uid == own.as_raw() {
                    return Ok(None);
                }
                Other::One(user)
            }
            Self::Numbers(first, last) => Other::Numbers(*first, *last),
        };
        if own.is_root() { Ok(Some(other)) } else { Err(UsersError::NotRoot(self.to_string())) }
    }

    /// What is safe when nobody has said anything: root runs no jobs itself, others can do nothing else.
    pub fn usual() -> Self {
        if geteuid().is_root() { Self::AUTO } else { Self::Same }
    }
}

/// What is no setting of users; fits after "`job_user` = …: ".
#[derive(Debug, thiserror::Error)]
#[error("expected auto, same, the name or number of a user, or numbers such as 70000-70031")]
pub struct NotUsers;

impl FromStr for JobUsers {
    type Err = NotUsers;

    fn from_str(text: &str) -> Result<Self, NotUsers> {
        match text {
            "auto" => return Ok(Self::AUTO),
            "same" => return Ok(Self::Same),
            _ => {}
        }
        if let Some((first, last)) = text.split_once('-')
            && let (Ok(first), Ok(last)) = (first.parse(), last.parse())
        {
            // The last number is "nobody at all" to the system.
            let is_range = 0 < first && first <= last && last < u32::MAX;
            return if is_range { Ok(Self::Numbers(first, last)) } else { Err(NotUsers) };
        }
        let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '$' | '@');
        let fits = !text.is_empty() && text.len() <= 255 && !text.starts_with('-') && text.chars().all(is_name);
        if fits { Ok(Self::Named(text.to_owned())) } else { Err(NotUsers) }
    }
}

impl fmt::Display for JobUsers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("same"),
            Self::Named(name) => f.write_str(name),
            Self::Numbers(first, last) => write!(f, "{first}-{last}"),
        }
    }
}

/// Why jobs cannot be another user's; fits after "failed to …: ".
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// It takes privileges.
    #[error("only root can run jobs as another user ({0}): start it as root, or leave --job-user out")]
    NotRoot(String),
    /// There is none.
    #[error("there is no user {0}: make one (useradd --system --create-home {0}), or name another with --job-user")]
    Unknown(String),
    /// Too many of the numbers are somebody's.
    #[error(
        "of the user numbers {first}-{last}, {free} are nobody's, and {wanted} jobs run at a time: give others with --job-user"
    )]
    TooFew {
        /// The first number.
        first: u32,
        /// The last one.
        last: u32,
        /// How many can be had.
        free: usize,
        /// How many are needed.
        wanted: usize,
    },
    /// Their place among the processes of this machine cannot be claimed.
    #[error("user numbers cannot be claimed in {path}: {source}")]
    Claim {
        /// Where.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The folder of the jobs.
    #[error("jobs would run as {user} in {path}, which is not possible: {why}")]
    Folder {
        /// Who could not.
        user: String,
        /// Where.
        path: PathBuf,
        /// Why not.
        why: String,
    },
}

/// Somebody who a job runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JobUser {
    pub uid: u32,
    pub gid: u32,
    /// A name for `USER`; the number, when it has none.
    pub name: String,
    /// None: each job gets one.
    pub home: Option<PathBuf>,
    /// Whether it is allotted: nothing on this machine belongs to it but what its jobs left.
    pub is_allotted: bool,
}

/// Somebody else than the runner's user.
enum Other {
    One(JobUser),
    Numbers(u32, u32),
}

impl JobUser {
    /// A number that is nobody's.
    fn numbered(uid: u32) -> Self {
        Self { uid, gid: uid, name: uid.to_string(), home: None, is_allotted: true }
    }
}

/// The folder of what jobs reach, made where it is missing, and tried.
fn folder_of(user: &JobUser, near: &Path, given: Option<&Path>, leader: &[OsString]) -> Result<PathBuf, UsersError> {
    let path = given.map_or_else(|| folder::usual(near), Path::to_owned);
    let reached = || reach(user, leader, &path).map_err(|error| error.to_string());
    let tried = folder::make(&path).and_then(|()| folder::give(&path, user)).and_then(|()| reached());
    match tried {
        Ok(()) => Ok(path),
        Err(why) => Err(UsersError::Folder { user: user.to_string(), path, why }),
    }
}

impl fmt::Display for JobUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_allotted { write!(f, "user {}", self.uid) } else { write!(f, "{} ({})", self.name, self.uid) }
    }
}

/// The users of a runner's jobs.
#[derive(Debug, Default)]
pub(crate) struct Users {
    list: Mutex<Vec<Place>>,
}

#[derive(Debug)]
struct Place {
    user: JobUser,
    /// What keeps the number from other runners.
    claim: Option<Claim>,
    jobs: usize,
    /// Jobs that have not given it back: nobody knows whether what they had open to it is shut.
    open: usize,
}

impl Users {
    /// Finds them: as many as jobs run at a time, or the one that is named. None for jobs of the runner's own user.
    pub(crate) fn find(setting: &JobUsers, concurrent: usize) -> Result<Option<Self>, UsersError> {
        let list = match setting.other()? {
            None => return Ok(None),
            Some(Other::One(user)) => vec![Place::new(user, None)],
            Some(Other::Numbers(first, last)) => {
                let allotted = allot::allot(first, last, concurrent)?;
                allotted.into_iter().map(|(user, claim)| Place::new(user, Some(claim))).collect()
            }
        };
        for place in &list {
            clear(&place.user);
        }
        Ok(Some(Self { list: Mutex::new(list) }))
    }

    /// One that no job has, or the one that all jobs have.
    pub(crate) fn take(&self) -> Result<Held<'_>, String> {
        let mut list = self.list();
        let is_free = |place: &Place| place.jobs == 0 || !place.user.is_allotted;
        let Some((index, place)) = list.iter_mut().enumerate().find(|(_, place)| is_free(place)) else {
            return Err("other jobs have all the users that there are".to_owned());
        };
        place.jobs += 1;
        place.open += 1;
        Ok(Held { users: self, index, user: place.user.clone() })
    }

    /// The folder of what their jobs reach, made where it is missing.
    pub(crate) fn folder(
        &self,
        near: &Path,
        given: Option<&Path>,
        leader: &[OsString],
    ) -> Result<Option<PathBuf>, UsersError> {
        let mut list = self.list();
        let Some(first) = list.first() else { return Ok(None) };
        let path = folder_of(&first.user, near, given, leader)?;
        for claim in list.iter_mut().filter_map(|place| place.claim.as_mut()) {
            claim.write(&path).map_err(|source| UsersError::Claim { path: path.clone(), source })?;
        }
        Ok(Some(path))
    }

    fn list(&self) -> MutexGuard<'_, Vec<Place>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Users {
    fn drop(&mut self) {
        for place in self.list().drain(..) {
            // The claims of others stay behind as those of a runner that was killed: whoever has the number next shuts
            // what is open to it.
            if let (0, Some(claim)) = (place.open, place.claim) {
                claim.release();
            }
        }
    }
}

impl Place {
    fn new(user: JobUser, claim: Option<Claim>) -> Self {
        Self { user, claim, jobs: 0, open: 0 }
    }
}

/// A user that a job has.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    users: &'a Users,
    index: usize,
    user: JobUser,
}

impl Held<'_> {
    pub(crate) fn user(&self) -> &JobUser {
        &self.user
    }

    /// Gives it back: what the job had is shut, and none of its processes is left.
    pub(crate) fn give_back(self) {
        if let Some(place) = self.users.list().get_mut(self.index) {
            place.open = place.open.saturating_sub(1);
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.users.list().get_mut(self.index) {
            place.jobs = place.jobs.saturating_sub(1);
        }
    }
}

/// Ends what is left of an allotted number, whoever started it, and removes what it has in the folders of everybody; false
/// when processes are left. A user with a name keeps both: they are not the job's alone.
pub(crate) fn vacate(user: &JobUser, leader: &[OsString]) -> bool {
    if !user.is_allotted {
        return true;
    }
    let ended = end_all_of(user.uid, KILL_LIMIT, || {
        if let Err(error) = end_all_at_once(user, leader) {
            tracing::debug!(%user, %error, "failed to end all processes of a user at once");
        }
    });
    if ended.is_ok() {
        clear(user);
    }
    ended.is_ok()
}

/// Removes what an allotted number has in the folders of everybody: the next job that has it is another's.
fn clear(user: &JobUser) {
    if !user.is_allotted {
        return;
    }
    for folder in COMMON {
        clear_in(Path::new(folder), user.uid);
    }
}

fn clear_in(folder: &Path, uid: u32) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(meta) = entry.path().symlink_metadata() else { continue };
        if meta.uid() != uid {
            continue;
        }
        let path = entry.path();
        let removed = if meta.is_dir() { remove_tree(&path) } else { fs::remove_file(&path) };
        if let Err(error) = removed {
            tracing::warn!(path = %path.display(), %error, "failed to remove what a job left");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{lchown, symlink};

    use super::*;

    fn of_numbers(count: usize) -> Users {
        let numbers = (4_000_000_000..).take(count).map(JobUser::numbered);
        Users { list: Mutex::new(numbers.map(|user| Place::new(user, None)).collect()) }
    }

    #[test]
    fn settings_are_read_and_written() {
        for (text, want) in [
            ("auto", JobUsers::AUTO),
            ("same", JobUsers::Same),
            ("ci", JobUsers::Named("ci".into())),
            ("ci-1", JobUsers::Named("ci-1".into())),
            ("1000", JobUsers::Named("1000".into())),
            ("70000-70031", JobUsers::Numbers(70000, 70031)),
        ] {
            let read: JobUsers = text.parse().unwrap();
            assert_eq!(read, want, "{text}");
            assert_eq!(read.to_string().parse::<JobUsers>().unwrap(), want);
        }
        for bad in ["", "-x", "0-5", "9-8", "1-4294967295", "a b", "a/b", "a:b", "a\n"] {
            assert!(bad.parse::<JobUsers>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn each_job_has_a_number_of_its_own_and_jobs_share_a_name() {
        let users = of_numbers(2);
        let (first, second) = (users.take().unwrap(), users.take().unwrap());
        assert_ne!(first.user().uid, second.user().uid);
        assert!(users.take().is_err());
        let kept = first.user().uid;
        first.give_back();
        assert_eq!(users.take().unwrap().user().uid, kept);
        second.give_back();
        let named = JobUser { is_allotted: false, ..JobUser::numbered(4_000_000_000) };
        let users = Users { list: Mutex::new(vec![Place::new(named, None)]) };
        let (first, second) = (users.take().unwrap(), users.take().unwrap());
        assert_eq!(first.user(), second.user());
    }

    #[test]
    fn whoever_acts_as_a_number_is_ended_whatever_hides_it() {
        if !geteuid().is_root() {
            eprintln!("left out: only root starts processes of others");
            return;
        }
        let user = JobUser::numbered(60573);
        // Without the mark of any job, and with a child that starts another before it ends.
        let mut child = crate::engine::command_of(&user, "sh", "")
            .args(["-c", "trap '' TERM; while :; do (sleep 0.01 &); done"])
            .env_clear()
            .spawn()
            .unwrap();
        let is_there = |pid: u32| crate::processes::users().any(|(one, _)| one.as_raw_pid().cast_unsigned() == pid);
        assert!(is_there(child.id()));
        let dir = tempfile::tempdir_in("/tmp").unwrap();
        lchown(dir.path(), Some(user.uid), Some(user.uid)).unwrap();
        assert!(vacate(&user, &["/nonexistent".into()]), "it takes no other program");
        assert!(crate::processes::users().all(|(_, users)| !users.contains(&user.uid)));
        assert!(!child.wait().unwrap().success());
        assert!(!dir.path().exists());
        let named = JobUser { is_allotted: false, ..user };
        let dir = tempfile::tempdir_in("/tmp").unwrap();
        lchown(dir.path(), Some(named.uid), Some(named.uid)).unwrap();
        assert!(vacate(&named, &[]) && dir.path().exists(), "what a user with a name has is not the job's alone");
    }

    #[test]
    fn what_a_number_left_is_removed_and_nothing_else() {
        if !geteuid().is_root() {
            eprintln!("left out: only root can make files of others");
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let uid = 4_000_000_001;
        fs::create_dir_all(at("theirs/deep")).unwrap();
        fs::write(at("theirs/deep/file"), "x").unwrap();
        fs::write(at("file"), "x").unwrap();
        symlink(at("kept"), at("link")).unwrap();
        fs::create_dir(at("kept")).unwrap();
        fs::write(at("kept/file"), "x").unwrap();
        for name in ["theirs", "file", "link"] {
            lchown(at(name), Some(uid), Some(uid)).unwrap();
        }
        clear_in(dir.path(), uid);
        let left: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["kept"]);
        assert!(at("kept/file").exists());
    }
}
