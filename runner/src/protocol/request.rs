//! What a runner sends.

use serde::{Deserialize, Serialize};

use super::{Secret, wire};

wire! {
    /// The body of `POST /jobs/request`.
    pub struct JobRequest {
        /// The runner's token.
        pub token: Secret,
        /// Which machine asks.
        pub system_id: String,
        /// The queue's version that the runner saw last.
        pub last_update: String,
        /// What asks.
        pub info: ClientInfo,
        /// The jobs that this runner has in hand, unreported ones included; none when the client does
        /// not say. Weir's own: a job that the server believes to run here, and that is not listed,
        /// was lost on its way (the answer that carried it broke off).
        #[serde(skip_serializing_if = "Option::is_none")]
        pub weir_jobs: Option<Vec<i64>>,
        /// Whether jobs of this runner can read the server's copies of repositories where they lie. Weir's own:
        /// it is on the same machine, and its jobs are of the same user.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        pub weir_mirrors: bool,
    }

    /// What a runner is.
    pub struct ClientInfo {
        /// The program.
        pub name: String,
        /// Its version.
        pub version: String,
        /// Its commit.
        pub revision: String,
        /// `linux`.
        pub platform: String,
        /// `amd64`, `arm64`.
        pub architecture: String,
        /// `shell`.
        pub executor: String,
        /// `bash`, or `sh`.
        pub shell: String,
        /// What it can do.
        pub features: ClientFeatures,
    }

    /// What a runner can do; what it does not name it cannot do.
    pub struct ClientFeatures {
        /// Variables.
        pub variables: bool,
        /// Images.
        pub image: bool,
        /// Services.
        pub services: bool,
        /// Artifacts.
        pub artifacts: bool,
        /// Caches.
        pub cache: bool,
        /// More than one fallback key.
        pub fallback_cache_keys: bool,
        /// Jobs share the machine.
        pub shared: bool,
        /// More than one artifact per job.
        pub upload_multiple_artifacts: bool,
        /// Artifacts that are not archives.
        pub upload_raw_artifacts: bool,
        /// Interactive sessions.
        pub session: bool,
        /// Terminals.
        pub terminal: bool,
        /// Refspecs in `git_info`.
        pub refspecs: bool,
        /// Masked variables.
        pub masking: bool,
        /// Proxies to services.
        pub proxy: bool,
        /// Variables that are not expanded.
        pub raw_variables: bool,
        /// `artifacts:exclude`.
        pub artifacts_exclude: bool,
        /// Steps beyond `script` and `after_script`.
        pub multi_build_steps: bool,
        /// The whole trace can be sent again.
        pub trace_reset: bool,
        /// The final update has the trace's CRC.
        pub trace_checksum: bool,
        /// The final update has the trace's size.
        pub trace_size: bool,
        /// Secrets from vaults.
        pub vault_secrets: bool,
        /// A job can be cancelled.
        pub cancelable: bool,
        /// The final update has the exit code.
        pub return_exit_code: bool,
        /// Variables of services.
        pub service_variables: bool,
        /// More than one host name of a service.
        pub service_multiple_aliases: bool,
        /// `executor_opts` of images.
        pub image_executor_opts: bool,
        /// `executor_opts` of services.
        pub service_executor_opts: bool,
        /// A cancelled job still runs its `after_script`.
        pub cancel_gracefully: bool,
        /// The runner confirms a job before it starts it.
        pub two_phase_job_commit: bool,
    }

    /// The body of `PUT /jobs/:id`.
    pub struct UpdateRequest {
        /// The job's token.
        pub token: Secret,
        /// How it stands.
        pub state: JobState,
        /// Why it failed; empty when it did not.
        #[serde(skip_serializing_if = "String::is_empty")]
        pub failure_reason: String,
        /// The script's exit code, 128 + n for signal n; not sent when 0.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub exit_code: Option<i32>,
        /// The trace's checksum as older clients send it.
        #[serde(skip_serializing_if = "String::is_empty")]
        pub checksum: String,
        /// The trace's size and checksum.
        #[serde(skip_serializing_if = "Option::is_none")]
        pub output: Option<Output>,
        /// What sends.
        pub info: ClientInfo,
    }

    /// Size and checksum of a whole trace.
    pub struct Output {
        /// `crc32:` and eight hexadecimal digits: CRC-32 (IEEE) of all bytes.
        pub checksum: String,
        /// Bytes.
        pub bytesize: u64,
    }

    /// The body of `POST /runners/verify`.
    pub struct VerifyRequest {
        /// The runner's token.
        pub token: Secret,
        /// Which machine asks.
        pub system_id: String,
        /// What asks.
        pub info: ClientInfo,
    }

    /// The answer to it.
    pub struct VerifyResponse {
        /// The runner's number; never 0.
        pub id: i64,
        /// Its token.
        pub token: Secret,
        /// When the token ends, if ever.
        pub token_expires_at: Option<String>,
    }
}

/// How a job stands, in its runner's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JobState {
    /// Taken, not started.
    Pending,
    /// Under way.
    #[default]
    Running,
    /// Ended well.
    Success,
    /// Ended otherwise.
    Failed,
}

/// What the header `Job-Status` tells a runner to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WatchedStatus {
    /// Go on.
    Running,
    /// End the script, run `after_script`, report.
    Canceling,
    /// End everything at once and report nothing: the job is no longer this runner's.
    Gone,
}

impl WatchedStatus {
    /// Reads the header's value; what is not known means "go on".
    pub fn from_header(value: &str) -> Self {
        match value {
            "canceling" => Self::Canceling,
            "canceled" | "failed" => Self::Gone,
            _ => Self::Running,
        }
    }
}

impl Output {
    /// Size and checksum as they go over the wire.
    pub fn new(crc32: u32, bytesize: u64) -> Self {
        Self { checksum: format!("crc32:{crc32:08x}"), bytesize }
    }

    /// The checksum as a number, if it is one that this side knows.
    pub fn crc32(&self) -> Option<u32> {
        u32::from_str_radix(self.checksum.strip_prefix("crc32:")?, 16).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_lesser_clients_are_read() {
        let ask: JobRequest =
            serde_json::from_str(r#"{"token":"t","info":{"features":{"masking":true,"new":true}}}"#).unwrap();
        assert!(ask.info.features.masking && !ask.info.features.cancel_gracefully && ask.last_update.is_empty());
        let update: UpdateRequest = serde_json::from_str(r#"{"token":"t","state":"success"}"#).unwrap();
        assert_eq!((update.state, update.exit_code, update.output), (JobState::Success, None, None));
    }

    #[test]
    fn a_good_end_names_neither_reason_nor_code() {
        let update =
            UpdateRequest { state: JobState::Success, output: Some(Output::new(0xab, 3)), ..UpdateRequest::default() };
        let text = serde_json::to_string(&update).unwrap();
        assert!(!text.contains(r#""failure_reason""#) && !text.contains(r#""exit_code""#));
        assert!(text.contains(r#""checksum":"crc32:000000ab""#));
        assert_eq!(Output::new(0xab, 3).crc32(), Some(0xab));
    }
}
