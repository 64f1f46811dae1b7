//! The fixed texts: one row each, one column for each language.

use super::Lang;

macro_rules! texts {
    ($(#[$about:meta])* $texts:ident; $($name:ident: $en:literal, $zh:literal;)*) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $texts { $($name,)* }

        const TABLE: &[[&str; 2]] = &[$([$en, $zh],)*];

        impl $texts {
            /// The text in a language.
            pub const fn in_lang(self, lang: Lang) -> &'static str {
                TABLE[self as usize][lang as usize]
            }
        }

        #[cfg(test)]
        mod tests {
            #[test]
            fn no_text_is_missing_or_forgotten() {
                for [en, zh] in super::TABLE {
                    assert!(!en.trim().is_empty() && !zh.trim().is_empty());
                    assert!(!zh.is_ascii(), "{en:?} is not translated: {zh:?}");
                }
            }
        }
    };
}

#[cfg(feature = "ssr")]
pub(crate) use texts;

texts! {
    /// A fixed text of the interface.
    T;

    // Statuses.
    StatusCreated: "waiting", "等待中";
    StatusWaitingForResource: "waiting for resource", "等待资源";
    StatusPreparing: "preparing", "准备中";
    StatusPending: "pending", "排队中";
    StatusRunning: "running", "运行中";
    StatusCanceling: "canceling", "正在取消";
    StatusSuccess: "passed", "通过";
    StatusWarnings: "passed with warnings", "通过（有警告）";
    StatusFailed: "failed", "失败";
    StatusFailedAllowed: "failed (allowed)", "失败（允许）";
    StatusCanceled: "canceled", "已取消";
    StatusSkipped: "skipped", "已跳过";
    StatusManual: "manual", "待手动";
    StatusScheduled: "scheduled", "已计划";

    // Frame.
    SkipToContent: "Skip to content", "跳到正文";
    MainNavigation: "Main navigation", "主导航";
    Dashboard: "Dashboard", "总览";
    Runs: "Runs", "运行";
    Pipelines: "Pipelines", "流水线";
    Schedules: "Schedules", "计划";
    Projects: "Projects", "项目";
    Language: "Language", "语言";
    Theme: "Theme", "外观";
    ThemeAuto: "System", "跟随系统";
    ThemeLight: "Light", "浅色";
    ThemeDark: "Dark", "深色";
    Live: "Live", "实时";
    LiveHint: "Changes appear as they happen", "变化即时显示";
    CatchingUp: "Catching up", "正在同步";
    CatchingUpHint: "The stream is being opened again; what you see may be some seconds old", "正在重新连接，显示内容可能落后几秒";
    Offline: "Offline", "离线";
    OfflineHint: "The server cannot be reached; this page tries again by itself", "无法连接服务器，页面会自动重试";
    Keys: "Keyboard shortcuts", "键盘快捷键";
    KeysHint: "Keys of this page", "本页快捷键";
    KeysOff: "Turn single-key shortcuts off", "关闭单键快捷键";
    KeysOn: "Turn single-key shortcuts on", "开启单键快捷键";
    Close: "Close", "关闭";
    NoScript: "Scripts are off: the page shows the state when it was loaded.", "脚本已关闭：页面显示加载时的状态。";
    Reload: "Load again", "重新加载";

    // Keys.
    KeyHelp: "show this list", "显示此列表";
    KeyFilter: "go to the filter", "转到筛选框";
    KeyMove: "next, previous entry", "下一项、上一项";
    KeyEnds: "first, last entry", "第一项、最后一项";
    KeyEndsLog: "beginning, end of the log", "日志开头、末尾";
    KeyFailure: "next failure", "下一个失败";
    KeyRetry: "retry", "重试";
    KeyPlay: "play", "启动";
    KeyCancel: "cancel", "取消";
    KeyWhy: "why?", "为什么？";
    KeyCopy: "copy a link to what you see", "复制当前页面链接";
    KeyFollow: "follow the log", "跟随日志";
    KeyWrap: "wrap long lines", "自动换行";
    KeyOpen: "open the entry", "打开该项";
    LinkCopied: "Link copied", "链接已复制";

    // Errors.
    NotFound: "Not found", "未找到";
    NotFoundText: "There is nothing at this address. It may have been deleted, or the address has a typing error.", "此地址没有内容。它可能已被删除，或者地址有误。";
    Invalid: "This cannot be done", "无法执行";
    Conflict: "The state has changed meanwhile", "状态已改变";
    Unauthorized: "Sign in first", "请先登录";
    UnauthorizedText: "This is only for people who are signed in.", "此内容仅供已登录的用户查看。";
    SignIn: "Sign in", "登录";
    Forbidden: "Not allowed", "没有权限";
    TooLarge: "Too large", "内容过大";
    Unavailable: "The server cannot do this now", "服务器暂时无法处理";
    Internal: "A fault in the server", "服务器内部错误";
    BackHome: "To the dashboard", "返回总览";
    ErrorText: "The server says:", "服务器返回：";

    // Actions.
    Play: "Play", "启动";
    ConfirmTitle: "Please confirm", "请确认";
    Unschedule: "Unschedule", "取消定时";
    UnscheduleHint: "Wait for somebody instead of its time", "改为等待人工启动";
    Retry: "Retry", "重试";
    Cancel: "Cancel", "取消";
    Delete: "Delete", "删除";
    Save: "Save", "保存";
    Create: "Create", "创建";
    Filter: "Filter", "筛选";
    Reset: "Reset", "重置";
    RetryRunHint: "Run the failed and canceled jobs again", "重新运行失败和已取消的作业";
    CancelRunAsk: "Every job of this run that has not ended is stopped. Their scripts get a few seconds to clean up. Child runs that it started are canceled too.", "此运行中尚未结束的作业都会停止，其脚本有几秒钟时间清理。它启动的子运行也会取消。";
    CancelRunDo: "Cancel the run", "取消此运行";
    CancelJobAsk: "The job's script is stopped; it gets a few seconds to clean up.", "作业脚本将被停止，有几秒钟时间清理。";
    CancelBridgeAsk: "The run that the job has started is canceled with it.", "此作业启动的子运行也会一并取消。";
    CancelJobDo: "Cancel the job", "取消此作业";
    DeleteRunAsk: "The run, its logs and its artifacts are deleted for good, and so are the child runs that it started.", "此运行及其日志和产物将被永久删除，它启动的子运行也一并删除。";
    DeleteRunDo: "Delete the run", "删除此运行";
    DeletePipelineAsk: "The definition is deleted; its runs stay readable.", "定义将被删除，已有的运行仍可查看。";
    DeletePipelineDo: "Delete the pipeline", "删除此流水线";
    Disable: "Disable", "禁用";
    DisablePipelineAsk: "It starts no runs until somebody enables it, whoever asks: no page, no script, no schedule. Runs that are there go on.", "在重新启用之前，任何页面、脚本或定时任务都不能启动它；已有的运行会继续。";
    DisablePipelineDo: "Disable the pipeline", "禁用此流水线";
    Enable: "Enable", "启用";
    PipelineDisabled: "This pipeline is disabled: it starts no runs.", "此流水线已禁用，不会启动新的运行。";
    NothingToRetry: "Nothing has failed or was canceled", "没有失败或已取消的作业";
    JobNotRetryable: "Only a finished job can be retried", "只有已结束的作业可以重试";
    JobRetriedAlready: "There is a later attempt", "已有更新的尝试";
    More: "More", "更多";

    // Dashboard.
    RunningNow: "Running now", "正在运行";
    WaitingForSomebody: "Waiting for somebody", "等待人工操作";
    WaitingHint: "A manual job holds these runs", "这些运行正等待手动作业";
    BrokenNow: "Broken", "已失败";
    AllGood: "Every pipeline's last verdict is good.", "所有流水线最近的结果都是通过。";
    KnownGood: "No pipeline is broken. Not every one has a verdict.", "没有失败的流水线，但并非所有流水线都有结果。";
    NoVerdict: "No verdict yet: no run has passed or failed.", "还没有结果：没有运行通过或失败。";
    WaitingForTime: "Waiting for their time", "等待定时启动";
    WaitingForTimeHint: "A delayed job holds these runs and starts by itself", "这些运行正等待延时作业，它会自动启动";
    NoRunEnded: "No run has ended yet.", "还没有结束的运行。";
    NothingRuns: "Nothing runs.", "当前没有运行。";
    LastRuns: "Last runs", "最近的运行";
    AllRuns: "All runs", "全部运行";
    Queued: "jobs waiting", "作业等待";
    RunningJobs: "jobs running", "作业运行";
    RunnersOnline: "runners online", "执行器在线";
    NoRunner: "No runner is online: jobs wait until one is.", "没有在线的执行器：作业将等待。";
    Health: "Pipelines", "流水线";
    LastTen: "last ten runs, newest on the right", "最近十次运行，最新在右";
    NeverRan: "never ran", "从未运行";
    WellYes: "All is well", "一切正常";
    WelcomeTitle: "Your first pipeline", "第一条流水线";
    WelcomeText: "A pipeline is a text in GitLab's CI language. Create one here, from the command line, or over the API; then start a run and watch it on this page.", "流水线是用 GitLab CI 语言写成的文本。可以在这里、命令行或 API 创建；然后启动运行，在本页观看。";
    WelcomeInBrowser: "In the browser", "在浏览器中";
    WelcomeInBrowserText: "Paste this into the form:", "把下面的内容粘贴到表单：";
    WelcomeInShell: "On the command line", "在命令行";
    WelcomeInShellText: "In the folder that holds your .gitlab-ci.yml:", "在包含 .gitlab-ci.yml 的文件夹中：";
    WelcomeByCurl: "Over the API", "通过 API";
    WelcomeByCurlText: "One call creates, one call starts:", "一次调用创建，一次调用启动：";
    CreatePipeline: "Create a pipeline", "创建流水线";

    // Lists of runs.
    Status: "Status", "状态";
    Pipeline: "Pipeline", "流水线";
    Run: "Run", "运行";
    Ref: "Ref", "引用";
    Commit: "Commit", "提交";
    Person: "Person", "人员";
    Text: "Text", "文本";
    TextHint: "name, key, ref or commit", "名称、标识、引用或提交";
    AnyStatus: "any status", "任意状态";
    AnyPipeline: "any pipeline", "任意流水线";
    Started: "Started", "开始";
    Created: "Created", "创建";
    Finished: "Finished", "结束";
    Duration: "Duration", "时长";
    Stages: "Stages", "阶段";
    NoRuns: "No run yet.", "还没有运行。";
    NoRunsMatch: "No run matches the filter.", "没有符合筛选条件的运行。";
    Older: "Older runs", "更早的运行";
    Newest: "Newest runs", "最新的运行";

    // Run.
    Trigger: "Trigger", "触发";
    SourceWeb: "browser", "浏览器";
    SourceApi: "API or command line", "API 或命令行";
    SourceParent: "a job of another run", "另一运行的作业";
    SourceTrigger: "a trigger", "触发器";
    SourceJob: "a job", "作业";
    SourceSchedule: "a schedule", "计划";
    Graph: "Graph", "图";
    Jobs: "Jobs", "作业";
    Views: "Views", "视图";
    GraphOf: "Stages and jobs of this run", "此运行的阶段与作业";
    Job: "Job", "作业";
    Stage: "Stage", "阶段";
    Needs: "Needs", "依赖";
    Why: "Why?", "为什么？";
    Earlier: "earlier attempt", "较早的尝试";
    Actions: "Actions", "操作";
    Optional: "optional", "可选";
    AllowedToFail: "may fail", "允许失败";
    StartedBy: "Started by", "启动来源";
    ChildRun: "child run", "子运行";
    StartsChild: "starts a child run", "会启动子运行";
    ChildPanel: "Child run", "子运行";
    ChildNotYet: "The job starts a run of its own when its turn comes.", "轮到此作业时，它会启动一个子运行。";
    ChildNone: "The job has started no run.", "此作业没有启动子运行。";
    RunGone: "This run was deleted.", "此运行已被删除。";
    InputPath: "Input", "输入";
    Project: "Project", "项目";
    NoJobs: "This run has no jobs.", "此运行没有作业。";

    // Job.
    Log: "Log", "日志";
    LogOf: "Log of the job", "作业日志";
    LogEmpty: "Nothing printed yet.", "还没有输出。";
    LogEmptyEnded: "The job printed nothing.", "作业没有输出。";
    LogErased: "The log was erased.", "日志已删除。";
    LogNotStarted: "The job has not started.", "作业尚未开始。";
    Raw: "Raw", "原始";
    RawHint: "The whole log as plain text", "完整的纯文本日志";
    Wrap: "Wrap", "换行";
    Follow: "Follow", "跟随";
    FollowHint: "Keep the end of the log in sight", "始终显示日志末尾";
    ToBeginning: "Beginning", "开头";
    ToEnd: "End", "末尾";
    EarlierLines: "Earlier lines", "更早的行";
    LaterLines: "Later lines", "更后的行";
    LineCut: "line cut, see the raw log", "此行过长，请看原始日志";
    FoldAll: "Sections", "折叠";
    FoldAllHint: "Fold or unfold all sections", "折叠或展开所有部分";
    FoldSection: "Fold or unfold this section", "折叠或展开此部分";
    Curl: "With curl", "使用 curl";
    Details: "Details", "详情";
    Runner: "Runner", "执行器";
    ExitCode: "Exit code", "退出码";
    Timeout: "Time limit", "时限";
    QueuedFor: "Queued for", "排队时长";
    Artifacts: "Artifacts", "产物";
    NoArtifacts: "The job left no files.", "作业没有留下文件。";
    Attempts: "Attempts", "尝试";
    Variables: "Variables", "变量";
    NoVariables: "No variables of its own.", "没有自己的变量。";
    Script: "Script", "脚本";
    PlayWith: "Variables for this job, NAME=value, one per line", "此作业的变量，每行一个 NAME=value";
    PlayTitle: "Play this job", "启动此作业";

    Environment: "Environment", "环境";
    Tags: "Tags", "标签";
    Coverage: "Coverage", "覆盖率";
    Tests: "Tests", "测试";
    TestError: "error", "出错";
    AllTests: "All", "全部";
    FailedTests: "Failed only", "仅失败";
    ShowAllTests: "Show all", "全部显示";
    NoTestFailed: "No test failed.", "没有失败的测试。";
    NoTests: "No job has reported tests. A job reports those that it leaves as JUnit XML:", "还没有作业报告测试结果。作业可以这样以 JUnit XML 报告：";
    TestsUnread: "no tests: the report is empty, or it cannot be read", "没有测试：报告为空或无法读取";
    TestsPartlyUnread: "a report is empty, or cannot be read", "有报告为空或无法读取";
    SuiteUnread: "cannot be read", "无法读取";
    NoTestsOfJob: "This job has reported no tests. A job reports those that it leaves as JUnit XML:", "此作业没有报告测试结果。作业可以这样以 JUnit XML 报告：";
    SuiteError: "The report cannot be read:", "无法读取报告：";
    ArtifactClosed: "only jobs get these files (`access: none`)", "只有作业可以获取这些文件（`access: none`）";

    // Environments.
    Environments: "Environments", "环境";
    EnvironmentAvailable: "available", "可用";
    EnvironmentNever: "never deployed", "从未部署";
    EnvironmentStopping: "stopping", "正在停止";
    EnvironmentStopped: "stopped", "已停止";
    TierProduction: "production", "生产";
    TierStaging: "staging", "预发布";
    TierTesting: "testing", "测试";
    TierDevelopment: "development", "开发";
    TierOther: "other", "其他";
    LastDeployment: "Last deployment", "最近的部署";
    LiveDeployment: "live", "在线版本";
    LiveDeploymentHint: "What stands there: the newest deployment that went well", "当前生效的版本：最近一次成功的部署";
    StopEnvironment: "Stop", "停止";
    NoEnvironments: "No environment yet. A job that names one makes it when it starts:", "还没有环境。指定了环境的作业启动时会创建它：";

    // Settings.
    Settings: "Settings", "设置";
    VariablesOfProject: "Variables of this project", "此项目的变量";

    // Pipeline.
    Definition: "Definition", "定义";
    DefinitionMissing: "The source cannot be read now.", "目前无法读取来源。";
    DefinitionOfProject: "This definition comes from the project's .gitlab-ci.yml; change it there.", "此定义来自项目的 .gitlab-ci.yml，请在那里修改。";
    Edit: "Edit", "编辑";
    EditorLabel: "The pipeline's definition (.gitlab-ci.yml)", "流水线定义（.gitlab-ci.yml）";
    Valid: "Valid", "有效";
    Checking: "checking", "检查中";
    Plan: "Plan", "计划";
    EstimateHint: "By what its jobs took the last time they passed, along the longest chain of them, when runners are free", "根据各作业上次通过所用时间，按最长的依赖链估算，假设有空闲的执行器";
    PlanEmpty: "No plan: the definition has errors.", "没有计划：定义有错误。";
    PlanRefused: "No plan: such a run cannot be started.", "没有计划：这样的运行无法启动。";
    Documentation: "What the documentation says", "查看文档说明";
    Excluded: "Not in the run", "不在运行中";
    Error: "error", "错误";
    Warning: "warning", "警告";
    Hint: "hint", "提示";
    StartRun: "Start a run", "启动运行";
    StartRunDo: "Start", "启动";
    RefLabel: "Branch, tag or commit", "分支、标签或提交";
    RefHint: "empty: the default branch", "留空：默认分支";
    MoreVariables: "More variables, NAME=value, one per line", "更多变量，每行一个 NAME=value";
    InputPathLabel: "Input path (INPUT_PATH)", "输入路径（INPUT_PATH）";
    NoPipelines: "No pipeline yet.", "还没有流水线。";
    NoRunsOfPipeline: "This pipeline never ran.", "此流水线从未运行。";
    NewPipeline: "New pipeline", "新建流水线";
    Key: "Key", "标识";
    KeyField: "Key (how scripts call it)", "标识（脚本使用的名称）";
    NameField: "Name (empty: the key)", "名称（留空则用标识）";
    DescriptionField: "Description", "描述";
    ProjectField: "Project", "项目";
    ProjectDefault: "default project", "默认项目";
    DefinitionField: "Definition (empty: the project's own .gitlab-ci.yml)", "定义（留空：使用项目自己的 .gitlab-ci.yml）";
    Updated: "Changed", "更改";
    Source: "Source", "来源";
    Name: "Name", "名称";
}
