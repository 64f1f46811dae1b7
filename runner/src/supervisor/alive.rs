//! Looking at a runner's folder from outside: is its process there, and how is it told to end?

use std::{fs, io, path::Path};

use rustix::{
    fs::{FlockOperation, flock},
    process::{Pid, Signal, kill_process},
};

/// The process that uses this runner folder; `None` when none does. The lock decides, not the file
/// that names the process, which a killed runner leaves behind.
pub fn pid_of(dir: &Path) -> io::Result<Option<u32>> {
    let lock = match fs::File::open(dir.join("runner.lock")) {
        Ok(lock) => lock,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match flock(&lock, FlockOperation::NonBlockingLockShared) {
        Ok(()) => return Ok(None),
        Err(rustix::io::Errno::WOULDBLOCK) => {}
        Err(error) => return Err(error.into()),
    }
    // Between taking the lock and writing the number there is a moment without one.
    Ok(fs::read_to_string(dir.join("runner.pid")).ok().and_then(|text| text.trim().parse().ok()))
}

/// Tells a runner process to take no more jobs and to end when its jobs have; told twice, it ends
/// them as `runner_system_failure`.
pub fn terminate(pid: u32) -> io::Result<()> {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no process has that number"))?;
    Ok(kill_process(pid, Signal::TERM)?)
}
