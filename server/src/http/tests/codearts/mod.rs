//! CodeArts' interface as its SDKs ask it: requests signed over the wire's bytes, answers field by field.

mod build;
mod freshness;
mod parameters;
mod pipelines;
mod refs;
mod runs;
mod signature;

use app::service::Accounts as _;
use hmac::{Hmac, KeyInit as _, Mac as _};
use model::Timestamp;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::live::Listener;
use super::*;
use crate::clock;

/// The headers that the SDK signs, in its order.
const SIGNED: &str = "content-type;host;user-agent;x-project-id;x-sdk-date";

/// A pair of keys, and what is put into requests that are signed with it.
#[derive(Clone, Debug)]
pub struct Signer {
    pub access: String,
    pub secret: String,
    pub project: String,
}

/// A request before it is sent: tests change it.
#[derive(Clone, Debug)]
pub struct Wire {
    pub method: &'static str,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Wire {
    /// What the SDK sends, not signed yet.
    pub fn new(method: &'static str, target: &str, project: &str, body: &str) -> Self {
        let date = clock::now().rfc3339().replace(['-', ':'], "");
        let headers = [
            ("user-agent", "huaweicloud-usdk-python/3.0; os/Linux#1#x86_64 python/3.11.7 impl/CPython; app/1"),
            ("content-type", "application/json"),
            ("x-project-id", project),
            ("x-sdk-date", &format!("{}Z", &date[..15])),
            ("host", &format!("127.0.0.1:{PORT}")),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        Self { method, target: target.to_owned(), headers, body: body.into() }
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(one, _)| one == name).map_or("", |(_, value)| value)
    }

    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(one, _)| one != name);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(one, _)| one != name);
        self
    }

    #[must_use]
    pub fn at(self, time: Timestamp) -> Self {
        let date = time.rfc3339().replace(['-', ':'], "");
        let date = format!("{}Z", &date[..15]);
        self.with("x-sdk-date", &date)
    }

    pub fn request(&self) -> Request<Body> {
        let mut request = Request::builder().method(self.method).uri(&self.target);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request.body(Body::from(self.body.clone())).unwrap()
    }
}

impl Signer {
    pub async fn of(world: &World, user: Option<&str>, project: Option<&str>) -> Self {
        let made = world.weir.create_access_key(&world.caller, user, project).await.unwrap();
        let project = made.project_uid.map(|uid| uid.to_string()).unwrap_or_default();
        Self { access: made.key.access, secret: made.secret, project }
    }

    /// The contract's section 3.2, written down a second time.
    pub fn sign(&self, wire: Wire, signed: &str) -> Wire {
        let (path, query) = wire.target.split_once('?').unwrap_or((&wire.target, ""));
        let path = if path.ends_with('/') { path.to_owned() } else { format!("{path}/") };
        let mut pairs: Vec<String> = query.split('&').filter(|one| !one.is_empty()).map(str::to_owned).collect();
        pairs.sort();
        let query = pairs.join("&").replace('+', "%2B").replace(',', "%2C");
        let headers: Vec<String> =
            signed.split(';').map(|name| format!("{name}:{}\n", wire.header(name).trim())).collect();
        let headers = headers.concat();
        let hash = match wire.header("x-sdk-content-sha256") {
            "" => hex::encode(Sha256::digest(&wire.body)),
            named => named.to_owned(),
        };
        let canonical = format!("{}\n{path}\n{query}\n{headers}\n{signed}\n{hash}", wire.method);
        let hash = hex::encode(Sha256::digest(canonical));
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).unwrap();
        mac.update(format!("SDK-HMAC-SHA256\n{}\n{hash}", wire.header("x-sdk-date")).as_bytes());
        let signature = hex::encode(mac.finalize().into_bytes());
        let value = format!("SDK-HMAC-SHA256 Access={}, SignedHeaders={signed}, Signature={signature}", self.access);
        wire.with("authorization", &value)
    }

    pub fn wire(&self, method: &'static str, target: &str, body: &str) -> Wire {
        self.sign(Wire::new(method, target, &self.project, body), SIGNED)
    }

    pub async fn ask(&self, world: &World, method: &'static str, target: &str, body: &str) -> Answer {
        world.send(self.wire(method, target, body).request()).await
    }

    /// A good answer.
    pub async fn get(&self, world: &World, target: &str) -> Value {
        let answer = self.ask(world, "GET", target, "").await;
        assert_eq!(answer.status, StatusCode::OK, "{target}: {}", answer.text());
        answer.json()
    }

    pub async fn post(&self, world: &World, target: &str, body: &str) -> Value {
        let answer = self.ask(world, "POST", target, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{target}: {}", answer.text());
        answer.json()
    }
}
