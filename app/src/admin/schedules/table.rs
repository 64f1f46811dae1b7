//! The list of schedules, with what can be done to each.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{Schedule, ScheduleView};

use super::{back, ref_of, words};
use crate::admin::asked::Asked;
use crate::admin::parts::{ask, button, table, tag, time};
use crate::admin::rpc::{ActivateSchedule, DeleteSchedule, PlaySchedule, TakeSchedule};
use crate::admin::text::W;
use crate::admin::visible::visible;
use crate::components::status::{Badge, Icon, run_state};
use crate::logic::href;

/// All of them.
pub fn table_of(asked: &Asked, schedules: Vec<ScheduleView>) -> AnyView {
    let lang = asked.lang;
    let heads =
        [W::Schedule, W::ScheduleWhen, W::ScheduleNext, W::ScheduleLast, W::ScheduleOwner].map(|text| lang.w(text));
    let heads: Vec<&'static str> = heads.into_iter().chain([""]).collect();
    let mut rows = Vec::new();
    for view in schedules {
        let meant = view.fields.as_ref().map(|fields| words::of(lang, fields));
        rows.push(row(asked, view, meant));
    }
    table(lang.w(W::Schedules), &heads, rows)
}

fn row(asked: &Asked, view: ScheduleView, meant: Option<String>) -> AnyView {
    let lang = asked.lang;
    let schedule = &view.schedule;
    let draft = &schedule.draft;
    let path = schedule.project_path.to_string();
    let to = format!("/schedules?project={}", schedule.project_id);
    let pipeline =
        draft.pipeline.as_ref().map(|key| view! { " · " <a href=href::pipeline(key)>{key.to_string()}</a> }.into_any());
    let resting = (!draft.is_active).then(|| tag(lang.w(W::ScheduleRests)));
    let (cron, zone) = (draft.cron.clone(), draft.timezone.clone());
    let next = match schedule.next_run_at {
        Some(at) => time(Some(at), W::Never),
        None => view! { <span class="faint">"–"</span> }.into_any(),
    };
    let owner = match &schedule.owner {
        Some(owner) if owner.is_active => view! { {visible(&owner.name)} }.into_any(),
        Some(owner) => view! { {visible(&owner.name)} {tag(lang.w(W::UserInactive))} }.into_any(),
        None => view! { <span class="faint">{lang.w(W::ScheduleNobody)}</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row">
                {visible(&draft.description)} {resting}
                <span class="below faint">
                    <a href=to>{path}</a>
                    " · "
                    {visible(&ref_of(asked, draft))}
                    {pipeline}
                </span>
            </th>
            <td data-label=lang.w(W::ScheduleWhen)>
                {meant}
                <span class="below faint"><code>{visible(&cron)}</code> " " {zone}</span>
            </td>
            <td data-label=lang.w(W::ScheduleNext)>{next}</td>
            <td data-label=lang.w(W::ScheduleLast)>{last(asked, &view)}</td>
            <td data-label=lang.w(W::ScheduleOwner)>{owner}</td>
            <td class="end">{actions(asked, &view)}</td>
        </tr>
    }
    .into_any()
}

/// Its last run, and what stood against one after it.
fn last(asked: &Asked, view: &ScheduleView) -> AnyView {
    let lang = asked.lang;
    let run = view.last_run.as_ref().map(|run| {
        let (to, number, state) = (href::run(run.id), format!("#{}", run.number), run_state(run));
        view! {
            <a href=to rel="external">
                <Badge status=Signal::stored(state) />
                " "
                {number}
            </a>
            <span class="below faint when">{time(Some(run.created_at), W::Never)}</span>
        }
        .into_any()
    });
    let failure = view.schedule.failure.as_ref().map(|failure| {
        view! {
            <span class="badge s-failed">
                <Icon name="failed" />
                <span class="word">{lang.w(W::ScheduleFailed)}</span>
            </span>
            <span class="below">{visible(&failure.message)}</span>
            <span class="below faint when">{time(Some(failure.at), W::Never)}</span>
        }
        .into_any()
    });
    let none = (run.is_none() && failure.is_none())
        .then(|| view! { <span class="faint">{lang.w(W::Never)}</span> }.into_any());
    view! { {failure} {run} {none} }.into_any()
}

fn actions(asked: &Asked, view: &ScheduleView) -> AnyView {
    if !view.may_change {
        return ().into_any();
    }
    let lang = asked.lang;
    let Schedule { id, draft, .. } = &view.schedule;
    let name = visible(&draft.description);
    let fields = || [back(asked), ("id", id.to_string())];
    let edit = asked.with(&[("edit", &id.to_string()), ("cron", ""), ("timezone", "")]);
    let (turn, to) = if draft.is_active { (W::ScheduleRest, "") } else { (W::ScheduleWake, "true") };
    let turned = fields().into_iter().chain((!to.is_empty()).then(|| ("active", to.to_owned())));
    let take = (!view.is_own)
        .then(|| ask(TakeSchedule::PATH, fields(), lang.w(W::ScheduleTake), &name, lang.ask_take_schedule(&name)));
    let about = format!(" {name}");
    view! {
        <div class="actions">
            {button(PlaySchedule::PATH, fields(), lang.w(W::SchedulePlay), &name)}
            {button(ActivateSchedule::PATH, turned, lang.w(turn), &name)}
            <a class="button" href=edit>{lang.w(W::UserEdit)}<span class="unseen">{about}</span></a>
            {take}
            {ask(DeleteSchedule::PATH, fields(), lang.w(W::ScheduleDelete), &name, lang.ask_delete_schedule(&name))}
        </div>
    }
    .into_any()
}
