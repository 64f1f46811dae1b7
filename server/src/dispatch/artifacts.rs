//! tmp
pub(super) async fn upload() {}
pub(super) async fn download() {}
