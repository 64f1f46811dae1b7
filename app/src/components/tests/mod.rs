//! Test reports, as the pages of a run and of a job show them.

mod case;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use model::{TestCounts, TestReport, TestSuite};

use super::dynamic::dynamic;
use super::loaded::loaded;
use crate::i18n::{Figures, Phrases, T, use_lang};
use crate::logic::report::{Extent, is_bad, left_out};
use crate::rpc::{Answer, Loaded, Refusal, address, get, load, parse};

use case::{Bad, Good};

/// What teaches how tests get here.
const EXAMPLE: &str = "unit:
  script: pytest --junitxml=report.xml
  artifacts:
    reports:
      junit: report.xml
";

/// Where the tests of a run or of a job come from.
#[derive(Clone, Copy)]
pub struct TestSource {
    data: Loaded,
    /// Where a script asks for them; empty while nobody looks at them.
    ask: Memo<String>,
    /// The view's own address, to which an extent is added.
    page: Memo<String>,
    extent: Memo<Extent>,
    /// Whether the address asks for this view.
    pub wanted: Memo<bool>,
}

impl TestSource {
    /// Loads the report when the address has `view=tests`. `path` is the server function, `page` the
    /// address without a query; `here` is how the server asks.
    pub fn new<F>(
        path: &'static str,
        id: impl Fn() -> String + Copy + Send + Sync + 'static,
        page: impl Fn(&str) -> String + Send + Sync + 'static,
        here: impl Fn(String, Extent) -> F + Copy + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<TestReport, Refusal>> + Send + 'static,
    {
        let query = use_query_map();
        let wanted = Memo::new(move |_| query.with(|q| q.get("view").as_deref() == Some("tests")));
        let extent = Memo::new(move |_| query.with(|q| Extent::read(|name| q.get(name))));
        let ask = Memo::new(move |_| {
            let Extent { all, failed_only } = extent.get();
            let word = |yes| if yes { "true" } else { "false" };
            let ask = || address(path, [("id", id().as_str()), ("all", word(all)), ("failed", word(failed_only))]);
            if wanted.get() { ask() } else { String::new() }
        });
        let data = load(
            move || ask.get(),
            move || {
                let wanted = wanted.get_untracked().then(|| here(untrack(id), extent.get_untracked()));
                async move {
                    match wanted {
                        Some(report) => report.await.map(Some),
                        None => Ok(None),
                    }
                }
            },
        );
        let page = Memo::new(move |_| format!("{}?view=tests", page(&id())));
        Self { data, ask, page, extent, wanted }
    }
}

/// The report. `told` is what is known of the tests by now: when that changes, the report is asked for
/// again, because it is not part of any stream.
#[component]
pub fn Tests(
    /// Where it comes from.
    source: TestSource,
    /// The counts.
    #[prop(into)]
    told: Signal<Option<TestCounts>>,
    /// What to say where nothing was reported.
    #[prop(default = T::NoTests)]
    none: T,
) -> impl IntoView {
    loaded([source.data], move |mut answers: Vec<Answer>| {
        // Nothing was asked for when the page was loaded; the answer is on its way.
        let Some(report) = parse::<Option<TestReport>>(answers.remove(0))? else { return Ok(().into_any()) };
        Ok(view! { <Report report source told none /> }.into_any())
    })
}

#[component]
fn Report(report: TestReport, source: TestSource, told: Signal<Option<TestCounts>>, none: T) -> impl IntoView {
    let lang = use_lang();
    let report = RwSignal::new(report);
    Effect::new(move |before: Option<Option<TestCounts>>| {
        let now = told.get();
        if before.is_some_and(|before| before != now) {
            let ask = source.ask.get_untracked();
            leptos::task::spawn_local(async move {
                if let Ok(new) = parse::<TestReport>(get(&ask).await) {
                    report.try_set(new);
                }
            });
        }
        now
    });
    let choice = move |text: T, extent: Extent| {
        let here = move || (source.extent.get().failed_only == extent.failed_only).then_some("page");
        let to = move || format!("{}{}", source.page.get(), extent.write());
        view! { <a class="button plain" href=move || to() aria-current=move || here()>{lang.t(text)}</a> }.into_any()
    };
    let suites = dynamic(move || {
        let suites = report.get().suites;
        if suites.is_empty() {
            return view! {
                <div class="empty">
                    <p>{lang.t(none)}</p>
                    <pre class="code" tabindex="0">{EXAMPLE}</pre>
                </div>
            }
            .into_any();
        }
        let failed_only = source.extent.get_untracked().failed_only;
        let nothing = failed_only && suites.iter().all(|suite| suite.cases.is_empty() && suite.suite_error.is_none());
        let missing = suites.iter().map(left_out).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let missing = if failed_only { missing.0 } else { missing.0 + missing.1 };
        let all = move || format!("{}{}", source.page.get(), Extent { all: true, failed_only }.write());
        let shown = suites.iter().map(|suite| suite.cases.len()).sum::<usize>();
        let more = (missing > 0).then(|| {
            view! {
                <p class="row">
                    <span>{lang.cases_shown(shown, shown + missing)}</span>
                    <a class="button" href=move || all()>{lang.t(T::ShowAllTests)}</a>
                </p>
            }
            .into_any()
        });
        let list =
            suites.into_iter().filter(|suite| !failed_only || !suite.cases.is_empty() || suite.suite_error.is_some());
        view! {
            {nothing.then(|| view! { <p class="calm">{lang.t(T::NoTestFailed)}</p> }.into_any())}
            {more}
            {list.map(|suite| view! { <Suite suite /> }.into_any()).collect_view()}
        }
        .into_any()
    });
    view! {
        <div class="stack tests">
            <nav class="group" aria-label=lang.t(T::Filter)>
                {choice(T::AllTests, Extent::default())}
                {choice(T::FailedTests, Extent { failed_only: true, all: false })}
            </nav>
            {suites}
        </div>
    }
    .into_any()
}

#[component]
fn Suite(suite: TestSuite) -> impl IntoView {
    let lang = use_lang();
    let counts = suite.counts();
    let look = if suite.failed_count + suite.error_count > 0 || suite.suite_error.is_some() {
        "tag s-failed"
    } else {
        "tag s-success"
    };
    // Of what cannot be read nobody knows how many tests it has.
    let unread = suite.suite_error.is_some() && counts.total == 0;
    let said = if unread { lang.t(T::SuiteUnread).to_owned() } else { lang.tests(&counts) };
    let length = (!unread).then(|| lang.duration((suite.total_time * 1000.0) as i64));
    let (bad, good): (Vec<_>, Vec<_>) = suite.cases.into_iter().partition(is_bad);
    let bad = (!bad.is_empty()).then(|| {
        let cases = bad.into_iter().map(|case| view! { <Bad case /> }.into_any());
        view! { <ul class="rows">{cases.collect_view()}</ul> }.into_any()
    });
    let good = (!good.is_empty()).then(|| {
        let summary = lang.other_tests(good.len());
        let cases = good.into_iter().map(|case| view! { <Good case /> }.into_any());
        view! {
            <details class="others">
                <summary>{summary}</summary>
                <ul class="rows">{cases.collect_view()}</ul>
            </details>
        }
        .into_any()
    });
    let error = suite
        .suite_error
        .map(|error| view! { <p class="note s-failed">{lang.t(T::SuiteError)} " " {error}</p> }.into_any());
    view! {
        <section class="panel suite">
            <h2>
                {suite.name} " " <span class=look>{said}</span> " "
                <span class="faint num">{length}</span>
            </h2>
            {error}
            {bad}
            {good}
        </section>
    }
    .into_any()
}
