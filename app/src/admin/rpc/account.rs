//! One's own account.

use leptos::prelude::*;
use model::SessionId;

use super::session::same;
use super::{refuse, service};
use crate::rpc::{Refusal, ssr};

/// The page.
pub(super) const PAGE: &str = "/settings/account";

/// Changes name and address.
#[server(prefix = "/rpc", endpoint = "account/change")]
pub async fn change_account(
    #[server(default)] full_name: String,
    #[server(default)] email: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    service
        .change_account(&caller, full_name.trim(), email.trim())
        .await
        .map_err(|error| refuse(PAGE, "profile", &[("full_name", &full_name), ("email", &email)], error))?;
    ssr::go("/settings/account?done=saved");
    Ok(())
}

/// Changes the password.
#[server(prefix = "/rpc", endpoint = "account/password")]
pub async fn change_password(
    #[server(default)] old: String,
    #[server(default)] password: String,
    #[server(default)] again: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let refused = |error| refuse("/settings/account#password", "password", &[], error);
    same(&password, &again).map_err(refused)?;
    service.change_password(&caller, &old, &password).await.map_err(refused)?;
    ssr::go("/settings/account?done=password");
    Ok(())
}

/// Ends a session; without a number all but this one.
#[server(prefix = "/rpc", endpoint = "account/end_session")]
pub async fn end_session(#[server(default)] id: Option<SessionId>) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    service.end_session(&caller, id).await.map_err(ssr::refuse)?;
    ssr::go("/settings/account#sessions");
    Ok(())
}
