//! Server functions of the pages that only the server renders: all of them are targets of plain forms.
//! Each answers with a redirect, to the page that shows what was done or to the form that was refused.
//! Passwords and tokens are never kept, and never part of an address.

#![allow(clippy::too_many_arguments, reason = "server functions take the fields of a form")]

mod account;
mod once;
mod places;
mod runners;
mod schedules;
mod session;
mod tokens;
mod users;
mod variables;

use leptos::prelude::*;
use leptos_axum::ResponseOptions;
use model::{Caller, Error, Place, Timestamp};

use super::owner;
use crate::rpc::kept::{keep, with_name};
use crate::rpc::{Refusal, ssr};
use crate::service::SharedService;

pub use account::{ChangeAccount, ChangePassword, EndSession};
pub use once::Once;
pub use places::{ChangeProject, CreateProject, DeleteArtifacts, DeleteProject, Redact, SetMember, write_protected};
pub use runners::{ChangeRunner, CreateRunner, DeleteRunner, PauseRunner, RotateRunner};
pub use schedules::{
    ActivateSchedule, ChangeSchedule, CreateSchedule, DeleteSchedule, PlaySchedule, TakeSchedule, in_lines,
};
pub use session::{COOKIE as SESSION_COOKIE, cookie as session_cookie};
pub use session::{SetUp, SignIn, SignOut, UsePasswordLink};
pub use tokens::{CreateAccessKey, CreateToken, RevokeAccessKey, RevokeToken, RotateAccessKey, RotateToken};
pub use users::{ActivateUser, ChangeUser, CreateUser, ResetPassword};
pub use variables::{DeleteCiVariable, SaveCiVariable};

fn service() -> Result<(SharedService, Caller), Refusal> {
    ssr::service()
}

/// The page to go back to: what the form says, if that is one of ours.
fn page_of(back: &str, usual: &str) -> String {
    if ssr::is_local(back) { back.to_owned() } else { usual.to_owned() }
}

/// Refuses a form of that name: its page shows the fields again, and what was said against them.
fn refuse<'a>(page: &str, form: &'a str, fields: &[(&'a str, &'a str)], error: Error) -> Refusal {
    let fields: Vec<_> = fields.iter().copied().chain([("form", form)]).collect();
    let refusal = keep(page, &fields, ssr::refuse(error));
    if let Some(response) = use_context::<ResponseOptions>()
        && ssr::is_plain_form()
    {
        // A browser need not say where it came from.
        response.set_status(http::StatusCode::FOUND);
    }
    refusal
}

/// Goes to the page that shows this, one time.
fn show_once(page: &str, caller: &Caller, what: Once) {
    ssr::go(&with_name(page, "new", &once::keep(caller, what)));
}

/// The project or namespace that a form is about.
fn place_of(project: &str, namespace: &str) -> Result<Place, Refusal> {
    owner::read(project, namespace).map_err(ssr::refuse)
}

/// A text without spaces around it, if anything is left.
fn some(text: &str) -> Option<String> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The end of a day that somebody chose, in UTC; none for none.
fn end_of_day(day: &str) -> Result<Option<Timestamp>, Error> {
    let Some(day) = some(day) else { return Ok(None) };
    let end = Timestamp::parse(&format!("{day}T23:59:59.999Z"));
    end.map(Some).ok_or_else(|| Error::invalid(format!("{day} is not a day; write it like 2027-01-31")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_end() {
        assert_eq!(end_of_day(" ").unwrap(), None);
        assert_eq!(end_of_day("2027-01-31").unwrap().unwrap().rfc3339(), "2027-01-31T23:59:59.999Z");
        assert!(end_of_day("tomorrow").is_err() && end_of_day("2027-13-01").is_err());
    }

    #[test]
    fn forms_lead_back_only_to_us() {
        for bad in ["", "//evil.example", "/\\evil.example", "https://evil.example", "/a\nb"] {
            assert_eq!(page_of(bad, "/projects"), "/projects", "{bad:?}");
        }
        assert_eq!(page_of("/projects/a?tab=members", "/projects"), "/projects/a?tab=members");
    }
}
