//! Where the jobs of a run stand in its graph, and the edges of their needs. A stage is a column;
//! jobs that need jobs of their own stage move into further columns of it. Edges run in the spaces
//! between columns and rows, never behind a job that has nothing to do with them.

use std::collections::HashMap;

/// Width of a job in pixels where nothing is known of the window; the style sheet has the same.
pub const NODE_WIDTH: i32 = 216;
/// Width that a job gets at most, where there is room and its name needs it.
pub const NODE_MOST: i32 = 340;
/// Height of a job.
pub const NODE_HEIGHT: i32 = 36;
/// Space between rows.
pub const ROW_GAP: i32 = 8;
/// Space between columns.
pub const COLUMN_GAP: i32 = 48;
/// Space above the first row, for the names of the stages.
pub const HEAD: i32 = 40;

const ROW: i32 = NODE_HEIGHT + ROW_GAP;

/// What the layout has to know of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name, which others need it by.
    pub name: String,
    /// The name of its stage.
    pub stage: String,
    /// The names of its needs; `None` means the order of the stages.
    pub needs: Option<Vec<String>>,
}

/// A stage with its columns of jobs, which are indices into the list of nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The stage's name.
    pub stage: String,
    /// At least one column.
    pub columns: Vec<Vec<usize>>,
}

/// A line from a needed job to the one that needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The needed job.
    pub from: usize,
    /// The job that needs it.
    pub to: usize,
    /// SVG path data.
    pub path: String,
}

/// The whole graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Stages from left to right.
    pub groups: Vec<Group>,
    /// Edges of needs.
    pub edges: Vec<Edge>,
    /// Pixels from left to right.
    pub width: i32,
    /// Pixels from top to bottom.
    pub height: i32,
}

/// How wide the jobs of so many columns are in a frame of this width, when the name that is cut off
/// most lacks `missing` pixels at the smallest width.
pub fn node_width(frame: i32, columns: usize, missing: i32) -> i32 {
    let columns = (columns as i32).max(1);
    let room = (frame - (columns - 1) * COLUMN_GAP) / columns;
    (NODE_WIDTH + missing).min(room).clamp(NODE_WIDTH, NODE_MOST)
}

/// Lays out nodes that come in the order of their stages, each as wide as `wide` says.
pub fn layout(nodes: &[Node], wide: i32) -> Layout {
    let by_name: HashMap<&str, usize> = nodes.iter().enumerate().map(|(i, n)| (n.name.as_str(), i)).collect();
    let depths = depths(nodes, &by_name);
    let mut groups: Vec<Group> = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        if groups.last().is_none_or(|g| g.stage != node.stage) {
            groups.push(Group { stage: node.stage.clone(), columns: vec![Vec::new()] });
        }
        if let Some(group) = groups.last_mut() {
            let depth = depths[index];
            while group.columns.len() <= depth {
                group.columns.push(Vec::new());
            }
            group.columns[depth].push(index);
        }
    }
    let columns: Vec<&Vec<usize>> = groups.iter().flat_map(|g| &g.columns).collect();
    let mut place = vec![(0_usize, 0_usize); nodes.len()];
    for (c, column) in columns.iter().enumerate() {
        for (r, &index) in column.iter().enumerate() {
            place[index] = (c, r);
        }
    }
    let rows: Vec<usize> = columns.iter().map(|c| c.len()).collect();
    let mut edges = Vec::new();
    for (to, node) in nodes.iter().enumerate() {
        for name in node.needs.iter().flatten() {
            if let Some(&from) = by_name.get(name.as_str())
                && place[from].0 < place[to].0
            {
                edges.push(Edge { from, to, path: path(place[from], place[to], &rows, wide) });
            }
        }
    }
    let most = rows.iter().copied().max().unwrap_or(0) as i32;
    let width = (rows.len() as i32 * (wide + COLUMN_GAP) - COLUMN_GAP).max(0);
    let height = if most == 0 { 0 } else { HEAD + most * ROW };
    Layout { groups, edges, width, height }
}

