//! People, in the three sizes that GitLab has.

use model::User;
use serde_json::{Value, json};

/// What stands in other objects.
pub fn basic(user: &User, base: &str) -> Value {
    json!({
        "id": user.id,
        "username": user.name,
        "name": user.full_name,
        "state": if user.is_active { "active" } else { "blocked" },
        "locked": false,
        "avatar_url": null,
        "web_url": format!("{base}/{}", user.name),
        "public_email": null,
    })
}

/// One user alone. What Weir has no place for is null or empty.
pub fn whole(user: &User, base: &str) -> Value {
    joined(
        basic(user, base),
        json!({
            "created_at": user.created_at.rfc3339(),
            "bio": "",
            "location": null,
            "linkedin": "",
            "twitter": "",
            "discord": "",
            "website_url": "",
            "github": "",
            "organization": null,
            "job_title": "",
            "pronouns": null,
            "bot": user.is_bot,
            "work_information": null,
            "followers": 0,
            "following": 0,
            "local_time": null,
        }),
    )
}

/// What administrators see besides, and everybody of themselves. `namespace` is the number of where their projects lie.
pub fn confidential(user: &User, namespace: i64) -> Value {
    let seen = user.seen_at.map(model::Timestamp::rfc3339);
    json!({
        "last_sign_in_at": seen,
        "current_sign_in_at": seen,
        "confirmed_at": user.created_at.rfc3339(),
        "last_activity_on": seen.as_deref().map(|at| &at[..10]),
        "email": user.email.clone().unwrap_or_default(),
        "commit_email": user.email.clone().unwrap_or_default(),
        "theme_id": 1,
        "color_scheme_id": 1,
        "projects_limit": 100_000,
        "identities": [],
        "can_create_group": false,
        "can_create_project": user.is_admin,
        "two_factor_enabled": false,
        "external": false,
        "private_profile": false,
        "namespace_id": namespace,
        "note": null,
    })
}

/// One object of two.
pub fn joined(mut one: Value, other: Value) -> Value {
    if let (Some(fields), Value::Object(more)) = (one.as_object_mut(), other) {
        fields.extend(more);
    }
    one
}
