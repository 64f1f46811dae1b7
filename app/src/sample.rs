//! Objects for tests.

use model::{Pipeline, PipelineId, ProjectId, Seq, Timestamp, Uid};

/// A pipeline with a definition of its own.
pub fn pipeline() -> Pipeline {
    Pipeline {
        id: PipelineId(1),
        uid: Uid::from_bytes([7; 16]),
        key: "shop".parse().expect("a key"),
        project_id: ProjectId(1),
        project_path: "demo/shop".parse().expect("a path"),
        name: "Shop".into(),
        description: "Builds and tests the shop".into(),
        definition: Some("unit:\n  script: [make test]\n".into()),
        disabled: false,
        creator: Some("ada".into()),
        created_at: Timestamp(1_772_702_102_417),
        updated_at: Timestamp(1_772_702_102_417),
        version: Seq(3),
    }
}
