//! The list of runners, with what can be done to each.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{ProjectId, RunnerView};

use super::about;
use crate::admin::asked::Asked;
use crate::admin::parts::{ask, button, table, tag, time};
use crate::admin::rpc::{DeleteRunner, PauseRunner, RotateRunner};
use crate::admin::text::W;
use crate::admin::visible::visible;
use crate::components::status::Icon;
use crate::logic::href;

/// Those of a project, or all of the server with the project that each is for.
pub fn table_of(asked: &Asked, project: Option<ProjectId>, runners: Vec<RunnerView>) -> AnyView {
    let lang = asked.lang;
    let of_server = project.is_none();
    let heads = [W::RunnerName, W::RunnerTakes].into_iter().chain(of_server.then_some(W::KeyProject));
    let heads = heads.chain([W::UserState, W::MadeBy]).map(|text| lang.w(text));
    let heads: Vec<&'static str> = heads.chain([""]).collect();
    let rows = runners.into_iter().map(|runner| row(asked, project, runner)).collect();
    table(lang.w(W::Runners), &heads, rows)
}

fn row(asked: &Asked, project: Option<ProjectId>, runner: RunnerView) -> AnyView {
    let lang = asked.lang;
    let of = project.is_none().then(|| {
        let of = match &runner.project {
            Some((_, path)) => {
                let (to, path) = (format!("{}?tab=runners", href::place(path.as_str())), path.to_string());
                view! { <a href=to>{path}</a> }.into_any()
            }
            None => view! { <span class="faint">{lang.w(W::RunnerAnyProject)}</span> }.into_any(),
        };
        view! { <td data-label=lang.w(W::KeyProject)>{of}</td> }.into_any()
    });
    let maker = match &runner.created_by {
        Some(name) => {
            view! { {name.clone()} <span class="below faint when">{time(Some(runner.created_at), W::Never)}</span> }
                .into_any()
        }
        None => view! { <span class="tag">{lang.w(W::RunnerOwn)}</span> }.into_any(),
    };
    view! {
        <tr>
            <th scope="row">{visible(&runner.draft.name)}</th>
            <td data-label=lang.w(W::RunnerTakes)>{takes(asked, &runner)}</td>
            {of}
            <td>{state(asked, &runner)}</td>
            <td data-label=lang.w(W::MadeBy)>{maker}</td>
            <td class="end">{actions(asked, project, &runner)}</td>
        </tr>
    }
    .into_any()
}

/// Which jobs it takes.
fn takes(asked: &Asked, runner: &RunnerView) -> AnyView {
    let lang = asked.lang;
    let own = |name: &String| view! { <code class="tag">{visible(name)}</code> " " }.into_any();
    let tags: Vec<_> = runner.draft.tags.iter().map(own).collect();
    view! {
        <span class="tags">
            {tags}
            {runner.draft.run_untagged.then(|| lang.w(W::RunnerUntagged))}
            {runner.draft.protected.then(|| tag(lang.w(W::RunnerProtected)))}
        </span>
    }
    .into_any()
}

/// Whether it is there, whether it may take jobs, and how many it runs.
fn state(asked: &Asked, runner: &RunnerView) -> AnyView {
    let lang = asked.lang;
    let badge = |class: &'static str, icon: &'static str, word: W| {
        view! {
            <span class=class>
                <Icon name=icon />
                <span class="word">{lang.w(word)}</span>
            </span>
            " "
        }
        .into_any()
    };
    let there = if runner.is_online {
        badge("badge s-success", "success", W::RunnerOnline)
    } else {
        badge("badge s-canceled", "canceled", W::RunnerOffline)
    };
    let paused = runner.draft.paused.then(|| badge("badge s-waiting", "waiting", W::RunnerPaused));
    let running = (runner.running > 0)
        .then(|| view! { <span class="below faint">{lang.runs_on_it(runner.running)}</span> }.into_any());
    view! { {there} {paused} {running} }.into_any()
}

/// The server keeps its own runner, and its token, itself.
fn actions(asked: &Asked, project: Option<ProjectId>, runner: &RunnerView) -> AnyView {
    let lang = asked.lang;
    let name = visible(&runner.draft.name);
    let fields = || about(asked, project).into_iter().chain([("id", runner.id.to_string())]);
    let edit = asked.with(&[("edit", &runner.id.to_string())]);
    let (turn, to) = if runner.draft.paused { (W::RunnerResume, "") } else { (W::RunnerPause, "true") };
    let paused = fields().chain((!to.is_empty()).then(|| ("paused", to.to_owned())));
    let ends = runner.created_by.is_some().then(|| {
        view! {
            {ask(RotateRunner::PATH, fields(), lang.w(W::RunnerRotate), &name, lang.ask_rotate_runner(&name))}
            {ask(DeleteRunner::PATH, fields(), lang.w(W::RunnerDelete), &name, lang.ask_delete_runner(&name))}
        }
        .into_any()
    });
    let about = format!(" {name}");
    view! {
        <div class="actions">
            <a class="button" href=edit>{lang.w(W::UserEdit)}<span class="unseen">{about}</span></a>
            {button(PauseRunner::PATH, paused, lang.w(turn), &name)}
            {ends}
        </div>
    }
    .into_any()
}
