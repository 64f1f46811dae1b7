//! What was refused and came without script: a script keeps the fields of its form, a plain form is
//! gone with its page. So the server keeps the last few for a while, under names nobody can guess.

#![allow(clippy::unused_async, reason = "server functions are asynchronous")]

use std::collections::BTreeMap;

use leptos::prelude::*;
use leptos::server_fn::codec::{GetUrl, Json};
use model::Error;
use serde::{Deserialize, Serialize};

use super::Refusal;

/// The fields of a refused form, and why it was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// By name.
    pub fields: BTreeMap<String, String>,
    /// What was said against them.
    pub error: Error,
}

impl Draft {
    /// The text of a field.
    pub fn field(&self, name: &str) -> Option<String> {
        self.fields.get(name).cloned()
    }
}

/// The draft of that name, if it is still there.
#[server(prefix = "/rpc", endpoint = "draft", input = GetUrl, output = Json)]
pub async fn get_draft(name: String) -> Result<Option<Draft>, Refusal> {
    super::ssr::service()?;
    Ok(kept::find(&name))
}

#[cfg(feature = "ssr")]
pub(super) mod kept {
    use std::collections::VecDeque;
    use std::sync::{Mutex, PoisonError};

    use leptos::nonce::Nonce;
    use leptos::prelude::*;
    use leptos_axum::ResponseOptions;

    use super::Draft;
    use crate::rpc::Refusal;

    /// As many are kept; a definition has at most 2 MiB.
    const MOST: usize = 16;

    static DRAFTS: Mutex<VecDeque<(String, Draft)>> = Mutex::new(VecDeque::new());

    pub fn find(name: &str) -> Option<Draft> {
        let drafts = DRAFTS.lock().unwrap_or_else(PoisonError::into_inner);
        drafts.iter().find(|(known, _)| known == name).map(|(_, draft)| draft.clone())
    }

    /// For a plain form: keeps the fields and sends the browser to `page`, where they stand again.
    pub fn keep(page: &str, fields: &[(&str, &str)], refusal: Refusal) -> Refusal {
        if let Some(response) = use_context::<ResponseOptions>()
            && crate::rpc::ssr::is_plain_form()
        {
            let name = Nonce::new().to_string();
            let join = if page.contains('?') { '&' } else { '?' };
            let location = format!("{page}{join}draft={name}", name = crate::logic::query::segment(&name));
            if let Ok(location) = http::HeaderValue::from_str(&location) {
                response.insert_header(http::header::LOCATION, location);
                let fields = fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
                let mut drafts = DRAFTS.lock().unwrap_or_else(PoisonError::into_inner);
                drafts.truncate(MOST - 1);
                drafts.push_front((name, Draft { fields, error: refusal.0.clone() }));
            }
        }
        refusal
    }
}
