//! What is shown one time: the text of a new token or key, or a link that sets a password.

use leptos::prelude::*;
use leptos::server_fn::ServerFn;
use model::{NewAccessKey, NewToken, PasswordLink, Redaction, TokenKind};

use super::account_environment;
use super::asked::Asked;
use super::parts::{ask, lines};
use super::rpc::{DeleteArtifacts, Once};
use super::text::W;
use super::visible::visible;
use crate::components::status::Icon;
use crate::i18n::Phrases;
use crate::logic::href;

/// What the address names, if it is still there; else that it was shown already.
pub fn shown(asked: &Asked) -> Option<AnyView> {
    let name = asked.field("new")?;
    let lang = asked.lang;
    Some(match Once::take(name, &asked.caller) {
        Some(Once::Token(new)) => token(asked, new),
        Some(Once::AccessKey(new)) => key(asked, new),
        Some(Once::Runner(token)) => runner(asked, token),
        Some(Once::Link(link)) => password(asked, &link),
        Some(Once::Redaction(done)) => redaction(asked, name, done),
        None => view! { <p class="note s-warnings" role="status">{lang.w(W::OnceGone)}</p> }.into_any(),
    })
}

fn framed(title: &'static str, text: String, inside: AnyView) -> AnyView {
    view! {
        <section class="panel parted once" role="status">
            <h2>
                <Icon name="success" />
                {title}
            </h2>
            <p>{text}</p>
            {inside}
        </section>
    }
    .into_any()
}

fn token(asked: &Asked, new: NewToken) -> AnyView {
    let (lang, origin) = (asked.lang, asked.origin());
    let (use_it, line) = match (new.token.kind, new.token.project_id) {
        (TokenKind::Trigger, Some(project)) => (W::UseTrigger, trigger_line(&origin, project, &new.secret)),
        _ => (
            W::UseToken,
            format!(
                "export WEIR_TOKEN={secret}\ncurl --header \"PRIVATE-TOKEN: $WEIR_TOKEN\" {origin}/api/v4/projects\n",
                secret = new.secret
            ),
        ),
    };
    let inside = view! {
        {lines(new.secret.clone())}
        <p>{lang.w(use_it)}</p>
        {lines(line)}
    };
    framed(lang.w(W::TokenNew), lang.w(W::OnlyNow).to_owned(), inside.into_any())
}

/// How a trigger's token starts a run.
pub fn trigger_line(origin: &str, project: model::ProjectId, secret: &str) -> String {
    format!(
        "curl --request POST --form token={secret} --form ref=main {origin}/api/v4/projects/{project}/trigger/pipeline\n"
    )
}

fn key(asked: &Asked, new: NewAccessKey) -> AnyView {
    let lang = asked.lang;
    let uid = new.project_uid.as_ref().map(ToString::to_string);
    let inside = view! {
        <p>{lang.w(W::UseKey)}</p>
        {lines(account_environment(&new.key.access, &new.secret, uid.as_deref()))}
    };
    framed(lang.w(W::KeyNew), lang.w(W::OnlyNow).to_owned(), inside.into_any())
}

fn runner(asked: &Asked, token: String) -> AnyView {
    let lang = asked.lang;
    let use_it = runner_lines(asked, &token);
    let inside = view! {
        {lines(token)}
        {use_it}
    };
    framed(lang.w(W::RunnerNew), lang.w(W::OnlyNow).to_owned(), inside.into_any())
}

/// How a machine becomes a runner.
pub fn runner_lines(asked: &Asked, token: &str) -> AnyView {
    let (lang, origin) = (asked.lang, asked.origin());
    view! {
        <p>{lang.w(W::UseRunnerGitlab)}</p>
        {lines(format!("gitlab-runner register --url {origin} --token {token}\n"))}
        <p>{lang.w(W::UseRunnerWeir)}</p>
        {lines(format!("weir runner --url {origin} --token-file runner.token --dir runner\n"))}
    }
    .into_any()
}

fn password(asked: &Asked, link: &PasswordLink) -> AnyView {
    let text = asked.lang.link_is_for(&link.user, &link.expires_at.human());
    framed(asked.lang.w(W::LinkNew), text, lines(format!("{}{}", asked.origin(), link.path)))
}

