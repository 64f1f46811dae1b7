//! What a browser loads, compressed as it crosses the network.

use std::fs;

use anyhow::Result;

use super::Bench;

/// The run page with everything that it links, and the WASM alone.
pub fn measure(bench: &mut Bench) -> Result<()> {
    let server = bench.fresh("page")?;
    let client = server.client();
    client.create_pipeline("build", "compile:\n  script: ['true']\ntest:\n  stage: test\n  script: ['true']\n")?;
    let run = client.trigger("build")?;
    client.wait_for_end(&run)?;
    let path = format!("/runs/{}", run.number);
    let page = client.text(&path)?;
    let html = client.compressed_size(&path)?;
    bench.report.add("run page, HTML", html as f64 / 1000.0, "kB as Brotli");

    let mut before_hydration = html;
    let mut everything = html;
    for asset in assets(&page) {
        let size = client.compressed_size(&asset)?;
        everything += size;
        // The page is readable without scripts, so only its style sheets and pictures count for reading it.
        let extension = asset.rsplit('.').next();
        if !matches!(extension, Some("js" | "wasm")) {
            before_hydration += size;
        }
        let name = asset.rsplit('/').next().unwrap_or(&asset);
        bench.report.add(format!("run page, {name}"), size as f64 / 1000.0, "kB as Brotli");
    }
    bench.report.add("run page until it can be read", before_hydration as f64 / 1000.0, "kB as Brotli");
    bench.report.add("run page with everything it links", everything as f64 / 1000.0, "kB as Brotli");
    let wasm = fs::metadata(bench.site.join("pkg/weir_bg.wasm"))?.len();
    bench.report.add("WASM, uncompressed", wasm as f64 / 1000.0, "kB");
    server.stop()
}

/// The addresses of this server that the page names in `href` and `src`, and the WASM that its script loads.
fn assets(page: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for attribute in ["href=\"", "src=\""] {
        for rest in page.split(attribute).skip(1) {
            let address = rest.split(['"', '#']).next().unwrap_or_default();
            let file = address.rsplit('/').next().unwrap_or_default();
            if address.starts_with('/') && file.contains('.') && !found.iter().any(|known| known == address) {
                found.push(address.to_owned());
            }
        }
    }
    let script = found.iter().find(|address| address.ends_with("/weir.js"));
    let wasm = script.map(|address| address.replace("/weir.js", "/weir_bg.wasm"));
    if let Some(wasm) = wasm
        && !found.contains(&wasm)
    {
        found.push(wasm);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::assets;

    #[test]
    fn finds_what_the_page_loads_once() {
        let page = r#"<link rel="modulepreload" href="/pkg/1f/weir.js"><link href="/pkg/1f/weir.css">
            <a href="/runs/7">7</a><script src="/pkg/1f/weir.js"></script><use href="/icons.svg#ok">"#;
        let expected = ["/pkg/1f/weir.js", "/pkg/1f/weir.css", "/icons.svg", "/pkg/1f/weir_bg.wasm"];
        assert_eq!(assets(page), expected);
    }
}
