//! Reading a stream of Server-Sent Events, over as many connections as it takes.

use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::Response;

use super::client::Client;
use super::failure::{Exit, Failure};

/// How long a server may be away before a follower gives up.
const PATIENCE: Duration = Duration::from_mins(1);
/// The pause between two attempts to reach it.
const PAUSE: Duration = Duration::from_millis(500);
/// The server says something at least every 15 seconds; longer silence is a dead connection.
const SILENCE: Duration = Duration::from_mins(1);

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// What `Last-Event-ID` will say.
    pub id: Option<String>,
    /// Its name; `message` when it has none.
    pub event: String,
    /// Its data.
    pub data: String,
}

/// Makes events of bytes, however these are cut.
#[derive(Debug, Default)]
struct Parser {
    line: Vec<u8>,
    after_cr: bool,
    message: Message,
    has_data: bool,
    ready: std::collections::VecDeque<Message>,
}

impl Parser {
    fn feed(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            match byte {
                b'\n' if self.after_cr => self.after_cr = false,
                b'\n' | b'\r' => {
                    self.after_cr = byte == b'\r';
                    let line = std::mem::take(&mut self.line);
                    self.end_line(&String::from_utf8_lossy(&line));
                }
                _ => {
                    self.after_cr = false;
                    self.line.push(byte);
                }
            }
        }
    }

    fn end_line(&mut self, line: &str) {
        if line.is_empty() {
            let mut message = std::mem::take(&mut self.message);
            // The id stays for events that bring none of their own.
            self.message.id.clone_from(&message.id);
            if std::mem::take(&mut self.has_data) {
                if message.event.is_empty() {
                    message.event = "message".into();
                }
                self.ready.push_back(message);
            }
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if self.has_data {
                    self.message.data.push('\n');
                }
                self.has_data = true;
                self.message.data.push_str(value);
            }
            "event" => value.clone_into(&mut self.message.event),
            "id" if !value.contains('\0') => self.message.id = Some(value.to_owned()),
            _ => {}
        }
    }
}

/// A stream that survives dropped connections and restarts of the server: it asks for what comes
/// behind the last event it saw.
#[derive(Debug)]
pub struct Stream {
    client: Client,
    path: String,
    doing: String,
    response: Option<Response>,
    parser: Parser,
    last: Option<String>,
    drops: u32,
}

impl Stream {
    /// Opens the stream. A refusal (the server has no such stream) is returned at once.
    pub async fn open(client: &Client, path: String, doing: &str) -> Result<Self, Failure> {
        let response = client.stream(&path, None, doing).await?;
        Ok(Self {
            client: client.clone(),
            path,
            doing: doing.to_owned(),
            response: Some(response),
            parser: Parser::default(),
            last: None,
            drops: 0,
        })
    }

    /// The next event.
    pub async fn next(&mut self) -> Result<Message, Failure> {
        loop {
            if let Some(message) = self.parser.ready.pop_front() {
                if message.id.is_some() {
                    self.last.clone_from(&message.id);
                }
                return Ok(message);
            }
            let Some(response) = &mut self.response else {
                self.response = Some(self.reopen().await?);
                self.parser = Parser::default();
                continue;
            };
            if let Ok(Ok(Some(bytes))) = tokio::time::timeout(SILENCE, response.chunk()).await {
                self.parser.feed(&bytes);
                self.drops = 0;
            } else {
                self.response = None;
                self.drops += 1;
                // A server that only ever hangs up is not asked in a hurry.
                tokio::time::sleep(if self.drops > 10 { PAUSE } else { PAUSE / 10 }).await;
            }
        }
    }

    async fn reopen(&self) -> Result<Response, Failure> {
        let give_up = tokio::time::Instant::now() + PATIENCE;
        loop {
            match self.client.stream(&self.path, self.last.as_deref(), &self.doing).await {
                Err(failure) if failure.exit == Exit::Refused || tokio::time::Instant::now() > give_up => {
                    return Err(failure);
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
                Ok(response) => return Ok(response),
            }
        }
    }
}

/// Calls `take` with each piece of a body as it comes.
pub async fn pieces(response: Response, mut take: impl FnMut(&[u8])) -> Result<(), reqwest::Error> {
    let mut stream = response.bytes_stream();
    while let Some(piece) = stream.next().await {
        take(&piece?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pieces: &[&[u8]]) -> Vec<Message> {
        let mut parser = Parser::default();
        for piece in pieces {
            parser.feed(piece);
        }
        parser.ready.into()
    }

    #[test]
    fn events_are_read_however_they_are_cut() {
        let text = b": hello\n\nid: 7\nevent: run\ndata: {\"a\":\ndata: 1}\n\ndata:x\r\n\r\nevent: lost\n\n";
        let want = [
            Message { id: Some("7".into()), event: "run".into(), data: "{\"a\":\n1}".into() },
            Message { id: Some("7".into()), event: "message".into(), data: "x".into() },
        ];
        assert_eq!(parse(&[text]), want);
        for cut in 0..text.len() {
            assert_eq!(parse(&[&text[..cut], &text[cut..]]), want, "cut at {cut}");
        }
    }
}
