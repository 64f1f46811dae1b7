//! A page that waits for its data, and says so when there is none.

use std::pin::Pin;

use leptos::prelude::*;
use leptos::suspense::Suspense;
use model::Error;

use super::dynamic::dynamic;
use super::error::ErrorPage;
use crate::rpc::{Answer, Loaded};

type Boxed = Pin<Box<dyn Future<Output = AnyView> + Send>>;

/// Shows the answers, once all are there, or the error that `show` gives back.
pub fn loaded(
    from: impl IntoIterator<Item = Loaded>,
    show: impl Fn(Vec<Answer>) -> Result<AnyView, Error> + Send + Sync + 'static,
) -> AnyView {
    let from: Vec<Loaded> = from.into_iter().collect();
    let show = StoredValue::new(Box::new(show) as Box<dyn Fn(Vec<Answer>) -> Result<AnyView, Error> + Send + Sync>);
    let content = dynamic(move || {
        let from = from.clone();
        let wait: Boxed = Box::pin(async move {
            let mut answers = Vec::new();
            for resource in from {
                answers.push(resource.await);
            }
            show.with_value(|show| show(answers)).unwrap_or_else(|error| view! { <ErrorPage error /> }.into_any())
        });
        Suspend::new(wait).into_any()
    });
    view! { <Suspense>{content.clone()}</Suspense> }.into_any()
}
