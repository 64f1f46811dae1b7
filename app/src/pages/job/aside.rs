//! What stands beside the log.

use leptos::prelude::*;
use model::view::{JobView, Why};
use model::{ArtifactInfo, Job, JobId, Status};

use super::state::{Attempt, JobState};
use crate::components::artifact::ArtifactLink;
use crate::components::dynamic::{Each, Show, entry};
use crate::components::status::{Badge, Icon};
use crate::components::time::{JobTime, Length, When};
use crate::components::variables::Variables;
use crate::components::why::WhyChain;
use crate::i18n::{Figures, Phrases, T, use_lang};
use crate::logic::href;

/// Details, artifacts, attempts, variables, script.
#[component]
pub fn Aside(
    /// The snapshot, for what does not change.
    view: JobView,
    /// The job, for what does.
    state: JobState,
    /// Why it stands where it stands.
    why: RwSignal<Option<Why>>,
) -> impl IntoView {
    let lang = use_lang();
    let job = state.job;
    let id = view.job.id;
    // A job that starts another run has neither runner nor exit code, nor does it leave files; why it
    // stands where it stands is said beside that run.
    let scripted = view.job.kind.is_build();
    let of_script = move |part: AnyView| scripted.then_some(part);
    let fact = move |name: T, value: AnyView| {
        view! {
            <div>
                <dt>{lang.t(name)}</dt>
                <dd>{value}</dd>
            </div>
        }
        .into_any()
    };
    let queued = Signal::derive(move || {
        job.with(|j| {
            (
                j.queued_at,
                j.started_at.or(j.finished_at),
                if j.started_at.is_some() { Status::Success } else { j.status },
            )
        })
    });
    let started = Signal::derive(move || job.with(|j| j.started_at));
    let finished = Signal::derive(move || job.with(|j| j.finished_at));
    // Scripts that ended well have ended with 0.
    let code = |j: &Job| j.exit_code.or((j.status == Status::Success).then_some(0));
    let exit = Memo::new(move |_| job.with(code));
    let runner = Memo::new(move |_| job.with(|j| j.runner.clone()));
    // What is not known yet has no row.
    let (has_queued, has_started, has_finished) = (
        Memo::new(move |_| {
            queued.with(|(start, end, _)| start.is_some() && (end.is_some() || job.with(|j| !j.status.is_complete())))
        }),
        Memo::new(move |_| started.get().is_some()),
        Memo::new(move |_| finished.get().is_some()),
    );
    let runner = move || runner.get().map(|name| fact(T::Runner, view! { {name} }.into_any()));
    let exit = move || exit.get().map(|c| fact(T::ExitCode, view! { <span class="num">{c}</span> }.into_any()));
    let waited = move || has_queued.get().then(|| fact(T::QueuedFor, view! { <Length times=queued /> }.into_any()));
    let ran = move || {
        let part = || {
            let time = fact(T::Duration, view! { <JobTime job /> }.into_any());
            view! { {time} {fact(T::Started, view! { <When at=started /> }.into_any())} }.into_any()
        };
        has_started.get().then(part)
    };
    let ended = move || has_finished.get().then(|| fact(T::Finished, view! { <When at=finished /> }.into_any()));
    let limit = lang.duration(i64::from(view.job.timeout) * 1000);
    let needs = view
        .job
        .needs
        .as_ref()
        .map(|n| fact(T::Needs, view! { {if n.is_empty() { "–".into() } else { n.join(", ") }} }.into_any()));
    let environment = view.job.environment.as_ref().map(|name| {
        let to = href::environment(view.job.project_id, name);
        fact(T::Environment, view! { <a href=to>{name.clone()}</a> }.into_any())
    });
    let tags = (!view.job.tags.is_empty()).then(|| {
        let tag = |tag: &String| view! { <span class="tag">{tag.clone()}</span> " " }.into_any();
        fact(T::Tags, view.job.tags.iter().map(tag).collect_view().into_any())
    });
    let coverage = move || {
        let told = job.with(|j| j.coverage);
        told.map(|told| fact(T::Coverage, view! { <span class="num">{lang.percent(told)}</span> }.into_any()))
    };
    let here = href::job(id);
    let tests = move || {
        let to = format!("{here}?view=tests");
        let counts = job.with(|j| j.tests);
        counts.map(|counts| fact(T::Tests, view! { <a href=to>{lang.reported_tests(&counts, false)}</a> }.into_any()))
    };
    let script = [&view.script[..], &view.after_script[..]].concat().join("\n");
    view! {
        <aside class="stack" aria-label=lang.t(T::Details)>
            <section class="panel">
                <h2>{lang.t(T::Details)}</h2>
                {of_script(view! { <p class="because">{move || job.with(|j| lang.reason(&j.reason))}</p> }.into_any())}
                {move || {
                    // The answer may say more than the reason: that no runner can take it.
                    let more = why.with(|w| job.with(|j| more(w.as_ref(), j)));
                    more.map(|more| view! { <p class="because">{more}</p> }.into_any())
                }}
                <WhyChain why said=true />
                <dl class="facts column">
                    {of_script(view! { {move || runner()} {move || exit()} {move || waited()} }.into_any())}
                    {move || ran()}
                    {move || ended()}
                    {of_script(fact(T::Timeout, view! { {limit} }.into_any()))}
                    {fact(T::Person, view! { {move || job.with(|j| j.user.clone())} }.into_any())}
                    {needs}
                    {environment}
                    {tags}
                    {move || coverage()}
                    {move || tests()}
                </dl>
            </section>
            {of_script(view! { <Files job id /> }.into_any())}
            <Attempts state />
            <Variables all=view.variables />
            {of_script(
                view! {
                    <details class="panel">
                        <summary>
                            <h2>{lang.t(T::Script)}</h2>
                        </summary>
                        <pre class="code" tabindex="0">{script}</pre>
                    </details>
                }
                    .into_any(),
            )}
        </aside>
    }
}

