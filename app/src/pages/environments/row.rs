//! An environment as a row of the table.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::view::EnvironmentView;
use model::{Deployment, EnvironmentState, Status};

use crate::components::act::{ActForm, ConfirmButton, regain_focus};
use crate::components::breaking::Breaking;
use crate::components::status::{Badge, Icon};
use crate::components::time::When;
use crate::i18n::{Figures, Phrases, T, use_lang};
use crate::logic::href;
use crate::rpc::StopEnvironment;

/// The row.
#[component]
pub fn Row(
    /// The environment.
    one: EnvironmentView,
) -> impl IntoView {
    let lang = use_lang();
    let EnvironmentView { environment, last, live, stop_job } = one;
    let id = href::anchor(environment.project_id, &environment.name);
    let here = format!("#{id}");
    let mine = id.clone();
    Effect::new(move || regain_focus(&mine));
    let stopped = environment.state == EnvironmentState::Stopped;
    let address = environment.external_url.map(|url| match href::outside(&url).map(str::to_owned) {
        Some(to) => {
            view! { <a class="below" href=to rel="external noopener noreferrer"><Breaking text=url /></a> }.into_any()
        }
        // Whatever else somebody wrote there is shown and leads nowhere.
        None => view! { <span class="below faint">{url}</span> }.into_any(),
    });
    // Made by a job that has not ended well yet: nothing of ours stands there.
    let never = live.is_none() && last.as_ref().is_none_or(|d| d.status != Status::Success);
    let stop = (environment.state == EnvironmentState::Available).then(|| {
        let (ask, about) = (lang.ask_stop(&environment.name, stop_job), environment.name.clone());
        view! {
            <ActForm to=StopEnvironment::PATH fields=vec![("id", environment.id.to_string())]>
                <ConfirmButton ask label=T::StopEnvironment icon="stop" about />
            </ActForm>
        }
        .into_any()
    });
    let started = last.as_ref().map(|d| d.created_at);
    let user = last.as_ref().map_or_else(|| "–".to_owned(), |d| d.user.clone());
    let commit = last.as_ref().map(|d| view! { <Commit of=d.clone() /> }.into_any());
    let nothing = || view! { <span class="faint">"–"</span> }.into_any();
    let newest = last.map_or_else(nothing, |of| view! { <Deployed of main=true /> }.into_any());
    let live = live.map(|of| {
        let commit = of.clone();
        view! {
            <div class="deployed">
                <span class="tag s-success" title=lang.t(T::LiveDeploymentHint)>{lang.t(T::LiveDeployment)}</span>
                <Deployed of />
                <Commit of=commit />
            </div>
        }
        .into_any()
    });
    view! {
        <tr id=id class:past=stopped>
            <th scope="row">
                <a href=here rel="external"><Breaking text=environment.name /></a>
                " "
                <span class="tag">{lang.tier(environment.tier)}</span>
                {address}
            </th>
            <td class="state">
                <State state=environment.state never />
            </td>
            <td class="what">{newest} {live}</td>
            <td class="wide which">{commit}</td>
            <td class="wide who">{user}</td>
            <td class="wide end when">
                <When at=Signal::stored(started) />
            </td>
            <td class="end stop">{stop}</td>
        </tr>
    }
    .into_any()
}

/// Picture and word of a state.
#[component]
fn State(state: EnvironmentState, never: bool) -> impl IntoView {
    let lang = use_lang();
    let never = never && state == EnvironmentState::Available;
    let said = if never { lang.t(T::EnvironmentNever) } else { lang.environment_state(state) };
    let icon = match state {
        EnvironmentState::Available if never => "created",
        EnvironmentState::Available => "success",
        EnvironmentState::Stopping => "canceling",
        EnvironmentState::Stopped => "canceled",
    };
    view! {
        <span class=format!("badge s-{icon}")>
            <Icon name=icon />
            <span class="word">{said}</span>
        </span>
    }
    .into_any()
}

/// The job of a deployment and its run. `main` is the one that `j`, `k` and `f` go to.
#[component]
fn Deployed(of: Deployment, #[prop(optional)] main: bool) -> impl IntoView {
    let lang = use_lang();
    let row = main.then_some("");
    let failed = (main && of.status == Status::Failed).then_some("");
    view! {
        <span class="deployed">
            <Badge status=Signal::stored((of.status, false)) quiet=true />
            " "
            <a class="name" href=href::job(of.job_id) data-row=row data-failed=failed>{of.job_name}</a>
            " "
            <a class="faint" href=href::run(of.run_id)>{lang.run_id(of.run_id)}</a>
        </span>
    }
    .into_any()
}

/// Branch or tag, and the beginning of the commit; a dash without a repository.
#[component]
fn Commit(of: Deployment) -> impl IntoView {
    if of.git_ref.is_empty() && of.sha.is_empty() {
        return view! { <span class="faint">"–"</span> }.into_any();
    }
    let sha: String = of.sha.chars().take(8).collect();
    view! {
        <span class="commit" title=of.sha>
            <span class="ref">{of.git_ref}</span>
            " "
            <code>{sha}</code>
        </span>
    }
    .into_any()
}
