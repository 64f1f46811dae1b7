//! Which value a name has: the layers of variables that conditions and expansions see
//! (contracts/ci-yaml.md, part 6, precedence).

use std::collections::HashMap;
use std::rc::Rc;

use model::plan::Variable;

use crate::Context;

type Layer<'v> = Rc<HashMap<&'v str, &'v Variable>>;

/// The variables of the run, then those of the job, then the rest.
#[derive(Clone)]
pub(crate) struct Scope<'v> {
    run: Layer<'v>,
    rest: Layer<'v>,
    /// What the server knows of the job itself.
    of_job: &'v [Variable],
}

impl<'v> Scope<'v> {
    /// `globals` are the variables of the file.
    pub fn new(context: &'v Context, globals: &'v [Variable]) -> Self {
        Self::of_jobs(context, &[], globals)
    }

    /// As jobs see it: `of_run` is what the server knows of the run once its workflow has been looked at.
    pub fn of_jobs(context: &'v Context, of_run: &'v [Variable], globals: &'v [Variable]) -> Self {
        let pairs = |variable: &'v Variable| (variable.key.as_str(), variable);
        Self {
            run: Rc::new(context.variables.iter().map(pairs).collect()),
            rest: Rc::new(context.predefined.iter().chain(of_run).chain(globals).map(pairs).collect()),
            of_job: &[],
        }
    }

    /// The same for a job of which the server knows something.
    pub fn with_job<'j>(&'j self, of_job: &'j [Variable]) -> Scope<'j>
    where
        'v: 'j,
    {
        Scope { of_job, ..self.clone() }
    }

    /// The variable of this name; `own` are those of the job, later ones win.
    pub fn get<'s>(&'s self, name: &str, own: &'s [Variable]) -> Option<&'s Variable> {
        let last = |all: &'s [Variable]| all.iter().rev().find(|variable| variable.key == name);
        self.run
            .get(name)
            .copied()
            .or_else(|| last(own))
            .or_else(|| self.rest.get(name).copied())
            .or_else(|| last(self.of_job))
    }
}
