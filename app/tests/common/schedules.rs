//! Schedules: one of one's own, one that did not start, one that rests. What people typed is hostile.

use app::service::Schedules;
use async_trait::async_trait;
use model::plan::Variable;
use model::{
    Caller, CronFields, CronTime, CronTimes, Error, ProjectId, Run, RunId, Schedule, ScheduleChanges, ScheduleDraft,
    ScheduleFailure, ScheduleId, ScheduleOwner, ScheduleVariableChange, ScheduleView, SchedulesView, Seq, Status,
    UserId,
};

use super::Fixture;
use super::data::{at, run};

pub fn schedules() -> Vec<ScheduleView> {
    let owner = |id, name: &str, is_active| {
        Some(ScheduleOwner { id: UserId(id), name: name.into(), full_name: name.into(), is_active })
    };
    let draft = |description: &str, cron: &str| ScheduleDraft {
        description: description.into(),
        cron: cron.into(),
        timezone: "Europe/Berlin".into(),
        git_ref: "refs/heads/main".into(),
        ..ScheduleDraft::default()
    };
    let schedule = |id, draft, owner| Schedule {
        id: ScheduleId(id),
        project_id: ProjectId(1),
        project_path: "demo/shop".parse().unwrap(),
        owner,
        draft,
        next_run_at: Some(at(3600 * id)),
        failure: None,
        created_at: at(-9000),
        updated_at: at(-8000),
        version: Seq(700 + id),
    };
    let fields = || {
        let weekdays = Some(vec![1, 2, 3, 4, 5]);
        Some(CronFields { minutes: vec![30], hours: vec![2], weekdays, ..CronFields::default() })
    };
    let view = |schedule, last_run| ScheduleView {
        schedule,
        fields: fields(),
        last_run,
        variables: None,
        may_change: true,
        is_own: true,
    };
    let nightly = schedule(5, draft("Nightly <b>scan</b>", "30 2 * * 1-5"), owner(1, "ada", true));
    let gone = Schedule {
        failure: Some(ScheduleFailure {
            at: at(-60),
            message: "its owner Grace is deactivated <script>alert(5)</script>".into(),
        }),
        ..schedule(6, draft("weekly report \u{202e}", "@weekly"), owner(2, "Grace", false))
    };
    let rests = ScheduleDraft { is_active: false, ..draft("old", "*/15 * * * *") };
    let rests = Schedule { next_run_at: None, ..schedule(7, rests, None) };
    vec![
        view(nightly, Some(run(40, Status::Success))),
        ScheduleView { is_own: false, ..view(gone, Some(run(39, Status::Failed))) },
        ScheduleView { is_own: false, may_change: false, ..view(rests, None) },
    ]
}

#[async_trait]
impl Schedules for Fixture {
    async fn schedules(&self, _: &Caller, project: Option<ProjectId>) -> Result<SchedulesView, Error> {
        let mut list = if self.empty { Vec::new() } else { schedules() };
        list.retain(|one| project.is_none_or(|id| one.schedule.project_id == id));
        let projects = vec![(ProjectId(1), "demo/shop".parse().unwrap())];
        Ok(SchedulesView { seq: Seq(900), schedules: list, projects })
    }
    async fn schedule(&self, _: &Caller, id: ScheduleId) -> Result<ScheduleView, Error> {
        let found = schedules().into_iter().find(|one| one.schedule.id == id);
        let mut view = found.ok_or_else(|| Error::not_found("schedule"))?;
        let file = Variable { file: true, ..Variable::new("CONFIG", "a: <b>scan</b>\n") };
        view.variables = view.may_change.then(|| vec![Variable::new("MODE", "full & fast"), file]);
        Ok(view)
    }
    async fn create_schedule(
        &self,
        caller: &Caller,
        _: ProjectId,
        draft: ScheduleDraft,
        _: Vec<Variable>,
    ) -> Result<ScheduleView, Error> {
        self.cron_times(caller, &draft.cron, &draft.timezone).await?;
        self.schedule(caller, ScheduleId(5)).await
    }
    async fn change_schedule(
        &self,
        caller: &Caller,
        id: ScheduleId,
        _: ScheduleChanges,
    ) -> Result<ScheduleView, Error> {
        self.schedule(caller, id).await
    }
    async fn change_schedule_variable(
        &self,
        _: &Caller,
        _: ScheduleId,
        _: ScheduleVariableChange,
    ) -> Result<Variable, Error> {
        Ok(Variable::new("MODE", "full"))
    }
    async fn delete_schedule(&self, caller: &Caller, id: ScheduleId) -> Result<(), Error> {
        self.schedule(caller, id).await.map(|_| ())
    }
    async fn take_schedule(&self, caller: &Caller, id: ScheduleId) -> Result<(ScheduleView, bool), Error> {
        Ok((self.schedule(caller, id).await?, true))
    }
    async fn play_schedule(&self, caller: &Caller, id: ScheduleId) -> Result<Run, Error> {
        self.schedule(caller, id).await?;
        Ok(run(RunId(42).0, Status::Running))
    }
    async fn cron_times(&self, _: &Caller, cron: &str, timezone: &str) -> Result<CronTimes, Error> {
        if cron.split_whitespace().count() != 5 && !cron.starts_with('@') {
            return Err(Error::invalid("cron: syntax is invalid"));
        }
        if timezone.contains("Mars") {
            return Err(Error::invalid("cron_timezone: syntax is invalid"));
        }
        let fields = CronFields {
            minutes: vec![30],
            hours: vec![2],
            weekdays: Some(vec![1, 2, 3, 4, 5]),
            ..CronFields::default()
        };
        let time = |day: u8| CronTime {
            at: at(i64::from(day) * 86_400),
            local: format!("2026-12-0{day} 02:30"),
            offset: "CET".into(),
            weekday: (day + 1) % 7,
        };
        Ok(CronTimes { fields, next: (1..=5).map(time).collect() })
    }
    fn timezones(&self) -> Vec<String> {
        ["America/New_York", "Asia/Shanghai", "Europe/Berlin", "UTC"].map(str::to_owned).into()
    }
}