/// For each node the length of the longest chain of needs that leads to it inside its own stage.
fn depths(nodes: &[Node], by_name: &HashMap<&str, usize>) -> Vec<usize> {
    let mut depth = vec![0; nodes.len()];
    // The definition has no cycles, so as many rounds as the longest chain settle it; the bound keeps
    // a damaged run from hanging the page.
    for _ in 0..nodes.len().min(64) {
        let mut changed = false;
        for (i, node) in nodes.iter().enumerate() {
            for name in node.needs.iter().flatten() {
                if let Some(&j) = by_name.get(name.as_str())
                    && i != j
                    && nodes[j].stage == node.stage
                    && depth[i] <= depth[j]
                {
                    depth[i] = depth[j] + 1;
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
    depth
}

fn path(from: (usize, usize), to: (usize, usize), rows: &[usize], wide: i32) -> String {
    let center = |row: usize| HEAD + row as i32 * ROW + NODE_HEIGHT / 2;
    let left = |column: usize| column as i32 * (wide + COLUMN_GAP);
    let (mut x, mut y) = (left(from.0) + wide, center(from.1));
    let (start, end) = (y, center(to.1));
    let mut out = format!("M{x} {y}");
    let steps = (to.0 - from.0) as i32;
    for (column, rows) in rows.iter().enumerate().take(to.0 + 1).skip(from.0 + 1) {
        let done = (column - from.0) as i32;
        let next = if column == to.0 { end } else { lane(start + (end - start) * done / steps, *rows) };
        let right = left(column);
        let middle = i32::midpoint(x, right);
        out.push_str(&format!("C{middle} {y} {middle} {next} {right} {next}"));
        if column < to.0 {
            x = right + wide;
            out.push_str(&format!("H{x}"));
        }
        y = next;
    }
    out
}

/// The height nearest to `y` at which a line can cross a column of so many rows.
fn lane(y: i32, rows: usize) -> i32 {
    let bottom = HEAD + rows as i32 * ROW - ROW_GAP / 2;
    if y >= bottom {
        return y;
    }
    let first = HEAD - ROW_GAP / 2;
    first + ((y - first + ROW / 2) / ROW).clamp(0, rows as i32) * ROW
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, stage: &str, needs: Option<&[&str]>) -> Node {
        let needs = needs.map(|n| n.iter().map(|s| (*s).to_owned()).collect());
        Node { name: name.into(), stage: stage.into(), needs }
    }

    #[test]
    fn stages_are_columns_and_needs_are_edges() {
        let nodes = [
            node("build", "build", None),
            node("unit", "test", Some(&["build"])),
            node("lint", "test", Some(&[])),
            node("deploy", "deploy", None),
        ];
        let layout = layout(&nodes, NODE_WIDTH);
        let stages: Vec<_> = layout.groups.iter().map(|g| (g.stage.as_str(), g.columns.clone())).collect();
        assert_eq!(stages, [("build", vec![vec![0]]), ("test", vec![vec![1, 2]]), ("deploy", vec![vec![3]])]);
        assert_eq!(layout.edges.len(), 1);
        assert_eq!(layout.edges[0].path, "M216 58C240 58 240 58 264 58");
        assert_eq!((layout.width, layout.height), (3 * 264 - 48, 40 + 2 * 44));
    }

    #[test]
    fn jobs_grow_into_the_room_that_their_names_need() {
        let nodes = [node("a", "1", None), node("b", "2", Some(&["a"]))];
        let wide = layout(&nodes, 300);
        assert_eq!(wide.edges[0].path, "M300 58C324 58 324 58 348 58");
        assert_eq!(wide.width, 2 * 300 + 48);
        // Enough room; too little of it; nothing is cut off; a very long name.
        let of = |frame, missing| node_width(frame, 3, missing);
        assert_eq!([of(1200, 60), of(900, 60), of(600, 60), of(1200, 0), of(2000, 900)], [276, 268, 216, 216, 340]);
    }

    #[test]
    fn needs_inside_a_stage_make_columns_of_it() {
        let nodes = [node("c", "test", Some(&["b"])), node("b", "test", Some(&["a"])), node("a", "test", None)];
        assert_eq!(layout(&nodes, NODE_WIDTH).groups[0].columns, [vec![2], vec![1], vec![0]]);
        assert_eq!(layout(&nodes, NODE_WIDTH).edges.len(), 2);
    }

    #[test]
    fn long_edges_pass_between_the_rows() {
        let nodes =
            [node("a", "1", None), node("x", "2", None), node("y", "2", None), node("z", "3", Some(&["a", "nobody"]))];
        let edge = &layout(&nodes, NODE_WIDTH).edges[0].path;
        // Row 0 spans 40 to 76, row 1 84 to 120: the line crosses the second column at 36 or 80.
        assert!(edge.contains("H480") && (edge.contains(" 36H") || edge.contains(" 80H")), "{edge}");
    }

    #[test]
    fn odd_runs_do_not_hang() {
        assert_eq!(layout(&[], NODE_WIDTH), Layout::default());
        let circle = [node("a", "s", Some(&["b"])), node("b", "s", Some(&["a"]))];
        assert!(layout(&circle, NODE_WIDTH).edges.len() <= 2);
        let backwards = [node("a", "1", Some(&["b"])), node("b", "2", None)];
        assert!(layout(&backwards, NODE_WIDTH).edges.is_empty());
    }
}
