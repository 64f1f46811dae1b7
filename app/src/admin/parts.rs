//! Parts of these pages: forms, fields, panels. All texts come in the language of the page.

use leptos::prelude::*;
use model::{Role, Timestamp, Visibility};

use super::asked::Asked;
use super::text::W;
use crate::components::act::ErrorNote;
use crate::components::head::PageHead;
use crate::components::status::Icon;
use crate::components::time::When;
use crate::i18n::{Lang, T, use_lang};
use crate::rpc::Draft;

/// Title of the document and heading of the page.
pub fn head(title: &str) -> AnyView {
    view! {
        <PageHead title=Signal::stored(title.to_owned()) />
        <div class="page-head">
            <h1>{title.to_owned()}</h1>
        </div>
    }
    .into_any()
}

/// A framed part of a page.
pub fn panel(title: &'static str, id: &'static str, inside: impl IntoView + 'static) -> AnyView {
    view! {
        <section class="panel parted" id=id>
            <h2>{title}</h2>
            {inside}
        </section>
    }
    .into_any()
}

/// A framed part of a page that is folded unless it is `open`.
pub fn folded(title: &'static str, open: bool, inside: impl IntoView + 'static) -> AnyView {
    view! {
        <details class="panel parted" open=open>
            <summary>
                <h2>{title}</h2>
            </summary>
            {inside}
        </details>
    }
    .into_any()
}