/// What the answer to "why?" says behind the job's reason.
fn more(why: Option<&Why>, job: &Job) -> Option<String> {
    let rest = why?.answer.strip_prefix(&job.reason.to_string())?.trim_start_matches("; ");
    (!rest.is_empty()).then(|| rest.to_owned())
}

/// What the job left.
#[component]
fn Files(job: RwSignal<Job>, id: JobId) -> impl IntoView {
    let lang = use_lang();
    let list = move || {
        let files = job.with(|j| j.artifacts.clone());
        if files.is_empty() {
            return view! { <p class="calm">{lang.t(T::NoArtifacts)}</p> }.into_any();
        }
        let files = files.into_iter().map(|file| view! { <File id file /> }.into_any());
        view! { <ul class="rows">{files.collect_view()}</ul> }.into_any()
    };
    view! {
        <section class="panel">
            <h2>{lang.t(T::Artifacts)}</h2>
            {move || list()}
        </section>
    }
}

#[component]
fn File(id: JobId, file: ArtifactInfo) -> impl IntoView {
    let lang = use_lang();
    let expiry = file.expires_at.map(|at| {
        let day = at.rfc3339().chars().take(10).collect::<String>();
        view! { <span class="tag" title=at.rfc3339()>{lang.until(&day)}</span> }.into_any()
    });
    let size = file.size;
    view! {
        <li class="row">
            <Icon name="file" />
            <ArtifactLink job=id label=file.filename.clone() file />
            <span class="push"></span>
            <span class="faint num">{lang.bytes(size)}</span>
            {expiry}
        </li>
    }
}

/// All attempts at this job, when there are several.
#[component]
fn Attempts(state: JobState) -> impl IntoView {
    let lang = use_lang();
    let here = state.job.with_untracked(|j| j.id);
    let attempts = state.attempts;
    let line = move |(id, attempt, status): Attempt| {
        let current = (id == here).then_some("page");
        entry((id, attempt, status), move || {
            view! {
                <li class="row">
                    <Badge status=Signal::stored((status, false)) quiet=true />
                    <a class="name" href=href::job(id) aria-current=current>
                        {lang.attempt(attempt)}
                    </a>
                </li>
            }
            .into_any()
        })
    };
    view! {
        <Show when=move || attempts.with(|a| a.len() > 1)>
            <section class="panel">
                <h2>{lang.t(T::Attempts)}</h2>
                <ul class="rows">
                    <Each of=move || attempts.get().into_iter().map(line).collect() />
                </ul>
            </section>
        </Show>
    }
    .into_any()
}
