//! What happens around the script: sources, caches, artifacts.

use super::{
    super::{
        artifacts,
        halt::in_thread,
        outcome::End,
        session::Ended,
        sources::{Fetch, Plan, Sources, copy_folder},
    },
    Course, Watch, end_of,
};
use crate::control::Level;

impl Course<'_> {
    /// Sources, caches and dependencies.
    pub(super) async fn prepare(&mut self, sources: Plan, downloads: bool) -> Result<(), End> {
        let watch = Watch::before(self.work.control, self.deadline, self.limit);
        if let Sources::Folder(folder) = &self.work.sources {
            let (from, to) = (folder.clone(), self.work.places.build.clone());
            let copy = move |_: &_| copy_folder(&from, &to).map_err(|error| error.to_string());
            let copied = in_thread(copy, watch.broken()).await?;
            copied.map_err(|error| End::System(format!("failed to copy the folder: {error}")))?;
        }
        if !matches!(sources, Plan::Fetch(_)) && self.work.job.hooks.iter().any(|hook| !hook.script.is_empty()) {
            self.work.log.line("Skipping the hooks of fetching: nothing is fetched");
        }
        match &sources {
            Plan::Nothing => {}
            Plan::Unwanted => self.work.log.line("Skipping Git repository setup"),
            Plan::Fetch(fetch) => {
                self.section("get_sources", "Getting the sources");
                let end = self.sources(fetch).await;
                self.section_end("get_sources");
                end?;
            }
        }
        if !self.caches.is_empty() {
            self.section("restore_cache", "Restoring cache");
            let end = self.restore_caches(&watch).await;
            self.section_end("restore_cache");
            end?;
        }
        if downloads {
            self.section("download_artifacts", "Downloading artifacts");
            let end = artifacts::download(self.work, &watch).await;
            self.section_end("download_artifacts");
            end?.map_err(End::System)?;
        }
        Ok(())
    }

    async fn sources(&mut self, fetch: &Fetch) -> Result<(), End> {
        self.hook("pre_get_sources_script").await?;
        self.work.log.line(fetch.title());
        if self.environment.get("GIT_CLONE_PATH").is_some() {
            self.work.log.warning("GIT_CLONE_PATH is not heeded: every job has a workspace of its own");
        }
        if !fetch.checks_out() {
            self.work.log.line("Skipping Git checkout");
        }
        let mut env = self.environment.pairs();
        env.extend(fetch.variables());
        let path = self.file("sources.sh", Fetch::script())?;
        let mut argv = vec![self.work.settings.shell.path.clone(), path];
        argv.extend_from_slice(fetch.arguments());
        let watch = Watch::before(self.work.control, self.deadline, self.limit);
        let ended = loop {
            let ended = self.program(argv.clone(), env.clone(), self.deadline, Level::Run, false).await;
            if !matches!(ended, Ended::Exit(code) if code != 0) || !fetch.is_from_server() {
                break ended;
            }
            // A server that was started anew meanwhile is no reason to fail.
            tokio::select! {
                was_away = self.work.exchange.was_away() => if !was_away { break ended },
                end = watch.broken() => return Err(end),
            }
            self.work.log.line("The server was away: fetching again");
        };
        match end_of(ended, self.limit) {
            End::Success => self.hook("post_get_sources_script").await,
            End::Exit(code) => Err(End::System(format!("failed to get the sources: git ended with exit code {code}"))),
            other => Err(other),
        }
    }

    async fn hook(&mut self, name: &str) -> Result<(), End> {
        for hook in self.work.job.hooks.iter().filter(|hook| hook.name == name && !hook.script.is_empty()) {
            let ended = self.shell_here(name, &hook.script, self.deadline, Level::Run, false).await?;
            match end_of(ended, self.limit) {
                End::Success => {}
                other => return Err(other),
            }
        }
        Ok(())
    }

    async fn restore_caches(&mut self, watch: &Watch<'_>) -> Result<(), End> {
        for cache in &mut self.caches {
            cache.restore(self.work, watch).await?;
        }
        Ok(())
    }

    pub(super) async fn save_caches(&mut self, success: bool) -> Result<(), End> {
        if !self.caches.iter().any(|cache| cache.is_due(success)) {
            return Ok(());
        }
        let (section, header) = if success {
            ("archive_cache", "Saving cache for successful job")
        } else {
            ("archive_cache_on_failure", "Saving cache for failed job")
        };
        self.section(section, header);
        let watch = Watch::after(self.work.control);
        let mut saved = Ok(());
        for cache in self.caches.iter().filter(|cache| cache.is_due(success)) {
            saved = cache.save(self.work, &watch).await;
            if saved.is_err() {
                break;
            }
        }
        self.section_end(section);
        saved
    }

    /// Uploads what is due; one that fails does not keep the others back.
    pub(super) async fn upload(&mut self, success: bool) -> Result<Result<(), End>, End> {
        let due = artifacts::due(self.work.job, success);
        if due.is_empty() {
            return Ok(Ok(()));
        }
        let (section, header) = if success {
            ("upload_artifacts_on_success", "Uploading artifacts for successful job")
        } else {
            ("upload_artifacts_on_failure", "Uploading artifacts for failed job")
        };
        self.section(section, header);
        let watch = Watch::after(self.work.control);
        let mut result = Ok(Ok(()));
        for artifact in due {
            match artifacts::upload(self.work, artifact, &self.environment, &watch).await {
                Ok(this) => result = result.map(|before: Result<(), End>| before.and(this)),
                Err(end) => {
                    result = Err(end);
                    break;
                }
            }
        }
        self.section_end(section);
        result
    }
}
