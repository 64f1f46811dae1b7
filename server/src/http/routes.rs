//! A router that can say what it serves: whatever is added to it is listed, with its method and whole path. The test
//! that asks every route as everybody (`http/tests/access`) reads the list, so none can be forgotten, and looks
//! that routes are made in no other way.

use axum::Router;
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter, on};

/// One of the routes: a method, and a path in the words of the router (`/jobs/{id}`).
pub type Listed = (Method, String);

/// A router and the list of its routes.
pub struct Routes<S = ()> {
    router: Router<S>,
    list: Vec<Listed>,
}

impl<S: Clone + Send + Sync + 'static> Routes<S> {
    /// Without any.
    pub fn new() -> Self {
        Self { router: Router::new(), list: Vec::new() }
    }

    /// What somebody else made, who says which routes are in it.
    pub fn listed(router: Router<S>, list: impl IntoIterator<Item = Listed>) -> Self {
        Self { router, list: list.into_iter().collect() }
    }

    /// `GET`, and `HEAD` with it.
    #[must_use]
    pub fn get<H: Handler<T, S>, T: 'static>(self, path: &str, handler: H) -> Self {
        self.one(Method::GET, path, on(MethodFilter::GET, handler))
    }

    /// `POST`.
    #[must_use]
    pub fn post<H: Handler<T, S>, T: 'static>(self, path: &str, handler: H) -> Self {
        self.one(Method::POST, path, on(MethodFilter::POST, handler))
    }

    /// `PUT`.
    #[must_use]
    pub fn put<H: Handler<T, S>, T: 'static>(self, path: &str, handler: H) -> Self {
        self.one(Method::PUT, path, on(MethodFilter::PUT, handler))
    }

    /// `PATCH`.
    #[must_use]
    pub fn patch<H: Handler<T, S>, T: 'static>(self, path: &str, handler: H) -> Self {
        self.one(Method::PATCH, path, on(MethodFilter::PATCH, handler))
    }

    /// `DELETE`.
    #[must_use]
    pub fn delete<H: Handler<T, S>, T: 'static>(self, path: &str, handler: H) -> Self {
        self.one(Method::DELETE, path, on(MethodFilter::DELETE, handler))
    }

    fn one(mut self, method: Method, path: &str, handler: MethodRouter<S>) -> Self {
        self.list.push((method, path.to_owned()));
        Self { router: self.router.route(path, handler), list: self.list }
    }

    /// These and others.
    #[must_use]
    pub fn merge(mut self, others: Self) -> Self {
        self.list.extend(others.list);
        Self { router: self.router.merge(others.router), list: self.list }
    }

    /// These, and others below a path.
    #[must_use]
    pub fn nest(mut self, root: &str, others: Self) -> Self {
        self.list.extend(others.list.into_iter().map(|(method, path)| (method, format!("{root}{path}"))));
        Self { router: self.router.nest(root, others.router), list: self.list }
    }

    /// The same routes with something around them: layers, a fallback, the state.
    pub fn within<S2>(self, put: impl FnOnce(Router<S>) -> Router<S2>) -> Routes<S2> {
        Routes { router: put(self.router), list: self.list }
    }

    /// The router, which is all that is needed to serve.
    pub fn into_router(self) -> Router<S> {
        self.router
    }

    /// The list, which is all that is needed to ask.
    #[cfg(test)]
    pub fn into_list(self) -> Vec<Listed> {
        self.list
    }
}

impl<S: Clone + Send + Sync + 'static> Default for Routes<S> {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> std::fmt::Debug for Routes<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(&self.list).finish()
    }
}
