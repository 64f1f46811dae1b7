//! A part of a plan: what somebody wants to run of it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{LeftOut, Plan};
use crate::Error;

/// Which jobs of a plan a run gets; without any names, all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// Names of jobs, as in the file or of one instance.
    #[serde(default)]
    pub jobs: Vec<String>,
    /// Names of stages, or their places from 0.
    #[serde(default)]
    pub stages: Vec<String>,
}

impl Choice {
    /// Whether it leaves everything in.
    pub fn is_all(&self) -> bool {
        self.jobs.is_empty() && self.stages.is_empty()
    }

    /// Leaves the other jobs out of a plan. A job does not wait for one that is left out, as if that had gone well. A name
    /// that nothing has is an error, and so is a choice of nothing.
    pub fn apply(&self, plan: &mut Plan) -> Result<(), Error> {
        if self.is_all() {
            return Ok(());
        }
        let used: Vec<&String> =
            plan.stages.iter().filter(|stage| plan.jobs.iter().any(|job| job.stage == **stage)).collect();
        let mut stages = Vec::new();
        for wanted in &self.stages {
            let place = wanted.parse::<usize>().ok().and_then(|place| used.get(place).copied());
            let found = used.iter().copied().find(|stage| *stage == wanted).or(place);
            let found = found.ok_or_else(|| Error::invalid(format!("the run would have no stage {wanted:?}")))?;
            stages.push(found.clone());
        }
        for wanted in &self.jobs {
            if !plan.jobs.iter().any(|job| job.name == *wanted || job.base_name == *wanted) {
                return Err(Error::invalid(format!("the run would have no job {wanted:?}")));
            }
        }
        let mut before = vec![0; used.len()];
        let mut left_out = Vec::new();
        plan.jobs.retain(|job| {
            let stage_place = used.iter().position(|stage| **stage == job.stage).unwrap_or_default();
            let place = before[stage_place];
            before[stage_place] += 1;
            let is_chosen = (stages.is_empty() || stages.contains(&job.stage))
                && (self.jobs.is_empty() || self.jobs.iter().any(|one| *one == job.name || *one == job.base_name));
            if !is_chosen {
                left_out.push(LeftOut { job: job.name.clone(), stage: job.stage.clone(), stage_place, place });
            }
            is_chosen
        });
        plan.left_out = left_out;
        if plan.jobs.is_empty() {
            return Err(Error::invalid("no job is in the chosen stages"));
        }
        let kept: Vec<String> = plan.jobs.iter().map(|job| job.name.clone()).collect();
        for job in plan.jobs.iter_mut().map(Arc::make_mut) {
            if let Some(needs) = &mut job.needs {
                needs.retain(|need| kept.contains(&need.job));
            }
            if let Some(names) = &mut job.dependencies {
                names.retain(|name| kept.contains(name));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Need, PlannedJob};

    fn plan() -> Plan {
        let job = |name: &str, stage: &str, needs: Option<&[&str]>| {
            Arc::new(PlannedJob {
                name: name.into(),
                base_name: name.split(' ').next().unwrap_or_default().into(),
                stage: stage.into(),
                needs: needs.map(|needs| {
                    needs.iter().map(|one| Need { job: (*one).into(), artifacts: true, optional: false }).collect()
                }),
                ..PlannedJob::default()
            })
        };
        Plan {
            stages: [".pre", "build", "test", "deploy"].map(String::from).to_vec(),
            jobs: vec![
                job("compile", "build", None),
                job("unit 1/2", "test", None),
                job("unit 2/2", "test", None),
                job("ship", "deploy", Some(&["compile", "unit 1/2"])),
            ],
            ..Plan::default()
        }
    }

    fn chosen(jobs: &[&str], stages: &[&str]) -> Result<Vec<String>, Error> {
        let texts = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        let mut plan = plan();
        Choice { jobs: texts(jobs), stages: texts(stages) }.apply(&mut plan)?;
        Ok(plan.jobs.iter().map(|job| job.name.clone()).collect())
    }

    #[test]
    fn what_is_chosen_stays() {
        assert_eq!(chosen(&[], &[]).map(|jobs| jobs.len()), Ok(4));
        assert_eq!(chosen(&["unit"], &[]), Ok(vec!["unit 1/2".into(), "unit 2/2".into()]));
        assert_eq!(chosen(&["unit 2/2", "ship"], &[]), Ok(vec!["unit 2/2".into(), "ship".into()]));
        assert_eq!(chosen(&[], &["build", "2"]), Ok(vec!["compile".into(), "ship".into()]));
        assert_eq!(chosen(&["unit"], &["test", "build"]).map(|jobs| jobs.len()), Ok(2));
        for (jobs, stages) in [(&["nothing"][..], &[][..]), (&[], &["nowhere"]), (&[], &["7"]), (&["ship"], &["build"])]
        {
            assert!(chosen(jobs, stages).is_err(), "{jobs:?} {stages:?}");
        }
    }

    #[test]
    fn nobody_waits_for_what_is_left_out() {
        let mut plan = plan();
        let choice = Choice { jobs: vec!["ship".into(), "compile".into()], stages: Vec::new() };
        choice.apply(&mut plan).expect("both are there");
        let needs: Vec<_> = plan.jobs[1].needs.iter().flatten().map(|need| need.job.as_str()).collect();
        assert_eq!(needs, ["compile"]);
    }

    #[test]
    fn what_is_left_out_is_known_by_its_place() {
        let mut plan = plan();
        let choice = Choice { jobs: vec!["unit 2/2".into()], stages: Vec::new() };
        choice.apply(&mut plan).expect("it is there");
        let places: Vec<_> =
            plan.left_out.iter().map(|one| format!("{} {} {}", one.job, one.stage_place, one.place)).collect();
        assert_eq!(places, ["compile 0 0", "unit 1/2 1 0", "ship 2 0"]);
    }
}
