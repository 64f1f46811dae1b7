//! Administrators who act as somebody else (GitLab's `Sudo`), and tokens that were good once.

use std::fmt;

use model::{Caller, Error, UserId, Via};

use crate::auth::Action;
use crate::auth::token::Token;
use crate::clock;
use crate::service::{Weir, access};
use crate::store::{tokens, users};

/// How a token came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Somebody revoked it.
    Revoked,
    /// Its time is over.
    Expired,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Revoked => "the token was revoked",
            Self::Expired => "the token has expired",
        })
    }
}

impl Weir {
    /// The user whose number or name this is, as a caller who came by the means of the administrator that asks: what is
    /// done is done as that user, may do what that user may, and the audit log has the administrator's token beside it.
    pub async fn act_as(&self, caller: &Caller, whom: &str) -> Result<Caller, Error> {
        let (by, whom) = (caller.clone(), whom.to_owned());
        let user = self.store.read(move |conn| {
            access::at_instance(conn, &by, Action::ReadUsers)?;
            let number = whom.parse::<i64>().ok().map(UserId);
            let of_number = number.map(|id| users::get(conn, id)).transpose()?.flatten();
            let user = match of_number {
                Some(user) => Some(user),
                None => users::by_name(conn, &whom)?,
            };
            user.ok_or_else(|| Error::not_found("user").into())
        });
        let user = user.await.map_err(Error::from).map_err(|error| match error.kind {
            model::ErrorKind::Forbidden => Error::forbidden("Must be admin to use sudo"),
            _ => error,
        })?;
        let is_oneself = user.name == caller.user;
        if !is_oneself && caller.via == Via::Local {
            return Err(Error::forbidden("Must be authenticated with a token to use sudo"));
        }
        if !user.is_active {
            return Err(Error::forbidden("Your account has been blocked."));
        }
        Ok(if is_oneself { caller.clone() } else { Caller { user: user.name, id: Some(user.id), ..caller.clone() } })
    }

    /// How a token that is not good came to its end; `None` when it never was one.
    pub async fn how_it_ended(&self, token: &Token) -> Result<Option<Ended>, Error> {
        let (hash, now) = (token.hash(), clock::now());
        let known = self.store.glance(move |conn| tokens::by_hash(conn, &hash)).await?;
        Ok(known.and_then(|known| match known.expires_at {
            _ if known.is_revoked => Some(Ended::Revoked),
            Some(at) if at <= now => Some(Ended::Expired),
            _ => None,
        }))
    }
}
