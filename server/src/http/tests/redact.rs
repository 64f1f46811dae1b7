//! Blanking what leaked, from the form that people have.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;

use super::*;

/// Browsers send a line end as `\r\n`.
#[tokio::test]
async fn a_key_of_several_lines_is_blanked_as_it_is_pasted() {
    let key = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ8Zt0q\nNq7VvXk2hYpQ1u\n-----END PRIVATE KEY-----\n";
    let world = World::new().await;
    world.start().await;
    let job = world.take().await;
    let log = format!("one\n{key}two {}\n", serde_json::to_string(key.trim()).unwrap());
    world.weir.logs().append(job, 0, log.as_bytes()).unwrap();
    let body = stream::iter([Ok::<_, Infallible>(Bytes::from_static(key.as_bytes()))]);
    world.weir.artifacts().receive(job, 1 << 20, body).await.unwrap().keep_async("dotenv".to_owned()).await.unwrap();
    world.end(job).await;
    world.weir.logs().finish(job).unwrap();
    let project = world.weir.projects(&world.caller).await.unwrap()[0].clone();
    let page = format!("/projects/{}?tab=redact", project.path);
    let field = world.get_with(&page, &[("accept", "text/html")]).await;
    assert_eq!(field.status, StatusCode::OK);
    assert!(field.text().contains("<textarea name=\"value\""), "{}", field.text());
    let pasted: String = form_urlencoded::byte_serialize(key.replace('\n', "\r\n").as_bytes()).collect();
    let back: String = form_urlencoded::byte_serialize(page.as_bytes()).collect();
    let body = format!("id={}&back={back}&value={pasted}", project.id);
    let kinds = [("content-type", "application/x-www-form-urlencoded"), ("accept", "text/html")];
    let headers = [kinds[0], kinds[1], ("origin", "http://localhost:9433")];
    let sent = world.send(request("POST", "/rpc/project/redact", &headers, body)).await;
    assert_eq!(sent.status, StatusCode::FOUND, "{}", sent.text());
    let told = world.get_with(sent.header("location"), &[("accept", "text/html")]).await;
    assert!(!told.text().contains("No log had it") && told.text().contains("dotenv"), "{}", told.text());
    let after = String::from_utf8(world.weir.logs().read(job, 0..1 << 20).unwrap()).unwrap();
    for line in key.lines() {
        assert!(!after.contains(line), "{after}");
    }
    assert!(after.starts_with("one\n") && after.lines().count() == log.lines().count() + 1, "{after}");
}
