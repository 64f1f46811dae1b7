//! Variables that refer to each other in a circle: no expansion of them ends.

use std::collections::{HashMap, HashSet};

use model::plan::Variable;

use crate::expand::names;
use crate::job::Inherited;

/// The names that values name.
type References<'v> = HashMap<&'v str, Vec<&'v str>>;

/// The variables of the file, which are looked at once however many jobs share them.
pub(crate) struct Circles<'v> {
    globals: &'v [Variable],
    references: References<'v>,
    /// Those of the run: a value of the file under one of these names is never used.
    run: HashSet<&'v str>,
    circle: Option<Vec<String>>,
}

impl<'v> Circles<'v> {
    pub fn new(globals: &'v [Variable], run: &'v [Variable]) -> Self {
        let run: HashSet<_> = run.iter().map(|variable| variable.key.as_str()).collect();
        let mut circles = Self { globals, references: references(globals, &run), run, circle: None };
        circles.circle = circles.search(&References::new(), &Inherited::All, circles.names());
        circles
    }

    /// Whether a circle is one of the variables of the file alone, whatever jobs say.
    pub fn is_of_file(&self, names: &[String]) -> bool {
        self.circle.as_deref() == Some(names)
    }

    /// Two or more variables of a job that lead in a circle; `own` are those that are not of the file,
    /// later ones win.
    pub fn find(&self, own: &[&[Variable]], inherited: &Inherited) -> Option<Vec<String>> {
        let own: Vec<&Variable> = own.iter().copied().flatten().collect();
        let is_plain = *inherited == Inherited::All;
        if own.is_empty() && is_plain {
            return self.circle.clone();
        }
        if self.circle.is_none() && !own.iter().any(|variable| refers(variable)) {
            return None;
        }
        let names = own.iter().map(|variable| variable.key.as_str());
        let own = references(own.iter().copied(), &self.run);
        if self.circle.is_none() {
            // A circle goes through a variable of the job's own.
            return self.search(&own, inherited, names);
        }
        self.search(&own, inherited, self.names().chain(names))
    }

    fn names(&self) -> impl Iterator<Item = &'v str> + use<'v> {
        self.globals.iter().map(|variable| variable.key.as_str())
    }

    /// Depth first with a stack of its own: a chain of variables may be as long as the file.
    fn search<'s>(
        &'s self,
        own: &'s References<'s>,
        inherited: &Inherited,
        starts: impl Iterator<Item = &'s str>,
    ) -> Option<Vec<String>> {
        let of = |name: &str| -> &'s [&'s str] {
            let global = || self.references.get(name).filter(|_| inherited.has(name));
            own.get(name).or_else(global).map_or(&[], Vec::as_slice)
        };
        let mut done: HashSet<&str> = HashSet::new();
        for start in starts {
            if of(start).is_empty() || !done.insert(start) {
                continue;
            }
            let mut path: Vec<(&str, usize)> = vec![(start, 0)];
            let mut place: HashMap<&str, usize> = [(start, 0)].into();
            while let Some((name, next)) = path.last_mut() {
                let Some(&target) = of(name).get(*next) else {
                    place.remove(name);
                    path.pop();
                    continue;
                };
                *next += 1;
                match place.get(target) {
                    // A variable that names itself is left as it is: `PATH: "$PATH:/opt"`.
                    Some(_) if target == *name => {}
                    Some(from) => return Some(path.drain(*from..).map(|(name, _)| name.to_owned()).collect()),
                    None if !of(target).is_empty() && done.insert(target) => {
                        place.insert(target, path.len());
                        path.push((target, 0));
                    }
                    None => {}
                }
            }
        }
        None
    }
}

/// Whether the value may name other variables.
fn refers(variable: &Variable) -> bool {
    !variable.raw && variable.value.contains(['$', '%'])
}

/// What each variable names; those that are not expanded name nothing.
fn references<'v>(variables: impl IntoIterator<Item = &'v Variable>, run: &HashSet<&str>) -> References<'v> {
    let one = |variable: &'v Variable| {
        let key = variable.key.as_str();
        let is_expanded = refers(variable) && !run.contains(key);
        (key, if is_expanded { names(&variable.value).collect() } else { Vec::new() })
    };
    variables.into_iter().map(one).collect()
}
