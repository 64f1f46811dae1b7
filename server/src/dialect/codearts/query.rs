//! The query, decoded in the way in which it is signed: a plus is a plus. Otherwise whoever stands between could turn
//! `%2B` into `+`, with the signature still right, and have it read as a space.

use axum::http::Uri;

use super::Refused;
use crate::auth::aksk;

/// Names and values, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Query(Vec<(String, String)>);

impl Query {
    /// Reads an address; bytes that are no text are refused.
    pub fn read(uri: &Uri) -> Result<Self, Refused> {
        let pairs = uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let read = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decoded(name)?, decoded(value)?))
        };
        let pairs = pairs.map(|pair| read(pair).ok_or_else(|| Refused::invalid("the query is no UTF-8")));
        Ok(Self(pairs.collect::<Result<_, _>>()?))
    }

    /// A parameter that comes once or not at all; an empty one is as good as none.
    pub fn one(&self, name: &str) -> Result<Option<&str>, Refused> {
        let mut found = self.0.iter().filter(|(one, _)| one == name).map(|(_, value)| value.as_str());
        match (found.next(), found.next()) {
            (_, Some(_)) => Err(Refused::invalid(format!("{name} is given more than once"))),
            (value, None) => Ok(value.filter(|value| !value.is_empty())),
        }
    }

    /// A parameter that has to be there.
    pub fn required(&self, name: &str) -> Result<&str, Refused> {
        self.one(name)?.ok_or_else(|| Refused::invalid(format!("the parameter {name} is missing")))
    }

    /// A whole number, at least 0.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Refused> {
        let number = |text: &str| {
            let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| is_plain).ok_or_else(|| Refused::invalid(format!("{name} is no whole number")))
        };
        self.one(name)?.map(number).transpose()
    }

    /// Every value of a parameter that may come several times, or with commas in it.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let found = self.0.iter().filter(|(one, _)| one == name);
        found.flat_map(|(_, value)| value.split(',')).filter(|value| !value.is_empty()).collect()
    }
}

/// Decoded as it is signed; `None` when that is no text.
fn decoded(text: &str) -> Option<String> {
    String::from_utf8(aksk::decode(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_as_it_is_signed() {
        let uri: Uri = "/x?a=1%2C2&plus=a+b%2B&empty=&n=07&n2=-1&twice=1&twice=2&%E4%BD%A0=%E5%A5%BD".parse().unwrap();
        let query = Query::read(&uri).unwrap();
        assert_eq!(query.one("a").unwrap(), Some("1,2"));
        assert_eq!(query.all("a"), ["1", "2"]);
        assert_eq!(query.one("plus").unwrap(), Some("a+b+"));
        assert_eq!((query.one("empty").unwrap(), query.one("none").unwrap()), (None, None));
        assert_eq!(query.one("你").unwrap(), Some("好"));
        assert_eq!(query.number("n").unwrap(), Some(7));
        assert!(query.number("n2").is_err() && query.one("twice").is_err() && query.required("empty").is_err());
        assert!(Query::read(&"/x?a=%FF".parse().unwrap()).is_err());
    }
}
