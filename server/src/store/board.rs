//! The jobs of large runs as the scheduler sees them, kept by the writer from one transaction to the
//! next: a run of some thousand jobs is not read anew at each of their steps.
//!
//! Whoever decides takes the board and gives it back when all it says is written. One that is not
//! given back, because something failed on the way, is read again from the store.

use std::collections::VecDeque;

use model::schedule::Node;
use model::{JobId, RunId, Status};

/// Smaller runs are read as fast as they are found.
const WORTH_KEEPING: usize = 3;
/// Runs in hand at the same time.
const MOST: usize = 8;

/// The latest attempts of a run's jobs.
#[derive(Debug)]
pub struct Board {
    /// The run.
    pub run: RunId,
    /// The jobs, in the order of the nodes.
    pub ids: Vec<JobId>,
    /// What the scheduler sees of them.
    pub nodes: Vec<Node>,
}

/// The boards that are kept. Only the writer has them, and only what it has written is in them.
#[derive(Debug, Default)]
pub(super) struct Boards(VecDeque<Board>);

impl Boards {
    pub(super) fn take(&mut self, run: RunId) -> Option<Board> {
        let place = self.0.iter().position(|board| board.run == run)?;
        self.0.remove(place)
    }

    pub(super) fn put(&mut self, board: Board) {
        let over = board.nodes.iter().all(|node| node.status.is_final());
        if board.nodes.len() < WORTH_KEEPING || over {
            return;
        }
        self.0.truncate(MOST - 1);
        self.0.push_front(board);
    }

    /// A job took a step. Ids grow with the jobs of a run, but for later attempts.
    pub(super) fn moved(&mut self, run: RunId, id: JobId, to: Status) {
        let Some(board) = self.0.iter_mut().find(|board| board.run == run) else { return };
        let place = board.ids.binary_search(&id).ok().or_else(|| board.ids.iter().position(|known| *known == id));
        if let Some(place) = place {
            board.nodes[place].status = to;
        }
    }

    /// Something else of the run changed, or something failed.
    pub(super) fn forget(&mut self, run: RunId) {
        self.0.retain(|board| board.run != run);
    }

    /// A transaction was undone.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}
