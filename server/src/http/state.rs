//! What handlers share.

use std::sync::Arc;

use axum::extract::FromRef;
use leptos::config::LeptosOptions;
use tokio_util::sync::CancellationToken;

use super::fresh::Held;
use super::origin::{Proxies, Site};
use super::rate::{Rates, Rules};
use super::{assets, git};
use crate::service::{LoginLimit, Weir};

/// How the server is served.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name of the owner, who everybody on this machine is in `--local` mode.
    pub owner: String,
    /// The port it is reached at: part of which `Host` and `Origin` are its own.
    pub port: u16,
    /// How a server is reached that people log in to; `None` in `--local` mode.
    pub public: Option<Public>,
}

/// How a server with accounts is reached.
#[derive(Clone, Debug, Default)]
pub struct Public {
    /// The site of the external URL: only its pages may change something.
    pub external: Option<Site>,
    /// The proxies that say whom they speak for.
    pub proxies: Proxies,
    /// How often somebody may ask.
    pub rules: Rules,
}

/// Shared by all handlers. The service is deliberately not to be had from it: only [`super::Access`]
/// hands it out, together with who asks.
#[derive(Clone)]
pub struct AppState {
    pub(super) weir: Arc<Weir>,
    pub(super) options: Arc<Options>,
    pub(super) stop: CancellationToken,
    /// None for a server of one person.
    pub(super) rates: Option<Arc<Rates>>,
    /// Who reads repositories at the time.
    pub(super) git: Arc<git::Turns>,
    /// Which requests wait.
    pub(super) held: Held,
    leptos: LeptosOptions,
}

impl AppState {
    /// `stop` ends everything that is held open: streams, waiting requests, connections.
    pub fn new(weir: Arc<Weir>, options: Options, stop: CancellationToken) -> Self {
        let leptos = LeptosOptions::builder().output_name("weir").site_pkg_dir(assets::folder()).build();
        let rates = options.public.as_ref().map(|public| Arc::new(Rates::new(&public.rules)));
        if let Some(rates) = &rates {
            weir.set_login_limit(Arc::clone(rates) as Arc<dyn LoginLimit>);
        }
        Self { weir, options: Arc::new(options), stop, rates, git: Arc::default(), held: Held::default(), leptos }
    }

    /// The state of the runner protocol and of the dialects, which look after their callers
    /// themselves.
    pub(super) fn service(&self) -> Arc<Weir> {
        Arc::clone(&self.weir)
    }
}

impl std::fmt::Debug for AppState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppState").field("options", &self.options).finish_non_exhaustive()
    }
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.leptos.clone()
    }
}
