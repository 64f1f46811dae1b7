//! The style sheet: `style/main.css` and what it imports, as one minified file.

use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use lightningcss::bundler::{Bundler, FileProvider};
use lightningcss::stylesheet::{MinifyOptions, ParserOptions, PrinterOptions};

use super::{Files, NAME};
use crate::workspace::Workspace;

/// Bundles and minifies. No browser targets are given: the style sheet stays as modern as it was written.
pub fn build(workspace: &Workspace) -> Result<Files> {
    let source = workspace.root.join("style/main.css");
    let provider = FileProvider::new();
    let css = bundle(&provider, &source).with_context(|| format!("failed to build {}", workspace.show(&source)))?;
    let name = PathBuf::from("pkg").join(NAME).with_extension("css");
    Ok(Files::from([(name, css.into_bytes())]))
}

fn bundle(provider: &FileProvider, source: &std::path::Path) -> Result<String> {
    let mut bundler = Bundler::new(provider, None, ParserOptions::default());
    // The library's errors borrow from the provider, so they become text here.
    let mut sheet = bundler.bundle(source).map_err(|error| anyhow!("{error}"))?;
    sheet.minify(MinifyOptions::default()).map_err(|error| anyhow!("{error}"))?;
    let printed = sheet
        .to_css(PrinterOptions { minify: true, ..PrinterOptions::default() })
        .map_err(|error| anyhow!("{error}"))?;
    Ok(printed.code)
}
