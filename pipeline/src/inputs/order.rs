//! In which order inputs get their values: the rules of one may look at others, which come first.

use std::collections::{HashMap, HashSet};

use super::spec::Declared;
use crate::keywords::closest;
use crate::source::{Problem, Report};

/// The places of the inputs, in the order in which they get their values. Those that wait for themselves are told and
/// left out, and so are those that wait for them. Rules that name what is not there make their input a broken one;
/// `is_complete` says whether nothing else can be there.
pub(super) fn order(all: &mut [Declared], is_complete: bool, report: &mut Report) -> Vec<usize> {
    let named = named(all, is_complete, report);
    let mut waits: Vec<usize> = named.iter().map(Vec::len).collect();
    let mut waiting: Vec<Vec<usize>> = vec![Vec::new(); all.len()];
    for (i, others) in named.iter().enumerate() {
        for other in others {
            waiting[*other].push(i);
        }
    }
    let mut order: Vec<usize> = (0..all.len()).filter(|i| waits[*i] == 0).collect();
    let mut next = 0;
    while let Some(settled) = order.get(next) {
        for i in &waiting[*settled] {
            waits[*i] -= 1;
            if waits[*i] == 0 {
                order.push(*i);
            }
        }
        next += 1;
    }
    // Whoever still waits, waits for another one that does: this way leads into a circle.
    let mut seen = HashSet::new();
    for start in (0..all.len()).filter(|i| waits[*i] > 0) {
        let mut path = Vec::new();
        let mut at = start;
        while seen.insert(at) {
            path.push(at);
            at = named[at].iter().copied().find(|other| waits[*other] > 0).unwrap_or(at);
        }
        if let Some(from) = path.iter().position(|i| *i == at) {
            report.add(circle(&path[from..], all));
        }
    }
    order
}

/// Which inputs the rules of each name.
fn named(all: &mut [Declared], is_complete: bool, report: &mut Report) -> Vec<Vec<usize>> {
    let names: Vec<String> = all.iter().map(|input| input.form.name.clone()).collect();
    let index: HashMap<&str, usize> = names.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
    let of_input = |input: &mut Declared| {
        let mut found = Vec::new();
        for condition in input.rules.iter().filter_map(|rule| rule.condition.as_ref()) {
            for name in condition.expression.inputs() {
                if let Some(i) = index.get(name) {
                    found.push(*i);
                    continue;
                }
                input.broken = true;
                if is_complete {
                    let close = closest(name, names.iter().map(String::as_str).filter(|one| *one != input.form.name));
                    let hint = close.map(|close| format!("did you mean `{close}`?"));
                    let message = format!("there is no input `{name}` in the header of this file");
                    report.add(Problem::error(condition.mark, message).maybe_hint(hint));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    };
    all.iter_mut().map(of_input).collect()
}

fn circle(circle: &[usize], all: &[Declared]) -> Problem {
    let names: Vec<_> = circle.iter().take(12).map(|i| format!("`{}`", all[*i].form.name)).collect();
    let mark = all[circle[0]].mark;
    if let [one] = &names[..] {
        return Problem::error(mark, format!("the rules of the input {one} name itself"));
    }
    Problem::error(mark, format!("the rules of the inputs {} lead in a circle", names.join(", ")))
        .hint("one of them has to get its value without the others")
}
