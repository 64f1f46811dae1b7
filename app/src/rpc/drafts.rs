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
pub(crate) mod kept {
    use std::collections::VecDeque;
    use std::sync::{Mutex, PoisonError};
    use std::time::{Duration, Instant};

    use leptos::nonce::Nonce;
    use leptos::prelude::*;
    use leptos_axum::ResponseOptions;

    use super::Draft;
    use crate::rpc::Refusal;

    /// For as long as somebody may need to follow a redirect, or to correct what they typed.
    const LONGEST: Duration = Duration::from_mins(10);

    /// The last few things of a kind, each under a name that nobody can guess.
    pub struct Shelf<T> {
        most: usize,
        things: Mutex<VecDeque<(String, Instant, T)>>,
    }

    impl<T> Shelf<T> {
        /// An empty one, for `most` things.
        pub const fn new(most: usize) -> Self {
            Self { most, things: Mutex::new(VecDeque::new()) }
        }

        /// Puts something there, and tells its name.
        pub fn put(&self, thing: T) -> String {
            let name = Nonce::new().to_string();
            self.with(|things| {
                things.truncate(self.most - 1);
                things.push_front((name.clone(), Instant::now(), thing));
            });
            name
        }

        /// What has that name and is right; it stays.
        pub fn find(&self, name: &str, is_right: impl Fn(&T) -> bool) -> Option<T>
        where
            T: Clone,
        {
            self.with(|things| {
                things
                    .iter()
                    .find(|(known, _, thing)| known == name && is_right(thing))
                    .map(|(.., thing)| thing.clone())
            })
        }

        /// What has that name and is right; it is gone then.
        pub fn take(&self, name: &str, is_right: impl Fn(&T) -> bool) -> Option<T> {
            self.with(|things| {
                let at = things.iter().position(|(known, _, thing)| known == name && is_right(thing))?;
                things.remove(at).map(|(.., thing)| thing)
            })
        }

        fn with<R>(&self, act: impl FnOnce(&mut VecDeque<(String, Instant, T)>) -> R) -> R {
            let mut things = self.things.lock().unwrap_or_else(PoisonError::into_inner);
            things.retain(|(_, since, _)| since.elapsed() < LONGEST);
            act(&mut things)
        }
    }

    /// As many drafts are kept; a definition has at most 2 MiB.
    static DRAFTS: Shelf<Draft> = Shelf::new(16);

    pub fn find(name: &str) -> Option<Draft> {
        DRAFTS.find(name, |_| true)
    }

    /// For a plain form: keeps the fields and sends the browser to `page`, where they stand again.
    pub fn keep(page: &str, fields: &[(&str, &str)], refusal: Refusal) -> Refusal {
        if let Some(response) = use_context::<ResponseOptions>()
            && crate::rpc::ssr::is_plain_form()
        {
            let fields = fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
            let name = DRAFTS.put(Draft { fields, error: refusal.0.clone() });
            let location = with_name(page, "draft", &name);
            if let Ok(location) = http::HeaderValue::from_str(&location) {
                response.insert_header(http::header::LOCATION, location);
            }
        }
        refusal
    }

    /// The address of a page that shows what has that name. What stood for another one goes.
    pub fn with_name(page: &str, kind: &str, name: &str) -> String {
        let (page, anchor) = page.split_once('#').map_or((page, String::new()), |(page, at)| (page, format!("#{at}")));
        let join = if page.contains('?') { '&' } else { '?' };
        format!("{page}{join}{kind}={}{anchor}", crate::logic::query::segment(name))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn what_is_taken_is_gone_and_the_oldest_goes_first() {
            let shelf = Shelf::new(2);
            let names: Vec<String> = ["a", "b", "c"].map(|thing| shelf.put(thing)).into();
            assert_eq!(shelf.find(&names[0], |_| true), None);
            assert_eq!(shelf.find(&names[1], |_| true), Some("b"));
            assert_eq!(shelf.take(&names[2], |thing| *thing == "x"), None);
            assert_eq!(shelf.take(&names[2], |thing| *thing == "c"), Some("c"));
            assert_eq!(shelf.take(&names[2], |_| true), None);
        }

        #[test]
        fn names_stand_before_the_anchor() {
            assert_eq!(with_name("/a?b=1#c", "draft", "x/y"), "/a?b=1&draft=x%2Fy#c");
            assert_eq!(with_name("/a", "new", "x"), "/a?new=x");
        }
    }
}
