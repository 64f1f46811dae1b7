//! Pairs of keys that requests of Huawei's SDKs are signed with.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{AccessKey, ProjectId, ProjectPath};

use crate::admin::asked::Asked;
use crate::admin::parts::{ask, form, lines, refused, select, submit, table, time};
use crate::admin::rpc::{CreateAccessKey, RevokeAccessKey, RotateAccessKey};
use crate::admin::text::W;

/// The keys.
pub fn keys(asked: &Asked, keys: Vec<AccessKey>, projects: &[(ProjectId, ProjectPath)]) -> AnyView {
    let lang = asked.lang;
    let row = |key: AccessKey| {
        let project = key.project.as_ref().map_or_else(|| lang.w(W::KeyAnyProject).to_owned(), ToString::to_string);
        let question = lang.ask_revoke(&key.access);
        view! {
            <tr>
                <th scope="row">
                    <code class="copy">{key.access.clone()}</code>
                </th>
                <td data-label=lang.w(W::KeyProject)>{project}</td>
                <td data-label=lang.w(W::Since)>{time(Some(key.created_at), W::Never)}</td>
                <td data-label=lang.w(W::LastUsed)>{time(key.used_at, W::Never)}</td>
                <td class="end">
                    <div class="actions">
                        {ask(
                            RotateAccessKey::PATH,
                            [("access", key.access.clone())],
                            lang.w(W::Rotate),
                            &key.access,
                            lang.ask_rotate_key(&key.access),
                        )}
                        {ask(
                            RevokeAccessKey::PATH,
                            [("id", key.id.to_string())],
                            lang.w(W::Revoke),
                            &key.access,
                            question,
                        )}
                    </div>
                </td>
            </tr>
        }
        .into_any()
    };
    let list = if keys.is_empty() {
        view! {
            <p class="calm">{lang.w(W::NoKeys)}</p>
            {lines(environment("…", "…", None))}
        }
        .into_any()
    } else {
        let heads = [W::KeyAccess, W::KeyProject, W::Since, W::LastUsed].map(|text| lang.w(text));
        let heads: Vec<&'static str> = heads.into_iter().chain([""]).collect();
        table(lang.w(W::Keys), &heads, keys.into_iter().map(row).collect())
    };
    let any = (String::new(), lang.w(W::KeyAnyProject).to_owned());
    let paths = projects.iter().map(|(_, path)| (path.to_string(), path.to_string()));
    let options: Vec<_> = std::iter::once(any).chain(paths).collect();
    let fields = view! {
        <div class="fields">
            {select("project", lang.w(W::KeyProject), options, &asked.typed("key", "project", ""))}
        </div>
        {submit(lang.w(W::KeyCreate))}
    };
    view! {
        <p class="lead prose">{lang.w(W::KeysText)}</p>
        {list}
        {refused(asked, "key")}
        {form(CreateAccessKey::PATH, [], fields)}
    }
    .into_any()
}

/// What an SDK looks for.
pub fn environment(access: &str, secret: &str, project: Option<&str>) -> String {
    let project = project.map(|uid| format!("export HUAWEICLOUD_SDK_PROJECT_ID={uid}\n")).unwrap_or_default();
    format!("export HUAWEICLOUD_SDK_AK={access}\nexport HUAWEICLOUD_SDK_SK={secret}\n{project}")
}
