//! Personal tokens. In `--local` mode none is needed; one that is given says who acts.

use model::{Caller, Error, Timestamp, Via};

use super::Weir;
use crate::auth::{self, Action};
use crate::store::tokens::{self, Scope, Token};
use crate::{clock, random};

impl Weir {
    /// Makes a token and returns it: the only time that it can be seen.
    pub async fn create_token(
        &self,
        caller: &Caller,
        user: &str,
        name: &str,
        scope: Scope,
        expires_at: Option<Timestamp>,
    ) -> Result<String, Error> {
        auth::require(caller, Action::Maintain)?;
        for (what, text) in [("user", user), ("token name", name)] {
            if text.trim().is_empty() || text.chars().count() > 255 || text.chars().any(char::is_control) {
                return Err(Error::invalid(format!("a {what} has 1 to 255 characters and no control characters")));
            }
        }
        if expires_at.is_some_and(|at| at <= clock::now()) {
            return Err(Error::invalid("the token would have expired already"));
        }
        let secret = random::token("glpat-");
        let hash = random::hash(&secret);
        let (name, token) = (name.to_owned(), Token { user: user.to_owned(), scope, expires_at });
        self.store.write(move |tx| tokens::insert(tx, &name, &token, &hash)).await?;
        Ok(secret)
    }

    /// Who holds this token; `None` when nobody does or it has expired.
    pub async fn caller_of_token(&self, secret: &str) -> Result<Option<Caller>, Error> {
        let hash = random::hash(secret);
        let found = self.store.read(move |conn| tokens::by_hash(conn, &hash)).await?;
        let valid = found.filter(|token| token.expires_at.is_none_or(|at| at > clock::now()));
        Ok(valid.map(|token| Caller {
            user: token.user,
            via: match token.scope {
                Scope::Api => Via::Token,
                Scope::ReadApi => Via::ReadToken,
            },
        }))
    }
}
