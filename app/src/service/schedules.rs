//! Runs that start by the clock: the part of the service that is about schedules.

use async_trait::async_trait;
use model::plan::Variable;
use model::{
    Caller, CronTimes, Error, ProjectId, Run, ScheduleChanges, ScheduleDraft, ScheduleId, ScheduleVariableChange,
    ScheduleView, SchedulesView,
};

/// One method per use case.
#[async_trait]
pub trait Schedules: Send + Sync + 'static {
    /// Every schedule that the caller sees, or those of one project.
    async fn schedules(&self, caller: &Caller, project: Option<ProjectId>) -> Result<SchedulesView, Error>;
    /// A schedule, with its variables for who may see them.
    async fn schedule(&self, caller: &Caller, id: ScheduleId) -> Result<ScheduleView, Error>;
    /// Makes a schedule, which starts runs as the caller.
    async fn create_schedule(
        &self,
        caller: &Caller,
        project: ProjectId,
        draft: ScheduleDraft,
        variables: Vec<Variable>,
    ) -> Result<ScheduleView, Error>;
    /// Changes a schedule.
    async fn change_schedule(
        &self,
        caller: &Caller,
        id: ScheduleId,
        changes: ScheduleChanges,
    ) -> Result<ScheduleView, Error>;
    /// Changes one variable of a schedule; what it is now, or what it was when it is taken away.
    async fn change_schedule_variable(
        &self,
        caller: &Caller,
        id: ScheduleId,
        change: ScheduleVariableChange,
    ) -> Result<Variable, Error>;
    /// Deletes a schedule; the runs that it started stay.
    async fn delete_schedule(&self, caller: &Caller, id: ScheduleId) -> Result<(), Error>;
    /// The schedule starts runs as the caller from now on; whether it did not before.
    async fn take_schedule(&self, caller: &Caller, id: ScheduleId) -> Result<(ScheduleView, bool), Error>;
    /// Starts the run of a schedule now, as its owner. When it is due next stays as it is.
    async fn play_schedule(&self, caller: &Caller, id: ScheduleId) -> Result<Run, Error>;
    /// What a cron expression means on the clocks of a time zone, and when that is next.
    async fn cron_times(&self, caller: &Caller, cron: &str, timezone: &str) -> Result<CronTimes, Error>;
    /// The names of all time zones.
    fn timezones(&self) -> Vec<String>;
}
