//! Words: every text of the interface in every language, complete at compile time.

mod figures;
mod phrase;
mod planned;
mod reason;
pub mod text;

use leptos::prelude::*;
use model::Status;

pub use figures::Figures;
pub use phrase::Phrases;
pub use planned::Planned;
pub use text::T;

/// A language of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// Simplified Chinese.
    Zh,
}

impl Lang {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// The tag in `<html lang>`; also the value of the cookie.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh-CN",
        }
    }

    /// Its own name for itself.
    pub const fn name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Zh => "简体中文",
        }
    }

    /// Reads a tag such as `zh`, `zh-CN` or `en-GB`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or("");
        match primary {
            _ if primary.eq_ignore_ascii_case("en") => Some(Self::En),
            _ if primary.eq_ignore_ascii_case("zh") => Some(Self::Zh),
            _ => None,
        }
    }

    /// The best language for an `Accept-Language` header.
    #[cfg_attr(not(feature = "ssr"), allow(dead_code, reason = "only the server reads it"))]
    pub fn negotiate(header: &str) -> Self {
        let mut best = (0_u32, Self::En);
        for part in header.split(',').take(20) {
            let mut fields = part.split(';');
            let tag = fields.next().unwrap_or("");
            let quality = fields
                .find_map(|f| f.trim().strip_prefix("q="))
                .map_or(1000, |q| (q.trim().parse::<f32>().unwrap_or(0.0).clamp(0.0, 1.0) * 1000.0) as u32);
            if let Some(lang) = Self::from_tag(tag)
                && quality > best.0
            {
                best = (quality, lang);
            }
        }
        best.1
    }

    /// A fixed text.
    pub const fn t(self, text: T) -> &'static str {
        text.in_lang(self)
    }

    /// The word for a status.
    pub const fn status(self, status: Status) -> &'static str {
        self.t(match status {
            Status::Created => T::StatusCreated,
            Status::WaitingForResource => T::StatusWaitingForResource,
            Status::Preparing => T::StatusPreparing,
            Status::Pending => T::StatusPending,
            Status::Running => T::StatusRunning,
            Status::Canceling => T::StatusCanceling,
            Status::Success => T::StatusSuccess,
            Status::Failed => T::StatusFailed,
            Status::Canceled => T::StatusCanceled,
            Status::Skipped => T::StatusSkipped,
            Status::Manual => T::StatusManual,
            Status::Scheduled => T::StatusScheduled,
        })
    }
}

/// The language of this page. It does not change while the page lives: switching loads it anew.
pub fn use_lang() -> Lang {
    use_context::<Lang>().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_language_wins() {
        assert_eq!(Lang::negotiate("zh-CN,zh;q=0.9,en;q=0.8"), Lang::Zh);
        assert_eq!(Lang::negotiate("en-GB;q=0.9, zh;q=0.3"), Lang::En);
        assert_eq!(Lang::negotiate("de, fr;q=0.5, zh;q=0.1"), Lang::Zh);
        for odd in ["", "*", ";;;q=", "zh;q=0", "de"] {
            assert_eq!(Lang::negotiate(odd), Lang::En, "{odd:?}");
        }
    }
}
