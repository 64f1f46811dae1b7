//! [`RemoteIncludes`] against a server on a loopback address: evaluation's own thread asks, so these
//! tests do.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::*;

fn integrity(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// A runtime with a server whose file says how often it was asked for.
fn world() -> (tokio::runtime::Runtime, u16) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = async move || format!("# {}\n", count.fetch_add(1, Ordering::Relaxed));
    let router = Router::new()
        .route("/t/count.yml", get(counted))
        .route("/t/latin.yml", get(async || [b'a', 0xff]))
        .route("/t/away.yml", get(async || Redirect::to("/elsewhere/a.yml")))
        .route("/t/round.yml", get(async || Redirect::to("../t/fixed.yml")))
        .route("/t/fixed.yml", get(async || "fixed"))
        .route("/elsewhere/a.yml", get(async || "secret"));
    let port = runtime.block_on(serve("127.0.0.1", router)).port();
    (runtime, port)
}

#[test]
fn files_of_the_list_are_read_and_no_others() {
    let (_runtime, port) = world();
    let base = format!("http://127.0.0.1:{port}");
    let includes = RemoteIncludes::new(&[format!("{base}/t/")]).unwrap();
    let fixed = integrity("fixed");
    assert_eq!(includes.read(&format!("{base}/t/fixed.yml"), Some(&fixed)), Ok("fixed".to_owned()));
    assert_eq!(includes.read(&format!("{base}/t/round.yml"), Some(&fixed)), Ok("fixed".to_owned()));
    let not_listed = "is not on this server's list of remote files (`include_remote` in the configuration)";
    for (path, problem) in [
        ("/elsewhere/a.yml", format!("it {not_listed}")),
        ("/t/away.yml", format!("it redirects to a file of 127.0.0.1 that {not_listed}")),
        ("/t/missing.yml", "127.0.0.1 answered with status 404".to_owned()),
        ("/t/latin.yml", "it is not UTF-8 text".to_owned()),
    ] {
        assert_eq!(includes.read(&format!("{base}{path}"), Some(&fixed)), Err(problem), "{path}");
    }
    let nobody = RemoteIncludes::default().read(&format!("{base}/t/fixed.yml"), Some(&fixed));
    assert_eq!(nobody, Err(format!("it {not_listed}")));
    let other = RemoteIncludes::default().listed_in("any list").read("https://ci.example.org/", None);
    assert_eq!(other, Err("it is not on any list".to_owned()));
    let tricks = includes.read(&format!("{base}/t/%2e%2e/elsewhere/a.yml"), Some(&fixed)).unwrap_err();
    assert!(tricks.contains("its address is refused"), "{tricks}");
    assert!(RemoteIncludes::new(&["ftp://x"]).unwrap_err().contains("\"ftp://x\" cannot begin an address"));
}

#[test]
fn a_text_has_the_digest_that_was_asked_for() {
    let (_runtime, port) = world();
    let url = format!("http://127.0.0.1:{port}/t/fixed.yml");
    let includes = RemoteIncludes::new(&[&url]).unwrap();
    let error = includes.read(&url, None).unwrap_err();
    assert!(error.contains("over plain http it needs `integrity`"), "{error}");
    let error = includes.read(&url, Some(&integrity("other"))).unwrap_err();
    assert_eq!(error, format!("its digest is {}, and `integrity` is {}", integrity("fixed"), integrity("other")));
    assert!(includes.read(&url, Some("sha1-x")).unwrap_err().contains("not \"sha1-x\""));
}

#[test]
fn answers_are_given_again_unless_another_digest_is_asked_for() {
    let (_runtime, port) = world();
    let url = format!("http://127.0.0.1:{port}/t/count.yml");
    let includes = RemoteIncludes::new(&[&url]).unwrap();
    let read = |text: &str| includes.read(&url, Some(&integrity(text)));
    assert_eq!(read("# 0\n").as_deref(), Ok("# 0\n"));
    assert_eq!(read("# 0\n").as_deref(), Ok("# 0\n"));
    assert_eq!(read("# 1\n").as_deref(), Ok("# 1\n"));
    assert!(read("# 0\n").is_err(), "the server has another one now");
}

#[test]
fn https_needs_no_digest() {
    let (runtime, _) = world();
    let answer = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\nhere";
    let port = runtime.block_on(serve_https(answer.to_owned())).port();
    let url = format!("https://ci.example.org:{port}/t/a.yml");
    let includes = RemoteIncludes::new(&[&url]).unwrap().through(here().with_roots(roots()));
    assert_eq!(includes.read(&url, None), Ok("here".to_owned()));
}

#[test]
fn evaluation_asks_from_a_thread_of_the_runtime() {
    let (runtime, port) = world();
    let url = format!("http://127.0.0.1:{port}/t/fixed.yml");
    let includes = RemoteIncludes::new(&[&url]).unwrap();
    let read = runtime.spawn_blocking(move || includes.read(&url, Some(&integrity("fixed"))));
    assert_eq!(runtime.block_on(read).unwrap(), Ok("fixed".to_owned()));
}
