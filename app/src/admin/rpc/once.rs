//! What is shown one time: the texts of new tokens and keys. They wait in memory for the page that the
//! browser is sent to, under a name nobody can guess, and only for who asked for them.

use model::{Caller, NewAccessKey, NewToken, PasswordLink, Redaction};

use crate::rpc::kept::Shelf;

/// What waits to be shown.
#[derive(Clone)]
pub enum Once {
    /// A token.
    Token(NewToken),
    /// A pair of keys.
    AccessKey(NewAccessKey),
    /// The token of a runner.
    Runner(String),
    /// A link that sets a password.
    Link(PasswordLink),
    /// What blanking a leaked value did. It is no secret, but it is kept nowhere else.
    Redaction(Redaction),
}

/// Enough for everybody who makes a token within some minutes.
static WAITING: Shelf<(Caller, Once)> = Shelf::new(256);

/// Keeps something for the next page of this caller, and tells its name.
pub fn keep(caller: &Caller, what: Once) -> String {
    WAITING.put((caller.clone(), what))
}

impl Once {
    /// What waits under this name for this caller. Secrets are gone then.
    pub fn take(name: &str, caller: &Caller) -> Option<Self> {
        let is_theirs = |(whose, _): &(Caller, Self)| whose.user == caller.user && whose.id == caller.id;
        let stays = |waiting: &(Caller, Self)| is_theirs(waiting) && matches!(waiting.1, Self::Redaction(_));
        WAITING.find(name, stays).or_else(|| WAITING.take(name, is_theirs)).map(|(_, what)| what)
    }
}
