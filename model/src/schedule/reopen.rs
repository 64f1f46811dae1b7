//! What a retry brings back.

use super::Node;
use super::followers::Followers;
use crate::status::Status;

/// The skipped jobs that wait again because `again` runs again: those of later stages without
/// needs, and those that need it, directly or through others.
pub fn reopened(nodes: &[Node], again: usize) -> Vec<usize> {
    let followers = Followers::new(nodes);
    let mut reached = vec![false; nodes.len()];
    reached[again] = true;
    let mut queue = vec![again];
    // Nodes without needs behind this stage are reached.
    let mut earliest = usize::MAX;
    while let Some(from) = queue.pop() {
        let mut reach = |i: usize| {
            if !std::mem::replace(&mut reached[i], true) {
                queue.push(i);
            }
        };
        followers.of(from).iter().for_each(|i| reach(*i));
        if nodes[from].stage < earliest {
            earliest = nodes[from].stage;
            let later = nodes.iter().enumerate().filter(|(_, node)| node.needs.is_none() && node.stage > earliest);
            later.for_each(|(i, _)| reach(i));
        }
    }
    (0..nodes.len()).filter(|i| *i != again && reached[*i] && nodes[*i].status == Status::Skipped).collect()
}
