//! The dashboard before anything is there: three ways to a first pipeline, to copy and paste.

use leptos::prelude::*;

use crate::components::status::Icon;
use crate::i18n::{T, use_lang};

const FIRST: &str = "stages: [build, test]

compile:
  stage: build
  script:
    - echo \"compiling\"
    - echo done > result.txt
  artifacts:
    paths: [result.txt]

unit:
  stage: test
  script:
    - cat result.txt
";

const SHELL: &str = "weir project create me/shop --source .
weir pipeline create shop --project me/shop
weir run shop
";

const CURL: &str = "curl -s http://127.0.0.1:9433/api/pipelines -H 'Content-Type: application/json' \\
  -d '{\"id\": \"hello\", \"name\": \"Hello\", \"definition\": \"hello: {script: [echo hello]}\"}'
curl -s -X POST http://127.0.0.1:9433/api/pipelines/hello/run
";

/// The three ways.
#[component]
pub fn Welcome() -> impl IntoView {
    let lang = use_lang();
    let way = move |title: T, text: T, code: &'static str| {
        view! {
            <section class="panel">
                <h2>{lang.t(title)}</h2>
                <p>{lang.t(text)}</p>
                <pre class="code" tabindex="0">{code}</pre>
            </section>
        }
        .into_any()
    };
    view! {
        <div class="welcome">
            <h2>{lang.t(T::WelcomeTitle)}</h2>
            <p class="lead">{lang.t(T::WelcomeText)}</p>
            <p>
                <a class="button primary" href="/pipelines/new">
                    <Icon name="plus" />
                    {lang.t(T::CreatePipeline)}
                </a>
            </p>
            <div class="ways">
                {way(T::WelcomeInBrowser, T::WelcomeInBrowserText, FIRST)}
                {way(T::WelcomeInShell, T::WelcomeInShellText, SHELL)}
                {way(T::WelcomeByCurl, T::WelcomeByCurlText, CURL)}
            </div>
        </div>
    }
    .into_any()
}
