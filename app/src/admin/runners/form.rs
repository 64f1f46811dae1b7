//! Making runners and changing them.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{ProjectId, RunnerDraft, RunnerView};

use super::about;
use crate::admin::asked::Asked;
use crate::admin::parts::{choice, field, folded, form, refused, submit};
use crate::admin::rpc::{ChangeRunner, CreateRunner};
use crate::admin::text::W;
use crate::admin::visible::visible;
use crate::i18n::T;

/// The form that makes one.
pub fn new(asked: &Asked, project: Option<ProjectId>, open: bool) -> AnyView {
    let lang = asked.lang;
    let refusal = refused(asked, "new");
    let open = open || refusal.is_some();
    let usual = RunnerDraft { run_untagged: true, ..RunnerDraft::default() };
    let inside = view! {
        {fields(asked, "new", &usual)}
        {submit(lang.w(W::RunnerCreate))}
    };
    let inside = view! {
        {refusal}
        {form(CreateRunner::PATH, about(asked, project), inside)}
    };
    folded(lang.w(W::RunnerAdd), open, inside)
}

/// The form that changes one.
pub fn change(asked: &Asked, project: Option<ProjectId>, runner: &RunnerView) -> AnyView {
    let lang = asked.lang;
    let hidden = about(asked, project).into_iter().chain([("id", runner.id.to_string()), ("edit", asked.here())]);
    let inside = view! {
        {fields(asked, "edit", &runner.draft)}
        <div class="actions">
            <button type="submit" class="button primary">{lang.t(T::Save)}</button>
            <a class="button" href=asked.with(&[("edit", "")])>{lang.t(T::Cancel)}</a>
        </div>
    };
    view! {
        <section class="panel parted">
            <h2>{lang.w(W::UserEdit)} " " {visible(&runner.draft.name)}</h2>
            {refused(asked, "edit")}
            {form(ChangeRunner::PATH, hidden, inside)}
        </section>
    }
    .into_any()
}

fn fields(asked: &Asked, form: &str, usual: &RunnerDraft) -> AnyView {
    let lang = asked.lang;
    let on = |name: &str, usual: bool| !asked.typed(form, name, if usual { "true" } else { "" }).is_empty();
    let name = asked.typed(form, "name", &usual.name);
    let tags = asked.typed(form, "tags", &usual.tags.join(", "));
    let (untagged, protected) = (on("untagged", usual.run_untagged), on("protected", usual.protected));
    view! {
        <div class="fields">
            {field("name", lang.w(W::RunnerName)).value(name).hint(lang.w(W::RunnerNameHint)).required().view()}
            {field("tags", lang.w(W::RunnerTags)).value(tags).hint(lang.w(W::RunnerTagsHint)).longest("13000").mono().view()}
        </div>
        {choice("checkbox", "untagged", "true", lang.w(W::RunnerUntagged), lang.w(W::RunnerUntaggedHint), untagged)}
        {choice("checkbox", "protected", "true", lang.w(W::RunnerProtected), lang.w(W::RunnerProtectedHint), protected)}
    }
    .into_any()
}
