//! The demo pipeline that `cargo xtask serve` starts with: build, parallel tests, an allowed
//! failure, a manual deploy and a long colourful log.

use app::service::{NewPipeline, Service};
use model::{Caller, Error, ErrorKind, NewRun, PipelineKey, Source};

use crate::service::Weir;

/// The demo's definition.
const DEFINITION: &str = include_str!("demo.gitlab-ci.yml");
/// The demo's key.
const KEY: &str = "demo";

/// Makes the demo pipeline and starts its first run, unless it is there already.
pub async fn fill(weir: &Weir, caller: &Caller) -> Result<(), Error> {
    let new = NewPipeline {
        key: KEY.to_owned(),
        name: "Demo".to_owned(),
        description: "Builds, tests and deploys nothing, to show what a run looks like.".to_owned(),
        project: None,
        definition: Some(DEFINITION.to_owned()),
    };
    match weir.create_pipeline(caller, new).await {
        Ok(_) => {}
        Err(error) if error.kind == ErrorKind::Conflict => return Ok(()),
        Err(error) => return Err(error),
    }
    let key: PipelineKey = KEY.parse().map_err(|e| Error::internal(format!("{e}")))?;
    weir.start_run(caller, &key, NewRun { source: Source::Web, ..NewRun::default() }).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_demo_is_a_valid_definition() {
        let outcome = pipeline::plan(super::DEFINITION, &pipeline::Context::default());
        assert_eq!(outcome.diagnostics, []);
        assert!(outcome.plan.is_some());
    }
}
