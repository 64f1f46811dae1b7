//! Variables that refer to each other in a circle: no expansion of them ends.

use std::collections::{HashMap, HashSet};

use model::plan::Variable;

use crate::expand::names;
use crate::job::Inherited;

/// The names that values name.
type References<'v> = HashMap<&'v str, Vec<&'v str>>;

/// At most so many circles are told of one job: each may be as long as the file.
const MAX_CIRCLES: usize = 10;
/// Up to so many variables are compared one by one, which is less work than to hash them.
const FEW: usize = 32;

/// The variables of the file, which are looked at once however many jobs share them.
pub(crate) struct Circles<'v> {
    globals: &'v [Variable],
    references: References<'v>,
    /// Those of the run: a value of the file under one of these names is never used.
    run: HashSet<&'v str>,
    of_file: Vec<Vec<String>>,
}

impl<'v> Circles<'v> {
    pub fn new(globals: &'v [Variable], run: &'v [Variable]) -> Self {
        let run: HashSet<_> = run.iter().map(|variable| variable.key.as_str()).collect();
        let mut circles = Self { globals, references: references(globals, &run), run, of_file: Vec::new() };
        circles.of_file = circles.search(&References::new(), &Inherited::All, circles.names());
        circles
    }

    /// Whether a circle is one of the variables of the file alone, whatever jobs say.
    pub fn is_of_file(&self, names: &[String]) -> bool {
        self.of_file.iter().any(|circle| circle == names)
    }

    /// The circles of two or more variables of a job that have no variable in common; `own` are those that are not of
    /// the file, later ones win.
    pub fn find(&self, own: &[&[Variable]], inherited: &Inherited) -> Vec<Vec<String>> {
        let own: Vec<&Variable> = own.iter().copied().flatten().collect();
        let is_plain = *inherited == Inherited::All;
        if own.is_empty() && is_plain {
            return self.of_file.clone();
        }
        if self.of_file.is_empty() && !own.iter().any(|variable| refers(variable)) {
            return Vec::new();
        }
        if self.of_file.is_empty() && self.only_look_back(&own) {
            return Vec::new();
        }
        let names = own.iter().map(|variable| variable.key.as_str());
        let own = references(own.iter().copied(), &self.run);
        if self.of_file.is_empty() {
            // A circle goes through a variable of the job's own.
            return self.search(&own, inherited, names);
        }
        self.search(&own, inherited, self.names().chain(names))
    }

    /// Whether values name only what stands above them and what names nothing, as people write them: then nothing
    /// leads in a circle, which is less work to see than to search for one.
    fn only_look_back(&self, own: &[&Variable]) -> bool {
        let is_back = |i: usize, target: &str| match own.iter().rposition(|variable| variable.key == target) {
            Some(at) => at < i,
            None => self.references.get(target).is_none_or(Vec::is_empty),
        };
        own.len() <= FEW
            && own.iter().enumerate().all(|(i, variable)| {
                !refers(variable) || names(&variable.value).all(|target| target == variable.key || is_back(i, target))
            })
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
    ) -> Vec<Vec<String>> {
        let of = |name: &str| -> &'s [&'s str] {
            let global = || self.references.get(name).filter(|_| inherited.has(name));
            own.get(name).or_else(global).map_or(&[], Vec::as_slice)
        };
        let mut found: Vec<Vec<String>> = Vec::new();
        let mut done: HashSet<&str> = HashSet::new();
        for start in starts {
            if of(start).is_empty() || !done.insert(start) {
                continue;
            }
            // Each with the next of its targets to look at, and how far the path up to it has been told.
            let mut path: Vec<(&str, usize, usize)> = vec![(start, 0, 0)];
            let mut place: HashMap<&str, usize> = [(start, 0)].into();
            while let Some((name, next, told)) = path.last_mut() {
                let Some(&target) = of(name).get(*next) else {
                    place.remove(name);
                    path.pop();
                    continue;
                };
                *next += 1;
                match place.get(target) {
                    // A variable that names itself is left as it is: `PATH: "$PATH:/opt"`.
                    Some(_) if target == *name => {}
                    Some(from) if *told <= *from && found.len() < MAX_CIRCLES => {
                        found.push(path[*from..].iter().map(|(name, ..)| (*name).to_owned()).collect());
                        for (i, (_, _, told)) in path.iter_mut().enumerate().skip(*from) {
                            *told = i + 1;
                        }
                    }
                    None if !of(target).is_empty() && done.insert(target) => {
                        let told = *told;
                        place.insert(target, path.len());
                        path.push((target, 0, told));
                    }
                    Some(_) | None => {}
                }
            }
        }
        found
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
