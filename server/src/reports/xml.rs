//! XML as reports have it: any encoding, no custom entities, limited depth. What `quick_xml` leaves to its
//! callers is done here once.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};
use quick_xml::encoding::{DetectedEncoding, detect_encoding};
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use super::{MAX_XML, ReportError};

/// How deep elements may be nested.
const MAX_DEPTH: usize = 100;
/// Within how many bytes the declaration of the encoding ends.
const MAX_DECLARATION: usize = 1024;

/// A part of a document. Comments, instructions and the document type are left out.
pub(super) enum Piece<'t> {
    /// An element begins; an empty one ends with the next piece.
    Start(BytesStart<'t>),
    /// The innermost element ends.
    End,
    /// Text of the innermost element, entities resolved. One text may come in several pieces.
    Text(Cow<'t, str>),
    /// The document ends, and all its elements are closed.
    Eof,
}

/// Reads a document piece by piece.
pub(super) struct Pieces<'t> {
    text: &'t str,
    reader: Reader<&'t [u8]>,
    depth: usize,
}

impl<'t> Pieces<'t> {
    pub fn new(text: &'t str) -> Self {
        let mut reader = Reader::from_str(text);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        // Test output is full of them, and what they mean is beyond doubt.
        config.allow_dangling_amp = true;
        Self { text, reader, depth: 0 }
    }

    /// How many elements are open.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// The next piece; behind the end always [`Piece::Eof`].
    pub fn next(&mut self) -> Result<Piece<'t>, ReportError> {
        loop {
            let event = match self.reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    return Err(self.error(self.reader.error_position(), error.to_string()));
                }
            };
            return Ok(match event {
                Event::Start(start) => {
                    self.depth += 1;
                    if self.depth > MAX_DEPTH {
                        return Err(self.problem(format!("elements are nested deeper than {MAX_DEPTH}")));
                    }
                    Piece::Start(start)
                }
                Event::End(_) => {
                    self.depth = self.depth.saturating_sub(1);
                    Piece::End
                }
                Event::Text(text) => Piece::Text(text.into_inner()),
                Event::CData(data) => Piece::Text(data.into_inner()),
                Event::GeneralRef(reference) => Piece::Text(resolve(&reference)),
                Event::Eof if self.depth > 0 => {
                    return Err(self.problem(format!("the file ends with {} elements open", self.depth)));
                }
                Event::Eof => Piece::Eof,
                Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => continue,
            });
        }
    }

    /// A problem where the reader stands.
    pub fn problem(&self, problem: impl Into<String>) -> ReportError {
        self.error(self.reader.buffer_position(), problem)
    }

    fn error(&self, offset: u64, problem: impl Into<String>) -> ReportError {
        ReportError::at(self.text.as_bytes(), usize::try_from(offset).unwrap_or(usize::MAX), problem)
    }
}

/// The value of an attribute, whatever its namespace. Entities that mean nothing stay as they are.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let attributes =
        element.attributes().with_checks(false).flatten().find(|one| one.key.local_name().as_ref() == name);
    let attribute = attributes?;
    Some(match attribute.normalized_value(XmlVersion::Explicit1_0) {
        Ok(value) => value.into_owned(),
        Err(_) => attribute.value.into_owned(),
    })
}

/// The text of the file: its byte order mark decides its encoding, then its declaration, then it is UTF-8.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, ReportError> {
    if bytes.len() > MAX_XML {
        return Err(ReportError::TooLarge { size: bytes.len(), limit: MAX_XML });
    }
    let (encoding, mark) = match detect_encoding(bytes) {
        None | Some(DetectedEncoding::AsciiCompatible) => (declared(bytes)?, 0),
        Some(detected) => (detected.encoding(), detected.bom_len()),
    };
    let bytes = &bytes[mark..];
    if encoding == UTF_8 {
        return match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(error) => Err(ReportError::at(bytes, error.valid_up_to(), "this is not UTF-8")),
        };
    }
    encoding
        .decode_without_bom_handling_and_without_replacement(bytes)
        .ok_or_else(|| ReportError::Whole(format!("the file is not {}", encoding.name())))
}

/// The encoding that the first line names. One that has no ASCII cannot be true there, so it means UTF-8.
fn declared(bytes: &[u8]) -> Result<&'static Encoding, ReportError> {
    let start = &bytes[..bytes.len().min(MAX_DECLARATION)];
    let Some(end) = memchr::memmem::find(start, b"?>").filter(|_| start.starts_with(b"<?xml")) else {
        return Ok(UTF_8);
    };
    let Ok(declaration) = std::str::from_utf8(&start[..end + 2]) else { return Ok(UTF_8) };
    let Ok(Event::Decl(declaration)) = Reader::from_str(declaration).read_event() else { return Ok(UTF_8) };
    let Some(Ok(label)) = declaration.encoding() else { return Ok(UTF_8) };
    let Some(encoding) = Encoding::for_label(label.as_bytes()) else {
        return Err(ReportError::at(bytes, 0, format!("the encoding `{label}` is not known")));
    };
    Ok(if encoding.output_encoding() == encoding { encoding } else { UTF_8 })
}

/// What an entity stands for. Nothing is defined in a report: others than XML's own stay as they are, so there is
/// nothing that could grow.
fn resolve<'t>(reference: &BytesRef<'t>) -> Cow<'t, str> {
    let name: &str = reference;
    if let Ok(Some(character)) = reference.resolve_char_ref() {
        return Cow::Owned(character.to_string());
    }
    resolve_predefined_entity(name).map_or_else(|| Cow::Owned(format!("&{name};")), Cow::Borrowed)
}
