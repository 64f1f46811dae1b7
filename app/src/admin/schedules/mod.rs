//! `/schedules`: what starts by the clock, of all projects or of one (`?project=ID`), with the form that makes one or
//! (`?edit=ID`) changes one. `?cron=` and `?timezone=` are explained, so that one can try before one saves.

mod form;
mod table;
mod words;

use leptos::prelude::*;
use model::{CronTimes, Error, Place, ProjectId, ScheduleId, SchedulesView};

use super::asked::Asked;
use super::parts::{done, head, lines, refused};
use super::place;
use super::text::W;
use crate::components::act::ErrorNote;
use crate::i18n::T;

/// What teaches what a definition sees of a schedule.
const EXAMPLE: &str = "nightly:
  script: ./long-tests
  rules:
    - if: $CI_PIPELINE_SOURCE == \"schedule\"
";

/// The page.
pub async fn page(asked: &Asked) -> Result<AnyView, Error> {
    let lang = asked.lang;
    let wrong = |_| Error::not_found("project");
    let project: Option<ProjectId> = asked.field("project").map(|id| id.parse().map_err(wrong)).transpose()?;
    let view = asked.service.schedules(&asked.caller, project).await?;
    let wanted = asked.field("edit").map(|id| id.parse::<ScheduleId>().ok());
    let edited = match wanted {
        Some(Some(id)) => match asked.service.schedule(&asked.caller, id).await {
            Ok(found) if found.may_change => Some(found),
            _ => None,
        },
        _ => None,
    };
    let gone = (wanted.is_some() && edited.is_none())
        .then(|| view! { <p class="note s-warnings" role="status">{lang.w(W::ScheduleGone)}</p> }.into_any());
    let SchedulesView { schedules, projects, .. } = view;
    // Those of a project are a tab of its page.
    let frame = match project {
        None => head(lang.w(W::Schedules)),
        Some(id) => match asked.service.place(&asked.caller, Place::Project(id)).await {
            Ok(view) => {
                let all = view! { <p class="lead"><a href="/schedules">{lang.w(W::SchedulesAll)}</a></p> };
                view! {
                    {place::frame(asked, &view, place::SCHEDULES)}
                    {all}
                }
                .into_any()
            }
            Err(_) => head(lang.w(W::Schedules)),
        },
    };
    let is_empty = schedules.is_empty();
    let list = if is_empty {
        view! {
            <section class="empty">
                <p>{lang.w(W::NoSchedules)}</p>
                {lines(EXAMPLE.to_owned())}
                <p>{lang.w(W::NoSchedulesRules)}</p>
            </section>
        }
        .into_any()
    } else {
        let rows = table::table_of(asked, schedules);
        view! { <section class="panel parted">{rows}</section> }.into_any()
    };
    let form = match edited {
        Some(found) => form::change(asked, found).await,
        None if projects.is_empty() => ().into_any(),
        None => form::new(asked, &projects, project, is_empty),
    };
    let signed_in = asked.me.is_local || asked.me.user.is_some();
    let explained = if signed_in { explained(asked).await } else { None };
    Ok(view! {
        {frame}
        {refused(asked, "")}
        {done(asked)}
        {gone}
        {list}
        {explained}
        {form}
    }
    .into_any())
}

/// A small form that explains an expression, with what it explained.
async fn explained(asked: &Asked) -> Option<AnyView> {
    let lang = asked.lang;
    let (cron, timezone) = (asked.text("cron"), asked.text("timezone"));
    let timezone = if timezone.is_empty() { model::cron::UTC.to_owned() } else { timezone };
    let told = if cron.is_empty() {
        None
    } else {
        Some(match asked.service.cron_times(&asked.caller, &cron, &timezone).await {
            Ok(times) => times_of(asked, &times),
            Err(error) => view! { <ErrorNote error=error /> }.into_any(),
        })
    };
    let project = asked.field("project").map(str::to_owned);
    let project = project.map(|id| view! { <input type="hidden" name="project" value=id /> }.into_any());
    let open = told.is_some();
    Some(
        view! {
            <details class="panel parted" open=open id="try">
                <summary>
                    <h2>{lang.w(W::CronTry)}</h2>
                </summary>
                <form class="act column" method="get" action="/schedules#try">
                    {project}
                    {form::when(asked, &cron, &timezone)}
                    <div class="actions">
                        <button type="submit" class="button">{lang.w(W::CronExplain)}</button>
                    </div>
                </form>
                {told}
            </details>
        }
        .into_any(),
    )
}

/// An expression in words, with the next times.
fn times_of(asked: &Asked, times: &CronTimes) -> AnyView {
    let lang = asked.lang;
    let row = |time: &model::CronTime| {
        let day = words::weekday(lang, u16::from(time.weekday));
        let (at, local, offset) = (time.at.rfc3339(), time.local.clone(), time.offset.clone());
        view! {
            <li class="row">
                <time datetime=at class="num">{local}</time>
                <span class="faint">{day} " · " {offset}</span>
            </li>
        }
        .into_any()
    };
    let rows: Vec<_> = times.next.iter().map(row).collect();
    view! {
        <p><strong>{words::of(lang, &times.fields)}</strong></p>
        <p class="faint">{lang.w(W::CronNext)}</p>
        <ol class="rows">{rows}</ol>
    }
    .into_any()
}

/// Where a form leads back to.
fn back(asked: &Asked) -> (&'static str, String) {
    ("back", asked.with(&[("edit", ""), ("cron", ""), ("timezone", "")]))
}

/// The word for a branch or tag that is none yet.
fn ref_of(asked: &Asked, draft: &model::ScheduleDraft) -> String {
    match draft.short_ref() {
        "" => asked.lang.w(W::ScheduleDefaultBranch).to_owned(),
        name => name.to_owned(),
    }
}

/// "Save" and "cancel", which leads to the list.
fn save_or_not(asked: &Asked) -> AnyView {
    let lang = asked.lang;
    let (_, to) = back(asked);
    view! {
        <div class="actions">
            <button type="submit" class="button primary">{lang.t(T::Save)}</button>
            <a class="button" href=to>{lang.t(T::Cancel)}</a>
        </div>
    }
    .into_any()
}
