//! The cases of `../shared/cases/ci-yaml` that are not met, each with its reason. The lists only
//! shrink: a listed case that passes fails the test.

/// (case, keyword, the sentence of contracts/ci-yaml.md): refused at the place of the keyword.
pub const REFUSED: &[(&str, &str, &str)] = &[
    ("component-inputs-cli", "component", "part 1, `include`: N component"),
    ("component-inputs-edge-cases", "component", "part 1, `include`: N component"),
];

/// (case, the sentence of contracts/ci-yaml.md that it contradicts).
pub const DIFFERENT: &[(&str, &str)] = &[
    ("log-padding", "part 1, `stages`: a pipeline whose only jobs are in .pre/.post is not created"),
    // Its own comments say that each of these needs must be an error; the expectation only lists.
    ("needs-parallel-matrix-error", "part 4, needs: non-optional and absent → pipeline creation error"),
];
