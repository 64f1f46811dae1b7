//! The needs of a run, turned round.

use super::Node;

/// Which nodes need which. Looking through all needs for each node would take the square of a large run's time.
pub(super) struct Followers {
    /// Where the followers of each node begin in `all`, and where the last ones end.
    starts: Vec<usize>,
    all: Vec<usize>,
}

impl Followers {
    pub fn new(nodes: &[Node]) -> Self {
        let needs = || nodes.iter().enumerate().flat_map(|(i, node)| node.needs.iter().flatten().map(move |n| (i, *n)));
        let mut starts = vec![0; nodes.len() + 1];
        for (_, need) in needs() {
            starts[need + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let mut free = starts.clone();
        let mut all = vec![0; *starts.last().unwrap_or(&0)];
        for (i, need) in needs() {
            all[free[need]] = i;
            free[need] += 1;
        }
        Self { starts, all }
    }

    /// The nodes that need this one, in their order.
    pub fn of(&self, node: usize) -> &[usize] {
        &self.all[self.starts[node]..self.starts[node + 1]]
    }
}
