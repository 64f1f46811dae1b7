//! How pages get their data. The server calls the server function and sends its answer along with the
//! page; the browser, when it goes from page to page, asks for the same address. An answer stays a
//! piece of JSON until the page that wants it reads it: so the machinery around it is compiled once,
//! and not once for every type.

use std::pin::Pin;

use leptos::prelude::*;
use leptos::server::codee::{Decoder, Encoder};
use model::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Refusal;
use crate::logic::query;

/// What the server answered: JSON, or why not.
pub type Answer = Result<String, Error>;

/// Data that a page cannot be shown without.
pub type Loaded = Resource<Answer, Wire>;

/// How an answer stands in the page: `+` and the JSON, or `-` and the error.
pub struct Wire;

impl Encoder<Answer> for Wire {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(answer: &Answer) -> Result<String, Self::Error> {
        match answer {
            Ok(json) => Ok(format!("+{json}")),
            Err(error) => serde_json::to_string(error).map(|json| format!("-{json}")),
        }
    }
}

impl Decoder<Answer> for Wire {
    type Error = serde_json::Error;
    type Encoded = str;

    fn decode(text: &str) -> Result<Answer, Self::Error> {
        match text.strip_prefix('+') {
            Some(json) => Ok(Ok(json.to_owned())),
            None => read::<Error>(text.strip_prefix('-').unwrap_or(text)).map(Err),
        }
    }
}

/// Reads JSON. From bytes, as everything else does, so that no type's reader is there twice.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    serde_json::from_slice(text.as_bytes())
}

/// Reads an answer.
pub fn parse<T: DeserializeOwned>(answer: Answer) -> Result<T, Error> {
    read(&answer?).map_err(|e| Error::internal(e.to_string()))
}

/// The address of a server function with its arguments.
pub fn address<'a>(path: &str, arguments: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    format!("{path}?{}", query::write(arguments))
}

/// Loads what is at `address`. `here` is how the server gets it: by calling the function itself. It
/// waits for that before it answers, since status code and title depend on it.
pub fn load<T, F>(
    address: impl Fn() -> String + Send + Sync + 'static,
    here: impl Fn() -> F + Send + Sync + 'static,
) -> Loaded
where
    T: Serialize,
    F: Future<Output = Result<T, Refusal>> + Send + 'static,
{
    type Boxed = Pin<Box<dyn Future<Output = Answer> + Send>>;
    #[cfg(feature = "ssr")]
    let fetch = move |_: String| -> Boxed {
        let answer = here();
        Box::pin(async move {
            let value = answer.await.map_err(|refused| refused.0)?;
            serde_json::to_string(&value).map_err(|e| Error::internal(e.to_string()))
        })
    };
    #[cfg(not(feature = "ssr"))]
    let fetch = {
        drop(here);
        |address: String| -> Boxed {
            Box::pin(send_wrapper::SendWrapper::new(async move {
                // Nothing to ask for.
                if address.is_empty() { Ok("null".to_owned()) } else { get(&address).await }
            }))
        }
    };
    Resource::new_with_options(address, fetch, true)
}

/// Asks the server.
#[cfg(feature = "hydrate")]
pub async fn get(address: &str) -> Answer {
    answer(gloo_net::http::Request::get(address).header("Accept", "application/json").send().await).await
}

/// Sends the server something.
#[cfg(feature = "hydrate")]
pub async fn post(address: &str, content_type: &str, body: String) -> Result<(String, Option<String>), Error> {
    let request = gloo_net::http::Request::post(address)
        .header("Content-Type", content_type)
        .header("Accept", "application/json")
        .body(body)
        .map_err(|e| Error::unavailable(e.to_string()))?;
    let response = request.send().await;
    let location = response.as_ref().ok().and_then(|r| r.headers().get("Location"));
    answer(response).await.map(|text| (text, location))
}

#[cfg(feature = "hydrate")]
async fn answer(response: Result<gloo_net::http::Response, gloo_net::Error>) -> Answer {
    let unreachable = |e: gloo_net::Error| Error::unavailable(e.to_string());
    let response = response.map_err(unreachable)?;
    let text = response.text().await.map_err(unreachable)?;
    if response.ok() {
        return Ok(text);
    }
    Err(read(&text).unwrap_or_else(|_| Error::internal(text.chars().take(300).collect::<String>())))
}

/// On the server nothing is asked for over the network.
#[cfg(not(feature = "hydrate"))]
pub async fn get(_: &str) -> Answer {
    Err(Error::unavailable("only a browser asks"))
}

/// On the server nothing is sent over the network.
#[cfg(not(feature = "hydrate"))]
pub async fn post(_: &str, _: &str, _: String) -> Result<(String, Option<String>), Error> {
    Err(Error::unavailable("only a browser sends"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_stand_in_the_page_as_they_are() {
        for answer in [Ok("{\"a\":[1]}".to_owned()), Ok(String::new()), Err(Error::not_found("run"))] {
            assert_eq!(Wire::decode(&Wire::encode(&answer).unwrap()).unwrap(), answer);
        }
        assert!(Wire::decode("-nonsense").is_err());
        assert_eq!(parse::<u32>(Ok("7".into())), Ok(7));
    }
}
