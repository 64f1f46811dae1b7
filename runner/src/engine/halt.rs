//! Work on files in a thread of its own, which stops when nobody wants it any more.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Tells work in a thread to stop; clones are the same word.
#[derive(Clone, Debug, Default)]
pub(super) struct Halt(Arc<AtomicBool>);

impl Halt {
    /// Says it.
    pub(super) fn tell(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Fails once it has been said.
    pub(super) fn check(&self) -> io::Result<()> {
        if self.0.load(Ordering::Relaxed) { Err(io::Error::other("it was broken off")) } else { Ok(()) }
    }

    /// The same reader, failing once it has been said: a large file is not read to its end.
    pub(super) fn guard<R: Read>(&self, reader: R) -> Guarded<'_, R> {
        Guarded { halt: self, reader }
    }
}

/// A reader that can be told to stop.
pub(super) struct Guarded<'a, R> {
    halt: &'a Halt,
    reader: R,
}

impl<R: Read> Read for Guarded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.halt.check()?;
        self.reader.read(buffer)
    }
}

/// Runs `work` until it is done, or until `broken` is: then it is told to stop and waited for, so that
/// whoever removes the job's folders is alone with them.
pub(super) async fn in_thread<T: Send + 'static, E>(
    work: impl FnOnce(&Halt) -> Result<T, String> + Send + 'static,
    broken: impl Future<Output = E>,
) -> Result<Result<T, String>, E> {
    let halt = Halt::default();
    let mut thread = tokio::task::spawn_blocking({
        let halt = halt.clone();
        move || work(&halt)
    });
    tokio::select! {
        done = &mut thread => Ok(done.unwrap_or_else(|error| Err(error.to_string()))),
        error = broken => {
            halt.tell();
            let _ = thread.await;
            Err(error)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_is_not_wanted_any_more_has_stopped_when_this_is_said() {
        let (begun, begin) = tokio::sync::oneshot::channel();
        let ended = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&ended);
        let work = move |halt: &Halt| {
            let _ = begun.send(());
            let copied = io::copy(&mut halt.guard(io::repeat(0)), &mut io::sink());
            flag.store(true, Ordering::Relaxed);
            copied.map_err(|error| error.to_string())
        };
        assert_eq!(in_thread(work, begin).await, Err(Ok(())));
        assert!(ended.load(Ordering::Relaxed));
        let done = in_thread(|_| Ok(7), std::future::pending::<()>()).await;
        assert_eq!(done, Ok(Ok(7)));
    }
}
