//! Users, for administrators.

use leptos::prelude::*;
use model::{NewUser, UserChanges, UserId};

use super::{Once, page_of, refuse, service, show_once, some};
use crate::rpc::{Refusal, ssr};

const PAGE: &str = "/settings/users";

/// Makes a user; the page then shows the link that sets the password.
#[server(prefix = "/rpc", endpoint = "user/create")]
pub async fn create_user(
    #[server(default)] name: String,
    #[server(default)] full_name: String,
    #[server(default)] email: String,
    #[server(default)] admin: bool,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let user = NewUser {
        name: name.trim().to_owned(),
        full_name: full_name.trim().to_owned(),
        email: some(&email),
        is_admin: admin,
    };
    let (_, link) = service.create_user(&caller, user).await.map_err(|error| {
        let admin = if admin { "true" } else { "" };
        let fields = [("name", name.as_str()), ("full_name", &full_name), ("email", &email), ("admin", admin)];
        refuse(PAGE, "new", &fields, error)
    })?;
    show_once(PAGE, &caller, Once::Link(link));
    Ok(())
}

/// Changes name, address and rights of a user.
#[server(prefix = "/rpc", endpoint = "user/change")]
pub async fn change_user(
    id: UserId,
    #[server(default)] full_name: String,
    #[server(default)] email: String,
    #[server(default)] admin: bool,
    #[server(default)] back: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let changes = UserChanges {
        full_name: Some(full_name.trim().to_owned()),
        email: Some(email.trim().to_owned()),
        is_admin: Some(admin),
        is_active: None,
    };
    service.change_user(&caller, id, changes).await.map_err(|error| {
        let admin = if admin { "true" } else { "" };
        let fields = [("full_name", full_name.as_str()), ("email", &email), ("admin", admin)];
        refuse(&format!("{PAGE}?edit={id}"), "edit", &fields, error)
    })?;
    ssr::go(&page_of(&back, PAGE));
    Ok(())
}

/// Lets a user in again, or out.
#[server(prefix = "/rpc", endpoint = "user/activate")]
pub async fn activate_user(
    id: UserId,
    #[server(default)] active: bool,
    #[server(default)] back: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = page_of(&back, PAGE);
    let changes = UserChanges { is_active: Some(active), ..UserChanges::default() };
    service.change_user(&caller, id, changes).await.map_err(|error| refuse(&page, "", &[], error))?;
    ssr::go(&page);
    Ok(())
}

/// Makes a link by which a user sets a new password.
#[server(prefix = "/rpc", endpoint = "user/reset_password")]
pub async fn reset_password(id: UserId, #[server(default)] back: String) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let page = page_of(&back, PAGE);
    let link = service.reset_password(&caller, id).await.map_err(|error| refuse(&page, "", &[], error))?;
    show_once(&page, &caller, Once::Link(link));
    Ok(())
}
