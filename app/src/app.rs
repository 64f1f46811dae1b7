//! The root: preferences, routes, layout.

use leptos::prelude::*;
use leptos_meta::provide_meta_context;
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::components::layout::Layout;
use crate::components::page::PageContext;
use crate::pages;
use crate::prefs::Prefs;

/// The application: what the server renders and the browser hydrates.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let prefs = Prefs::current();
    provide_context(prefs);
    provide_context(prefs.lang);
    provide_context(PageContext::new());
    view! {
        <Router>
            <Layout>
                <Routes fallback=pages::missing::Missing>
                    <Route path=path!("/") view=pages::dashboard::DashboardPage ssr=SsrMode::Async />
                    <Route path=path!("/runs") view=pages::runs::RunsPage ssr=SsrMode::Async />
                    <Route path=path!("/runs/:id") view=pages::run::RunPage ssr=SsrMode::Async />
                    <Route path=path!("/jobs/:id") view=pages::job::JobPage ssr=SsrMode::Async />
                    <Route path=path!("/environments") view=pages::environments::EnvironmentsPage ssr=SsrMode::Async />
                    <Route path=path!("/pipelines") view=pages::pipelines::PipelinesPage ssr=SsrMode::Async />
                    <Route path=path!("/pipelines/new") view=pages::new_pipeline::NewPipelinePage ssr=SsrMode::Async />
                    <Route path=path!("/pipelines/:key") view=pages::pipeline::PipelinePage ssr=SsrMode::Async />
                </Routes>
            </Layout>
        </Router>
    }
}
