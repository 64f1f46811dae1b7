//! The fixed texts of these pages: one row each, one column for each language.

use crate::i18n::Lang;
use crate::i18n::text::texts;

impl Lang {
    /// A fixed text of a page that only the server renders.
    pub const fn w(self, text: W) -> &'static str {
        text.in_lang(self)
    }
}

texts! {
    /// A fixed text of a page that only the server renders.
    W;

    // Who is signed in.
    SignOut: "Sign out", "退出";
    AccountYours: "Your account", "您的账户";
    Account: "Account", "账户";
    Users: "Users", "用户";
    Audit: "Audit log", "审计日志";
    UserName: "User name", "用户名";
    Password: "Password", "密码";
    PasswordForgotten: "No password, or forgotten? An administrator makes you a link that sets a new one.", "没有密码或忘记了密码？管理员可以为您生成设置新密码的链接。";
    FullName: "Full name (optional)", "姓名（可选）";
    Email: "E-mail", "电子邮箱";
    EmailOptional: "E-mail (optional)", "电子邮箱（可选）";
    PasswordNew: "New password", "新密码";
    PasswordAgain: "The same again", "再次输入";
    PasswordHint: "8 to 128 characters. The longer the better; a sentence is good.", "8 至 128 个字符。越长越好，一句话就很合适。";
    PasswordSet: "Set your password", "设置密码";
    PasswordSetText: "With it you sign in from now on. You are signed out everywhere else.", "此后用它登录。您在其他地方的登录将全部退出。";
    LinkGone: "This link is of no use any more", "此链接已失效";
    LinkGoneText: "It sets a password once and only for a while: it was used, it has expired, or it was not copied whole. Ask an administrator of this server for a new one.", "它只能设置一次密码且有时间限制：可能已被使用、已过期或复制不完整。请向此服务器的管理员索取新链接。";
    ToSignIn: "Go to sign in", "前往登录";
    WelcomeTitle: "Begin with Weir", "开始使用 Weir";
    WelcomeText: "This server runs pipelines: jobs that a definition describes, with their logs, artifacts and secrets. You become its administrator; next you create a project with a first pipeline, and let others in.", "此服务器运行流水线：由定义描述的作业及其日志、产物和机密。您将成为它的管理员；接下来创建项目和第一条流水线，并让其他人加入。";
    WelcomeDo: "Become administrator", "成为管理员";
    WelcomeNoKey: "The first administrator is made by a link that the server prints on its terminal when it starts:", "第一位管理员通过服务器启动时在终端打印的链接创建：";
    WelcomeWrongKey: "This link is of no use: it was used already, or the server was started again and printed a new one. Look at its terminal:", "此链接无效：可能已被使用，或者服务器重新启动后打印了新的链接。请查看它的终端：";
    WelcomeNoKeyText: "Copy all of it. Where an administrator is there already, the server prints none: sign in, or ask them for an account.", "请完整复制。如果已有管理员，服务器不会打印链接：请登录，或向管理员申请账户。";

    // The own account.
    Profile: "Profile", "个人资料";
    Saved: "Saved.", "已保存。";
    PasswordChange: "Change the password", "更改密码";
    PasswordOld: "Password until now", "当前密码";
    PasswordChanged: "The password has changed. All other sessions have ended.", "密码已更改，其他会话均已结束。";
    Sessions: "Sessions", "会话";
    SessionsText: "Where you are signed in. End what you do not know, and change the password then.", "您的登录位置。请结束不认识的会话，然后更改密码。";
    Browser: "Browser", "浏览器";
    Address: "Address", "地址";
    Since: "Since", "开始于";
    LastUsed: "Last used", "最近使用";
    ThisSession: "this one", "当前会话";
    SessionEnd: "End", "结束";
    SessionEndOthers: "End all others", "结束其他全部";
    SessionsOnlyThis: "You are signed in nowhere else.", "您没有在其他地方登录。";
    Unknown: "unknown", "未知";
    Never: "never", "从未";
    NeverExpires: "never", "永不";
    Tokens: "Personal tokens", "个人令牌";
    TokensText: "Scripts and clients act as you with them: by the REST APIs and on the command line.", "脚本和客户端用令牌以您的身份操作：REST API 和命令行。";
    NoTokens: "No token yet. Make one below; in a shell it is used like this:", "还没有令牌。在下方创建后，可在终端中这样使用：";
    TokenName: "Name", "名称";
    TokenNameHint: "Where it is used, such as “laptop”.", "使用的地方，例如“笔记本电脑”。";
    TokenScope: "It may", "权限";
    ScopeApi: "do everything that you may", "执行您有权限的一切操作";
    ScopeRead: "only read", "只读";
    TokenExpires: "Ends on", "到期日";
    TokenExpiresHint: "The last day (UTC); empty for never.", "最后一天（UTC）；留空表示永不到期。";
    TokenEnds: "Ends", "到期";
    TokenCreate: "Make a token", "创建令牌";
    Rotate: "Make anew", "重新生成";
    Revoke: "Revoke", "撤销";
    TokenNew: "The new token", "新令牌";
    OnlyNow: "Copy it now: it is not shown again, to nobody.", "请立即复制：此后任何人都无法再查看。";
    UseToken: "Use it in a shell:", "在终端中使用：";
    UseTrigger: "Start a run with it:", "用它启动运行：";
    OnceGone: "What this address showed was shown once. If you have not copied it, make a new one and revoke the old one.", "此地址的内容只显示一次。如果没有复制，请重新创建并撤销旧的。";
    Keys: "Access keys (AK/SK)", "访问密钥（AK/SK）";
    KeysText: "Huawei's CodeArts SDKs sign their requests with them.", "华为 CodeArts SDK 用它们为请求签名。";
    NoKeys: "No access key yet. An SDK takes it from its environment:", "还没有访问密钥。SDK 从环境变量中读取：";
    KeyAccess: "Access key", "访问密钥";
    KeyProject: "Project", "项目";
    KeyAnyProject: "any project", "任意项目";
    KeyCreate: "Make an access key", "创建访问密钥";
    KeyNew: "The new access key", "新访问密钥";
    UseKey: "Set it for an SDK:", "为 SDK 设置：";

    // Users.
    UserFind: "Search", "搜索";
    UserFindHint: "name, full name or e-mail", "用户名、姓名或电子邮箱";
    UserState: "State", "状态";
    UserActive: "active", "启用";
    UserInactive: "deactivated", "已停用";
    UserNoPassword: "no password yet", "尚无密码";
    UserBot: "of a project's token", "项目令牌";
    UserAdmin: "administrator", "管理员";
    UserSeen: "Last seen", "最近活动";
    UserNew: "Add a user", "添加用户";
    UserNewDo: "Add", "添加";
    UserAdminHint: "May do everything, everywhere on this server.", "可在此服务器上执行任何操作。";
    UserEdit: "Change", "更改";
    UserDeactivate: "Deactivate", "停用";
    UserActivate: "Activate", "启用";
    UserReset: "New password", "重置密码";
    UserGone: "There is no such user.", "没有此用户。";
    NoUsersFound: "Nobody by that name.", "没有符合的用户。";
    LinkNew: "A link that sets a password", "设置密码的链接";

    // The audit log.
    AuditWhen: "When", "时间";
    AuditWho: "Who", "用户";
    AuditWhat: "Action", "操作";
    AuditTarget: "On what", "对象";
    AuditChanges: "Changes", "变更";
    AuditNobody: "nobody", "未登录";
    AuditActionHint: "how it begins, such as user. or run.cancel", "操作前缀，例如 user. 或 run.cancel";
    AuditSince: "From (UTC)", "起始日（UTC）";
    AuditUntil: "To (UTC)", "截止日（UTC）";
    AuditOlder: "Older entries", "更早的记录";
    AuditNewest: "Newest entries", "最新的记录";
    AuditExport: "As a file:", "导出：";
    NoAudit: "Nothing is recorded that fits. What people change is recorded here: who, by what means, from where, and what it was before.", "没有符合的记录。所有变更都会记录在此：何人、以何种方式、从何处，以及变更前的内容。";
    Nothing: "nothing", "无";

    // Projects and namespaces.
    PlacePath: "Path", "路径";
    PlaceRole: "Your role", "您的角色";
    PlaceNamespace: "namespace", "命名空间";
    PlaceNew: "New project", "新建项目";
    PlacePathHint: "Namespace and name, such as shop/web.", "命名空间和名称，例如 shop/web。";
    PlaceSource: "Source (optional)", "来源（可选）";
    PlaceSourceHint: "The address of a git repository; administrators may also name a folder of the server.", "git 仓库地址；管理员也可以填写服务器上的文件夹。";
    PlaceVisibility: "Who sees it", "可见范围";
    NoPlaces: "No project yet. A project holds pipelines, their variables and their members. Make one here or on the command line:", "还没有项目。项目包含流水线、变量和成员。可以在这里或用命令行创建：";
    NoPlacesSeen: "There is no project that you see. Ask a maintainer to make you a member, with your user name.", "没有您可见的项目。请让维护者用您的用户名将您添加为成员。";
    VisibilityPrivate: "its members", "成员";
    VisibilityInternal: "whoever is signed in", "所有已登录用户";
    VisibilityPublic: "everybody", "所有人";
    RoleNobody: "no role", "无角色";
    RoleGuest: "guest", "访客";
    RoleReporter: "reporter", "报告者";
    RoleDeveloper: "developer", "开发者";
    RoleMaintainer: "maintainer", "维护者";
    RoleOwner: "owner", "所有者";
    RoleAdministrator: "administrator", "管理员";
    TabOverview: "Overview", "概览";
    TabMembers: "Members", "成员";
    TabSettings: "Settings", "设置";
    TabTokens: "Tokens", "令牌";
    TabPermissions: "Permissions", "权限";
    TabRedact: "A secret leaked", "机密泄露";
    PlaceId: "Number", "编号";
    PlaceUid: "Uid", "唯一标识（Uid）";
    NoPipelinesHere: "No pipeline yet.", "还没有流水线。";
    MembersOf: "Members", "成员";
    MemberRole: "Role", "角色";
    MemberSince: "Since", "开始于";
    MemberAdd: "Add a member", "添加成员";
    MemberAddHint: "Who is a member already gets this role.", "已是成员的用户将改为此角色。";
    MemberChange: "Change", "更改";
    MemberRemove: "Remove", "移除";
    NoMembers: "No member yet. Administrators may do everything here anyway.", "还没有成员。管理员始终拥有全部权限。";
    PublicJobs: "Runs and logs are for all of them", "运行和日志对其全部可见";
    PublicJobsHint: "Whoever sees the project sees its runs, logs and artifacts too; otherwise only reporters and above.", "能看到项目的人也能看到其运行、日志和产物；否则仅限报告者及以上角色。";
    ProtectDefault: "The default branch is protected", "默认分支受保护";
    ProtectDefaultHint: "Only its runs and those of other protected refs get protected variables. Developers may start them; those of the refs below, only maintainers.", "只有它和其他受保护引用的运行能获得受保护变量。开发者可以启动默认分支的运行；下列引用的运行只有维护者可以启动。";
    Protected: "Other protected branches and tags", "其他受保护的分支和标签";
    ProtectedHint: "One per line: branch release/* or tag v*.", "每行一个：branch release/* 或 tag v*。";
    ProjectDelete: "Delete the project", "删除项目";
    ProjectDeleteText: "Its pipelines, runs, logs, artifacts, variables and environments are deleted for good. Running jobs are stopped first.", "其流水线、运行、日志、产物、变量和环境将被永久删除，运行中的作业会先停止。";
    ProjectTokens: "Project tokens", "项目令牌";
    ProjectTokensText: "A project token acts as a user of its own, with a role in this project and no other.", "项目令牌以独立用户的身份操作，仅在此项目中拥有角色。";
    NoProjectTokens: "No project token yet.", "还没有项目令牌。";
    Triggers: "Trigger tokens", "触发令牌";
    TriggersText: "A trigger token starts runs of this project, as the user who made it, and does nothing else.", "触发令牌以创建者的身份启动此项目的运行，别无他用。";
    NoTriggers: "No trigger token yet. With one, a run starts like this:", "还没有触发令牌。有了它可以这样启动运行：";
    TriggerCreate: "Make a trigger token", "创建触发令牌";
    MadeBy: "Made by", "创建者";
    ProjectScopeApi: "everything its role may", "其角色允许的一切操作";
    PermissionsTitle: "What may somebody do here, and why not?", "某人在此处可以做什么，为什么不能？";
    PermissionsOf: "Who", "用户";
    PermissionsHint: "A user name; empty for you.", "用户名；留空表示您自己。";
    PermissionsNobody: "somebody who is not signed in", "未登录的访客";
    PermissionsShow: "Show", "显示";
    PermissionsAction: "To", "操作";
    PermissionsMay: "May", "允许";
    PermissionsWhy: "Why", "原因";
    Yes: "yes", "是";
    No: "no", "否";
    RedactTitle: "A secret leaked into a log", "机密泄露到日志中";
    RedactText: "Change the secret first, where it is good: whoever has seen it has it. Then type it here, and it is blanked in the stored logs of this project's finished jobs. It is kept nowhere.", "请先在使用处更换该机密：看过它的人已经拥有它。然后在此输入，它将从此项目已结束作业的日志中抹去。它不会被保存。";
    RedactValue: "The value that leaked", "泄露的值";
    RedactDo: "Blank it in all logs", "在所有日志中抹去";
    RedactDone: "Done", "完成";
    RedactNone: "No log had it.", "没有日志含有它。";
    RedactNotSearched: "Not looked through: artifacts, reports, values of run variables, and the logs of jobs that still run. Look there yourself, and blank it again when these jobs have ended.", "未检查的内容：产物、报告、运行变量的值，以及仍在运行的作业的日志。请自行查看，并在这些作业结束后再次抹去。";
    RedactViewers: "Who had opened these logs before", "此前打开过这些日志的人";
    RedactNoViewers: "Nobody had opened them.", "没有人打开过。";

    // Runners.
    Runners: "Runners", "执行器";
    RunnersText: "A runner is a program that takes jobs, runs them and sends back what they print. This server has one of its own, unless it was started with --no-runner. Another one is needed where jobs want another machine: more of them at a time, another operating system or processor, a network that the server is not in, or a place where they cannot reach the server's own files.", "执行器是领取作业、运行作业并传回输出的程序。除非以 --no-runner 启动，此服务器自带一个执行器。当作业需要另一台机器时才需要更多执行器：同时运行更多作业、其他操作系统或处理器、服务器不在其中的网络，或者不应接触服务器自身文件的环境。";
    RunnersOfProjectText: "A runner is a program that takes jobs, runs them and sends back what they print. Jobs of this project run on the server's runners, and on those made here, which take jobs of no other project: for a machine of your own, with its tools, network or keys.", "执行器是领取作业、运行作业并传回输出的程序。此项目的作业在服务器的执行器上运行，也在此处创建的执行器上运行；后者不接受其他项目的作业，适用于您自己的机器及其工具、网络或密钥。";
    NoRunners: "No runner yet, so every job waits. Make one below; its token is used like this.", "还没有执行器，所有作业都会等待。请在下方创建一个，其令牌的用法如下。";
    NoRunnersOfProject: "No runner for this project alone. Make one below; its token is used like this.", "还没有此项目专用的执行器。请在下方创建一个，其令牌的用法如下。";
    RunnerName: "Name", "名称";
    RunnerNameHint: "Where it is, such as “mac mini in the lab”.", "所在的位置，例如“实验室的 Mac mini”。";
    RunnerTakes: "Takes jobs", "接受的作业";
    RunnerTags: "Tags (optional)", "标签（可选）";
    RunnerTagsHint: "Comma separated, such as linux, docker. It takes jobs whose tags are all among these.", "以逗号分隔，例如 linux, docker。作业的标签全部在其中时才会接受。";
    RunnerUntagged: "jobs without tags", "无标签的作业";
    RunnerUntaggedHint: "Otherwise only jobs that ask for one of its tags.", "否则只接受要求其标签的作业。";
    RunnerProtected: "only of protected refs", "仅限受保护的引用";
    RunnerProtectedHint: "Only jobs of protected branches and tags; for machines that hold what others must not reach.", "仅限受保护分支和标签的作业；适用于存放他人不可接触内容的机器。";
    RunnerAnyProject: "all projects", "所有项目";
    RunnerOnline: "online", "在线";
    RunnerOffline: "offline", "离线";
    RunnerPaused: "paused", "已暂停";
    RunnerPause: "Pause", "暂停";
    RunnerResume: "Resume", "恢复";
    RunnerRotate: "New token", "新令牌";
    RunnerDelete: "Delete", "删除";
    RunnerOwn: "the server's own", "服务器自带";
    RunnerAdd: "Add a runner", "添加执行器";
    RunnerCreate: "Make a runner", "创建执行器";
    RunnerGone: "There is no such runner here any more.", "此处已没有该执行器。";
    RunnerNew: "The runner's token", "执行器令牌";
    UseRunnerGitlab: "On the machine that is to run jobs, with GitLab Runner:", "在要运行作业的机器上，使用 GitLab Runner：";
    UseRunnerWeir: "Or with Weir itself, once the token stands in the file runner.token:", "或使用 Weir 自身，先将令牌存入文件 runner.token：";

    // CI/CD variables.
    CiVariables: "CI/CD variables", "CI/CD 变量";
    VariablePlaces: "Whose variables", "变量的归属";
    VariablePrecedence: "A run gets the variables of the instance, of its namespaces and of its project. Of two of the same name the project's beats the namespace's, and that one beats the instance's; variables of the run itself beat all of them.", "每个运行都会获得实例、所属命名空间和所属项目的变量。同名时，项目的优先于命名空间的，命名空间的优先于实例的；运行自身的变量优先于以上所有。";
    VariableInstance: "Instance", "实例";
    VariableNamespace: "namespace", "命名空间";
    VariableProject: "project", "项目";
    VariablesElsewhere: "Of another project or namespace", "其他项目或命名空间";
    VariableKey: "Key", "变量名";
    VariableKeyHint: "Letters, digits and _.", "字母、数字和 _。";
    VariableValue: "Value", "值";
    VariableValueKept: "Left empty, the value stays as it is.", "留空则保持原值。";
    VariableShow: "Show", "显示";
    VariableHide: "Hide", "收起";
    VariableEmpty: "empty", "空";
    VariableTraits: "Properties", "属性";
    VariableType: "Type", "类型";
    VariableEnv: "variable", "变量";
    VariableEnvHint: "Jobs have the value in their environment.", "作业的环境变量中直接包含此值。";
    VariableFile: "file", "文件";
    VariableFileHint: "Jobs have the value in a file, and the path of that file in their environment.", "此值写入文件，作业的环境变量中是该文件的路径。";
    VariableVisibility: "Visibility", "可见性";
    VariableVisible: "visible", "可见";
    VariableVisibleHint: "Logs show the value where scripts print it.", "脚本打印此值时，日志会显示它。";
    VariableMasked: "masked", "已遮盖";
    VariableMaskedHint: "Logs have [MASKED] in place of the value.", "日志中以 [MASKED] 代替此值。";
    VariableHidden: "hidden", "不可查看";
    VariableMaskedAndHidden: "masked and hidden", "遮盖且不可查看";
    VariableHiddenHint: "Masked, and once it is saved the value is never shown again, to nobody; this cannot be undone.", "除遮盖外，保存后任何人都无法再查看此值；此设置不可撤销。";
    VariableLimits: "Limits", "限制";
    VariableProtected: "protected", "受保护";
    VariableProtectedHint: "Only runs of protected branches and tags get it.", "只有受保护的分支和标签的运行才能获得。";
    VariableRaw: "raw", "原样";
    VariableRawHint: "A $ in the value stays as it is; otherwise $NAME in it becomes the value of that variable (“Expand variable reference” in GitLab).", "值中的 $ 保持不变；否则其中的 $NAME 会替换为该变量的值（GitLab 中的“展开变量引用”）。";
    VariableScope: "Environment scope", "环境范围";
    VariableScopeHint: "Only jobs for this environment get it; * stands for any part of its name, and alone for every job, with or without an environment.", "只有针对此环境的作业才能获得；* 代表名称的任意部分，单独的 * 表示所有作业，无论是否有环境。";
    VariableDescriptionHint: "What it is for, and where the value comes from.", "用途，以及值的来源。";
    VariableNew: "Add a variable", "添加变量";
    VariableChange: "Change", "更改";
    VariableGone: "The variable that was to be changed is not here any more.", "要更改的变量已不存在。";
    VariableLost: "The value that you typed was not kept, because it may be a secret: type it again.", "您输入的值可能是机密，因此未被保留：请重新输入。";
    VariableLostKept: "The value that you typed was not kept, because it may be a secret: type it again, or the saved one stays.", "您输入的值可能是机密，因此未被保留：请重新输入，否则保持已保存的值。";
    NoVariablesKept: "No variable yet. A variable keeps what jobs need and a definition should not hold: addresses, accounts, tokens. Jobs find it in their environment:", "还没有变量。变量保存作业需要、但不应写入定义的内容：地址、账户、令牌。作业可在环境变量中获得：";
    NoVariablesMasked: "Logs never show the value of a masked variable: they have [MASKED] in its place.", "日志绝不会显示已遮盖变量的值，而以 [MASKED] 代替。";
}
