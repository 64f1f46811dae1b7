//! Making schedules and changing them.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::plan::Variable;
use model::{ProjectId, ProjectPath, ScheduleDraft, ScheduleView};

use super::{back, save_or_not, times_of};
use crate::admin::asked::Asked;
use crate::admin::parts::{area, choice, field, folded, form, refused, select, submit};
use crate::admin::rpc::{ChangeSchedule, CreateSchedule, in_lines};
use crate::admin::text::W;
use crate::admin::visible::visible;

/// The form that makes one.
pub fn new(asked: &Asked, projects: &[(ProjectId, ProjectPath)], chosen: Option<ProjectId>, open: bool) -> AnyView {
    let lang = asked.lang;
    let refusal = refused(asked, "new");
    let open = open || refusal.is_some();
    // What was tried is what is meant.
    let zone = asked.field("timezone").unwrap_or(model::cron::UTC).to_owned();
    let usual = ScheduleDraft { cron: asked.text("cron"), timezone: zone, ..ScheduleDraft::default() };
    let options = projects.iter().map(|(id, path)| (id.to_string(), path.to_string()));
    let chosen = asked.typed("new", "project", &chosen.map(|id| id.to_string()).unwrap_or_default());
    let lost = refusal.is_some().then(|| note(lang.w(W::ScheduleVariablesLost)));
    let inside = view! {
        <div class="fields">{select("project", lang.w(W::KeyProject), options, &chosen)}</div>
        {fields(asked, "new", &usual, &[])}
        {submit(lang.w(W::ScheduleCreate))}
    };
    let inside = view! {
        {refusal}
        {lost}
        {form(CreateSchedule::PATH, [back(asked)], inside)}
    };
    folded(lang.w(W::ScheduleNew), open, inside)
}

/// The form that changes one, with the times that it means.
pub async fn change(asked: &Asked, view: ScheduleView) -> AnyView {
    let lang = asked.lang;
    let draft = view.schedule.draft;
    let times = asked.service.cron_times(&asked.caller, &draft.cron, &draft.timezone).await.ok();
    let times = times.map(|times| times_of(asked, &times));
    let variables = view.variables.unwrap_or_default();
    let refusal = refused(asked, "edit");
    let lost = refusal.is_some().then(|| note(lang.w(W::ScheduleVariablesLost)));
    let hidden = [back(asked), ("id", view.schedule.id.to_string()), ("edit", asked.here())];
    let inside = view! {
        {fields(asked, "edit", &draft, &variables)}
        {save_or_not(asked)}
    };
    view! {
        <section class="panel parted">
            <h2>{lang.w(W::UserEdit)} " " {visible(&draft.description)}</h2>
            {refusal}
            {lost}
            {form(ChangeSchedule::PATH, hidden, inside)}
            {times}
        </section>
    }
    .into_any()
}

fn note(text: &'static str) -> AnyView {
    view! { <p class="note s-warnings">{text}</p> }.into_any()
}

fn fields(asked: &Asked, form: &str, usual: &ScheduleDraft, variables: &[Variable]) -> AnyView {
    let lang = asked.lang;
    let typed = |name: &str, usual: &str| asked.typed(form, name, usual);
    let description = typed("description", &usual.description);
    let (cron, timezone) = (typed("cron", &usual.cron), typed("timezone", &usual.timezone));
    let (git_ref, pipeline) = (
        typed("git_ref", &usual.git_ref),
        typed("pipeline", &usual.pipeline.as_ref().map(ToString::to_string).unwrap_or_default()),
    );
    let active = !typed("active", if usual.is_active { "true" } else { "" }).is_empty();
    let (text, others) = in_lines(variables);
    let others = (!others.is_empty()).then(|| {
        let names: Vec<_> =
            others.iter().map(|one| view! { <code class="tag">{one.key.clone()}</code> " " }.into_any()).collect();
        view! { <p class="faint">{lang.w(W::ScheduleOtherVariables)} " " {names}</p> }.into_any()
    });
    view! {
        <div class="fields">
            {field("description", lang.w(W::ScheduleDescription)).value(description).hint(lang.w(W::ScheduleDescriptionHint)).longest("1000").required().view()}
        </div>
        {when(asked, &cron, &timezone)}
        <div class="fields">
            {field("git_ref", lang.w(W::ScheduleRef)).value(git_ref).hint(lang.w(W::ScheduleRefHint)).longest("1024").mono().view()}
            {field("pipeline", lang.w(W::SchedulePipeline)).value(pipeline).hint(lang.w(W::SchedulePipelineHint)).mono().view()}
        </div>
        {area("variables", lang.w(W::ScheduleVariables), text, lang.w(W::ScheduleVariablesHint))}
        {others}
        {choice("checkbox", "active", "true", lang.w(W::ScheduleActive), lang.w(W::ScheduleActiveHint), active)}
    }
    .into_any()
}

/// The fields that say when, with every time zone to choose from.
pub fn when(asked: &Asked, cron: &str, timezone: &str) -> AnyView {
    let lang = asked.lang;
    let zones = asked.service.timezones();
    // One that is known by another name stays to be chosen.
    let other = (!zones.iter().any(|zone| zone == timezone)).then(|| timezone.to_owned());
    let zones = other.into_iter().chain(zones).map(|zone| (zone.clone(), zone));
    view! {
        <div class="fields">
            {field("cron", lang.w(W::ScheduleCron)).value(cron).hint(lang.w(W::ScheduleCronHint)).required().mono().view()}
            {select("timezone", lang.w(W::ScheduleZone), zones, timezone)}
        </div>
    }
    .into_any()
}
