//! A project's settings, and its end.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{PlaceView, ProjectId, ProjectSettings};

use crate::admin::asked::Asked;
use crate::admin::parts::{area, choice, field, form, panel, refused, select, submit, visibilities};
use crate::admin::rpc::{ChangeProject, DeleteProject, write_protected};
use crate::admin::text::W;
use crate::i18n::T;

/// The tab.
pub fn settings(asked: &Asked, id: ProjectId, view: &PlaceView) -> AnyView {
    let lang = asked.lang;
    let change = view.settings.as_ref().filter(|_| view.may.settings).map(|now| {
        let inside = view! {
            {refused(asked, "settings")}
            {fields(asked, id, now, view.may.delete)}
        };
        panel(lang.w(W::TabSettings), "settings", inside)
    });
    let delete = view.may.delete.then(|| {
        let label = lang.type_path(&view.path);
        let hidden = [("id", id.to_string()), ("back", asked.here())];
        let inside = view! {
            <label class="field">
                <span>{label}</span>
                <input type="text" class="mono" name="typed" required autocomplete="off" autocapitalize="off" spellcheck="false" />
            </label>
            <div class="actions">
                <button type="submit" class="button danger">{lang.w(W::ProjectDelete)}</button>
            </div>
        };
        let inside = view! {
            <p class="prose">{lang.w(W::ProjectDeleteText)}</p>
            {refused(asked, "delete")}
            <div class="door">{form(DeleteProject::PATH, hidden, inside)}</div>
        };
        panel(lang.w(W::ProjectDelete), "delete", inside)
    });
    view! {
        {change}
        {delete}
    }
    .into_any()
}

/// `all` of them: who sees it is for owners.
fn fields(asked: &Asked, id: ProjectId, now: &ProjectSettings, all: bool) -> AnyView {
    let lang = asked.lang;
    let typed = |name: &str, usual: &str| asked.typed("settings", name, usual);
    let flag = |name: &str, usual: bool| !typed(name, if usual { "true" } else { "" }).is_empty();
    let visibility = typed("visibility", now.visibility.as_str());
    let fixed = (!all).then(|| ("visibility", now.visibility.as_str().to_owned()));
    let visibility = if all {
        select("visibility", lang.w(W::PlaceVisibility), visibilities(lang), &visibility)
    } else {
        view! {
            <p class="field">
                <span>{lang.w(W::PlaceVisibility)}</span>
                {lang.visibility(now.visibility)}
            </p>
        }
        .into_any()
    };
    let source = typed("source", now.source.as_deref().unwrap_or_default());
    let protected = typed("protected", &write_protected(&now.protected));
    let options = &now.options;
    let name = typed("name", options.name.as_deref().unwrap_or_default());
    let description = typed("description", options.description.as_deref().unwrap_or_default());
    let branch = typed("default_branch", options.default_branch.as_deref().unwrap_or_default());
    let path = typed("config_path", options.config_path.as_deref().unwrap_or_default());
    let timeout = typed("timeout", &options.timeout.to_string());
    let depth = typed("git_depth", &options.git_depth.to_string());
    let hidden: Vec<_> = [("id", id.to_string()), ("back", asked.here())].into_iter().chain(fixed).collect();
    let inside = view! {
        <div class="fields">
            {visibility}
            {field("source", lang.w(W::PlaceSource)).value(source).hint(lang.w(W::PlaceSourceHint)).mono().view()}
        </div>
        {choice("checkbox", "public_jobs", "true", lang.w(W::PublicJobs), lang.w(W::PublicJobsHint), flag("public_jobs", now.public_jobs))}
        {choice("checkbox", "protect_default", "true", lang.w(W::ProtectDefault), lang.w(W::ProtectDefaultHint), flag("protect_default", now.protect_default))}
        {area("protected", lang.w(W::Protected), protected, lang.w(W::ProtectedHint))}
        <div class="fields">
            {field("name", lang.w(W::PlaceName)).value(name).hint(lang.w(W::PlaceNameHint)).view()}
            {field("description", lang.w(W::PlaceDescription)).value(description).hint(lang.w(W::PlaceDescriptionHint)).view()}
            {field("default_branch", lang.w(W::DefaultBranch)).value(branch).hint(lang.w(W::DefaultBranchHint)).mono().view()}
            {field("config_path", lang.w(W::ConfigPath)).value(path).hint(lang.w(W::ConfigPathHint)).mono().view()}
            {field("timeout", lang.w(W::JobTimeout)).value(timeout).hint(lang.w(W::JobTimeoutHint)).mono().view()}
            {field("git_depth", lang.w(W::GitDepth)).value(depth).hint(lang.w(W::GitDepthHint)).mono().view()}
        </div>
        {choice("checkbox", "auto_cancel", "true", lang.w(W::AutoCancel), lang.w(W::AutoCancelHint), flag("auto_cancel", options.auto_cancel))}
        {choice("checkbox", "keep_latest", "true", lang.w(W::KeepLatest), lang.w(W::KeepLatestHint), flag("keep_latest", options.keep_latest))}
        {choice("checkbox", "shared_runners", "true", lang.w(W::SharedRunners), lang.w(W::SharedRunnersHint), flag("shared_runners", options.shared_runners))}
        {submit(lang.t(T::Save))}
    };
    form(ChangeProject::PATH, hidden, inside)
}
