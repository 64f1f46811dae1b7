use super::*;

#[tokio::test]
async fn the_raw_trace_is_read_in_ranges() {
    let world = World::new().await;
    world.start().await;
    let job = world.take().await;
    world.weir.logs().append(job, 0, b"hello <b>\xff\nworld\n").unwrap();
    let path = format!("/jobs/{job}/raw");
    let whole = world.get(&path).await;
    assert_eq!((whole.status, whole.body.as_slice()), (StatusCode::OK, &b"hello <b>\xff\nworld\n"[..]));
    assert_eq!(whole.header("content-type"), "text/plain; charset=utf-8");
    assert_eq!(whole.header("x-content-type-options"), "nosniff");
    assert!(whole.header("content-security-policy").contains("sandbox"));
    let part = world.get_with(&path, &[("range", "bytes=6-8")]).await;
    assert_eq!((part.status, part.text()), (StatusCode::PARTIAL_CONTENT, "<b>"));
    assert_eq!(part.header("content-range"), "bytes 6-8/17");
    let behind = world.get_with(&path, &[("range", "bytes=17-")]).await;
    assert_eq!((behind.status, behind.header("content-range")), (StatusCode::RANGE_NOT_SATISFIABLE, "bytes */17"));
}

#[tokio::test]
async fn following_ends_with_the_job() {
    let world = World::new().await;
    world.start().await;
    let job = world.take().await;
    world.weir.logs().append(job, 0, b"one\n").unwrap();
    let answer = world.open(&format!("/jobs/{job}/raw?follow"), &[]).await;
    let (answer, ()) = tokio::join!(Answer::read(answer), async {
        world.weir.logs().append(job, 4, b"two\n").unwrap();
        world.end(job).await;
    });
    assert_eq!(answer.text(), "one\ntwo\n");
    let again = world.get(&format!("/jobs/{job}/raw?follow&offset=4")).await;
    assert_eq!(again.text(), "two\n");
}

#[tokio::test]
async fn an_archive_is_a_download_in_a_sandbox() {
    let world = World::new().await;
    world.start().await;
    let job = world.take().await;
    let bytes = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes::Bytes::from_static(b"PK<script>"))]);
    world.weir.artifacts().receive(job, 100, bytes).await.unwrap().keep("archive").unwrap();
    let info = model::ArtifactInfo {
        kind: "archive".into(),
        filename: "a b.zip".into(),
        size: 10,
        expires_at: None,
        exposed_as: None,
        access: model::plan::Access::All,
    };
    world.weir.store().write(move |tx| crate::store::jobs::add_artifact(tx, job, &info)).await.unwrap();
    let answer = world.get(&format!("/jobs/{job}/artifacts/a%20b.zip")).await;
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, "PK<script>"));
    assert!(answer.header("content-disposition").starts_with("attachment; filename=\"a_b.zip\""));
    assert!(answer.header("content-security-policy").contains("sandbox"));
    assert_eq!(answer.header("content-length"), "10");
    let other = world.get(&format!("/jobs/{job}/artifacts/..%2f..%2fweir.db")).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
}