/// A form that posts to the server function at `to`.
pub fn form(
    to: &'static str,
    hidden: impl IntoIterator<Item = (&'static str, String)>,
    inside: impl IntoView + 'static,
) -> AnyView {
    form_of("act column", to, hidden, inside)
}

fn form_of(
    class: &'static str,
    to: &'static str,
    hidden: impl IntoIterator<Item = (&'static str, String)>,
    inside: impl IntoView + 'static,
) -> AnyView {
    let hidden: Vec<_> = hidden
        .into_iter()
        .map(|(name, value)| view! { <input type="hidden" name=name value=value /> }.into_any())
        .collect();
    view! { <form class=class method="post" action=to>{hidden} {inside}</form> }.into_any()
}

/// A form that is one button.
pub fn button(
    to: &'static str,
    hidden: impl IntoIterator<Item = (&'static str, String)>,
    label: &'static str,
    about: &str,
) -> AnyView {
    let about = format!(" {about}");
    form_of(
        "act",
        to,
        hidden,
        view! { <button type="submit" class="button">{label}<span class="unseen">{about}</span></button> },
    )
}

/// The button at the end of a form.
pub fn submit(label: &'static str) -> AnyView {
    view! { <div class="actions"><button type="submit" class="button primary">{label}</button></div> }.into_any()
}

/// A form that is one button, behind a question: what it does cannot be taken back.
pub fn ask(
    to: &'static str,
    hidden: impl IntoIterator<Item = (&'static str, String)>,
    label: &'static str,
    about: &str,
    question: String,
) -> AnyView {
    let lang = use_lang();
    let about = format!(" {about}");
    form_of(
        "act",
        to,
        hidden,
        view! {
            <details class="ask confirm">
                <summary class="button">{label}<span class="unseen">{about}</span></summary>
                <dialog class="sheet" open aria-label=lang.t(T::ConfirmTitle)>
                    <p class="said">{question}</p>
                    <div class="row">
                        <button type="submit" class="button danger">{label}</button>
                    </div>
                </dialog>
            </details>
        },
    )
}

/// A field with its label.
pub struct Field {
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    value: String,
    hint: Option<&'static str>,
    required: bool,
    autocomplete: &'static str,
    mono: bool,
    focus: bool,
    longest: &'static str,
}

/// A field for one line of text.
pub fn field(name: &'static str, label: &'static str) -> Field {
    Field {
        name,
        label,
        kind: "text",
        value: String::new(),
        hint: None,
        required: false,
        autocomplete: "off",
        mono: false,
        focus: false,
        longest: "255",
    }
}

impl Field {
    /// What stands in it.
    pub fn value(mut self, value: impl Into<String>) -> Self {
        self.value = value.into();
        self
    }

    /// Its type in HTML. A field for a password stays empty.
    pub fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// What stands below it.
    pub fn hint(mut self, hint: &'static str) -> Self {
        self.hint = Some(hint);
        self
    }

    /// Something must be typed.
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// What the browser may fill in.
    pub fn autocomplete(mut self, what: &'static str) -> Self {
        self.autocomplete = what;
        self
    }

    /// For what scripts read.
    pub fn mono(mut self) -> Self {
        self.mono = true;
        self
    }

    /// The one that is typed into first.
    pub fn focus(mut self) -> Self {
        self.focus = true;
        self
    }

    /// How many characters fit, where it is not 255.
    pub fn longest(mut self, most: &'static str) -> Self {
        self.longest = most;
        self
    }

    /// The field.
    pub fn view(self) -> AnyView {
        let value = Some(self.value).filter(|value| self.kind != "password" && !value.is_empty());
        let longest = matches!(self.kind, "text" | "email" | "search").then_some(self.longest);
        view! {
            <label class="field">
                <span>{self.label}</span>
                <input
                    type=self.kind
                    class=if self.mono { "mono" } else { "" }
                    name=self.name
                    value=value
                    required=self.required
                    autofocus=self.focus
                    maxlength=longest
                    autocomplete=self.autocomplete
                    autocapitalize="off"
                    spellcheck="false"
                />
                {self.hint.map(|hint| view! { <span>{hint}</span> })}
            </label>
        }
        .into_any()
    }
}

/// A choice of one of many.
pub fn select(
    name: &'static str,
    label: &'static str,
    options: impl IntoIterator<Item = (String, String)>,
    chosen: &str,
) -> AnyView {
    let option = |(value, text): (String, String)| {
        let selected = value == chosen;
        view! { <option value=value selected=selected>{text}</option> }.into_any()
    };
    let options: Vec<_> = options.into_iter().map(option).collect();
    view! {
        <label class="field">
            <span>{label}</span>
            <select name=name>{options}</select>
        </label>
    }
    .into_any()
}

/// The roles that a member can have, from the least.
pub fn roles(lang: Lang) -> Vec<(String, String)> {
    Role::OF_MEMBERS.into_iter().map(|role| (role.word().to_owned(), lang.role(role).to_owned())).collect()
}

/// Who may see a project.
pub fn visibilities(lang: Lang) -> Vec<(String, String)> {
    Visibility::ALL.into_iter().map(|one| (one.as_str().to_owned(), lang.visibility(one).to_owned())).collect()
}

/// A box (`checkbox`) or a button (`radio`) with the word for it and what it means.
pub fn choice(
    kind: &'static str,
    name: &'static str,
    value: &'static str,
    word: &'static str,
    hint: &'static str,
    on: bool,
) -> AnyView {
    view! {
        <label class="choice">
            <input type=kind name=name value=value checked=on />
            <span>
                {word} " "
                <span class="hint">{hint}</span>
            </span>
        </label>
    }
    .into_any()
}

/// What the server said against the form of that name.
pub fn refused(asked: &Asked, form: &str) -> Option<AnyView> {
    asked.draft_of(form).map(|draft: &Draft| view! { <ErrorNote error=draft.error.clone() /> }.into_any())
}

/// That it went well, when the page itself does not show it.
pub fn done(asked: &Asked) -> Option<AnyView> {
    let text = match asked.field("done")? {
        "password" => W::PasswordChanged,
        "saved" => W::Saved,
        _ => return None,
    };
    let text = asked.lang.w(text);
    Some(
        view! {
            <p class="note s-success" role="status">
                <Icon name="success" />
                {text}
            </p>
        }
        .into_any(),
    )
}

/// What to type into a terminal, to be copied.
pub fn lines(text: String) -> AnyView {
    view! { <pre class="code" tabindex="0"><code class="copy">{text}</code></pre> }.into_any()
}

/// A point in time; `never` says so.
pub fn time(at: Option<Timestamp>, never: W) -> AnyView {
    match at {
        Some(at) => view! { <When at=Signal::stored(Some(at)) /> }.into_any(),
        None => view! { <span class="faint">{use_lang().w(never)}</span> }.into_any(),
    }
}

/// A word in a frame.
pub fn tag(word: &'static str) -> AnyView {
    view! { " " <span class="tag">{word}</span> }.into_any()
}

/// A table in its panel's width. The last column is for what can be done.
pub fn table(caption: &'static str, heads: &[&'static str], rows: Vec<AnyView>) -> AnyView {
    let lang = use_lang();
    let head = |head: &&'static str| match *head {
        "" => view! { <th scope="col"><span class="unseen">{lang.t(T::Actions)}</span></th> }.into_any(),
        text => view! { <th scope="col">{text}</th> }.into_any(),
    };
    let heads: Vec<_> = heads.iter().map(head).collect();
    view! {
        <div class="scroll-x" role="region" aria-label=caption tabindex="0">
            <table class="list admin">
                <caption class="unseen">{caption}</caption>
                <thead>
                    <tr>{heads}</tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// What stands in a `<textarea>`.
pub fn area(name: &'static str, label: &'static str, text: String, hint: &'static str) -> AnyView {
    let text = crate::components::head::in_textarea(text);
    view! {
        <label class="field">
            <span>{label}</span>
            <textarea name=name rows="4" spellcheck="false" autocapitalize="off" autocomplete="off">{text}</textarea>
            <span>{hint}</span>
        </label>
    }
    .into_any()
}