fn redaction(asked: &Asked, name: &str, done: Redaction) -> AnyView {
    let lang = asked.lang;
    let leaked = leaked(asked, name, &done);
    let Redaction { searched, redacted, viewers, .. } = done;
    let text = lang.redacted(searched, redacted.len(), redacted.iter().map(|(_, places)| places).sum());
    let job = |(id, places): &(model::JobId, u64)| {
        let (to, name, spots) = (href::job(*id), lang.job_id(*id), lang.spots(*places));
        view! { <li class="row"><a class="name" href=to>{name}</a><span class="faint">{spots}</span></li> }.into_any()
    };
    let viewer = |(user, id, at): &(String, model::JobId, model::Timestamp)| {
        let (to, name) = (href::job(*id), lang.job_id(*id));
        let user = visible(user);
        let at = super::parts::time(Some(*at), W::Never);
        view! { <li class="row"><strong>{user}</strong><a href=to>{name}</a><span class="faint">{at}</span></li> }
            .into_any()
    };
    let jobs: Vec<_> = redacted.iter().map(job).collect();
    let found = if jobs.is_empty() {
        view! { <p class="calm">{lang.w(W::RedactNone)}</p> }.into_any()
    } else {
        let seen: Vec<_> = viewers.iter().map(viewer).collect();
        let nobody = seen.is_empty().then(|| view! { <p class="calm">{lang.w(W::RedactNoViewers)}</p> }.into_any());
        view! {
            <ul class="rows">{jobs}</ul>
            <h3>{lang.w(W::RedactViewers)}</h3>
            <ul class="rows">{seen}</ul>
            {nobody}
        }
        .into_any()
    };
    let inside = view! {
        {found}
        {leaked}
        <p class="prose">{lang.w(W::RedactNotSearched)}</p>
    };
    framed(lang.w(W::RedactDone), text, inside.into_any())
}

/// Names of files that are shown of one job.
const FILES: usize = 10;

/// The artifacts that have it, each with the way to delete it; and those of which nobody knows.
fn leaked(asked: &Asked, name: &str, done: &Redaction) -> AnyView {
    let lang = asked.lang;
    let link = |id: model::JobId| {
        let (to, name) = (href::job(id), lang.job_id(id));
        view! { <a class="name" href=to>{name}</a> }.into_any()
    };
    let job = |(id, files): &(model::JobId, Vec<String>)| {
        let shown: Vec<_> = files.iter().take(FILES).map(|file| visible(file)).collect();
        let shown = shown.iter().map(|file| view! { <li><code>{file.clone()}</code></li> }.into_any()).collect_view();
        let more = files.len().checked_sub(FILES).filter(|count| *count > 0);
        let more = more.map(|count| view! { <li class="faint">{lang.more_files(count)}</li> }.into_any());
        let hidden = [("id", id.to_string()), ("shown", name.to_owned()), ("back", asked.here())];
        let delete =
            ask(DeleteArtifacts::PATH, hidden, lang.w(W::ArtifactsDelete), &lang.job_id(*id), lang.ask_artifacts(*id));
        view! {
            <li class="row">
                {link(*id)}
                <ul class="files">{shown} {more}</ul>
                {delete}
            </li>
        }
        .into_any()
    };
    let list: Vec<_> = done.artifacts.iter().map(job).collect();
    let list = if list.is_empty() {
        view! { <p class="calm">{lang.w(W::RedactArtifactsNone)}</p> }.into_any()
    } else {
        view! {
            <p class="prose">{lang.w(W::RedactArtifactsText)}</p>
            <ul class="rows">{list}</ul>
        }
        .into_any()
    };
    let unread: Vec<_> = done.unread.iter().map(|id| view! { <li class="row">{link(*id)}</li> }.into_any()).collect();
    let unread = (!unread.is_empty()).then(|| {
        view! {
            <h3>{lang.w(W::RedactUnread)}</h3>
            <ul class="rows">{unread}</ul>
        }
        .into_any()
    });
    view! {
        <h3>{lang.w(W::RedactArtifacts)}</h3>
        {list}
        {unread}
    }
    .into_any()
}
