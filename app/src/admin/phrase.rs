//! Texts with something in them, and words for what is chosen from.

use model::{JobId, Role, TokenScope, Visibility};

use super::text::W;
use crate::i18n::Lang;

impl Lang {
    /// What deleting a CI/CD variable will do.
    pub fn ask_delete_variable(self, key: &str) -> String {
        match self {
            Self::En => format!("{key} and its value are deleted for good. Jobs that start from now on do not get it."),
            Self::Zh => format!("{key} 及其值将被永久删除，此后启动的作业不再获得它。"),
        }
    }

    /// What deleting a schedule will do.
    pub fn ask_delete_schedule(self, name: &str) -> String {
        match self {
            Self::En => format!("{name} is deleted for good, with its variables. The runs that it started stay."),
            Self::Zh => format!("{name} 及其变量将被永久删除。由它启动的运行会保留。"),
        }
    }

    /// What taking a schedule over will do.
    pub fn ask_take_schedule(self, name: &str) -> String {
        match self {
            Self::En => format!("{name} starts its runs as you from now on, with what you may."),
            Self::Zh => format!("{name} 此后将以您的身份和权限启动运行。"),
        }
    }

    /// What ending a token will do.
    pub fn ask_revoke(self, name: &str) -> String {
        match self {
            Self::En => format!("{name} ends at once: whatever uses it is refused from then on."),
            Self::Zh => format!("{name} 将立即失效：使用它的程序此后都会被拒绝。"),
        }
    }

    /// What making a token anew will do.
    pub fn ask_rotate(self, name: &str) -> String {
        match self {
            Self::En => format!("{name} gets a new text, and the one that it has ends at once."),
            Self::Zh => format!("{name} 将获得新的内容，原有内容立即失效。"),
        }
    }

    /// What making a pair of keys anew will do.
    pub fn ask_rotate_key(self, access: &str) -> String {
        match self {
            Self::En => format!("A new pair takes the place of {access}, which ends at once."),
            Self::Zh => format!("新的密钥对将取代 {access}，后者立即失效。"),
        }
    }

    /// What a new token of a runner will do.
    pub fn ask_rotate_runner(self, name: &str) -> String {
        match self {
            Self::En => {
                format!(
                    "{name} gets a new token. The one that it has ends at once: until it has the new one, it takes no jobs."
                )
            }
            Self::Zh => format!("{name} 将获得新令牌，原有令牌立即失效：换上新令牌之前它不会接受作业。"),
        }
    }

    /// What deleting a runner will do.
    pub fn ask_delete_runner(self, name: &str) -> String {
        match self {
            Self::En => format!("{name} and its token are gone for good. Jobs that only it takes wait from then on."),
            Self::Zh => format!("{name} 及其令牌将被永久删除；此后只有它能接受的作业将一直等待。"),
        }
    }

    /// "2 jobs run on it".
    pub fn runs_on_it(self, jobs: u64) -> String {
        match self {
            Self::En if jobs == 1 => "1 job runs on it".to_owned(),
            Self::En => format!("{jobs} jobs run on it"),
            Self::Zh => format!("正在运行 {jobs} 个作业"),
        }
    }

    /// What deactivating a user will do.
    pub fn ask_deactivate(self, name: &str) -> String {
        match self {
            Self::En => {
                format!("{name} is signed out everywhere and cannot sign in; tokens stop to work. It can be undone.")
            }
            Self::Zh => format!("{name} 将在所有地方退出登录且无法再登录，令牌停止工作。可以恢复。"),
        }
    }

    /// What a link for a new password will do.
    pub fn ask_reset(self, name: &str) -> String {
        match self {
            Self::En => format!("A link is made by which {name} sets a new password. The old one works until then."),
            Self::Zh => format!("将生成一个链接，{name} 可用它设置新密码；在此之前旧密码仍然有效。"),
        }
    }

    /// What taking a role away will do.
    pub fn ask_remove(self, name: &str) -> String {
        match self {
            Self::En => format!("{name} loses the role at this place. What was started stays."),
            Self::Zh => format!("{name} 将失去在此处的角色，已启动的内容保留。"),
        }
    }

    /// "inherited from shop".
    pub fn inherited(self, from: &str) -> String {
        match self {
            Self::En => format!("from {from}"),
            Self::Zh => format!("来自 {from}"),
        }
    }

    /// Whose password a link sets, and until when.
    pub fn link_is_for(self, user: &str, until: &str) -> String {
        match self {
            Self::En => format!(
                "By this link {user} sets a password: once, until {until} UTC. Send it to nobody else; it is not shown again."
            ),
            Self::Zh => {
                format!("{user} 可用此链接设置密码：仅限一次，有效期至 {until} UTC。请勿发给他人；它不会再次显示。")
            }
        }
    }

    /// What is to be typed before a project is deleted.
    pub fn type_path(self, path: &str) -> String {
        match self {
            Self::En => format!("Type {path}"),
            Self::Zh => format!("输入 {path}"),
        }
    }

    /// "17 logs were looked through, 3 had the value, in 12 places."
    pub fn redacted(self, searched: u64, jobs: usize, places: u64) -> String {
        match self {
            Self::En => {
                let logs = if searched == 1 { "1 log was".to_owned() } else { format!("{searched} logs were") };
                let places = self.spots(places);
                match jobs {
                    0 => format!("{logs} looked through; none had the value."),
                    _ => format!("{logs} looked through; {jobs} had the value, in {places}. It is gone from there."),
                }
            }
            Self::Zh if jobs == 0 => format!("已检查 {searched} 份日志，均不含该值。"),
            Self::Zh => format!("已检查 {searched} 份日志，其中 {jobs} 份含有该值，共 {places} 处，均已抹去。"),
        }
    }

    /// What is asked before artifacts are deleted.
    pub fn ask_artifacts(self, id: JobId) -> String {
        match self {
            Self::En => format!("Delete everything that job {id} left? Its log stays."),
            Self::Zh => format!("删除作业 {id} 留下的所有文件？日志会保留。"),
        }
    }

    /// "and 12 more files".
    pub fn more_files(self, count: usize) -> String {
        match self {
            Self::En if count == 1 => "and 1 more file".to_owned(),
            Self::En => format!("and {count} more files"),
            Self::Zh => format!("以及另外 {count} 个文件"),
        }
    }

    /// "and 12 more", of lines.
    pub fn more_lines(self, count: usize) -> String {
        match self {
            Self::En => format!("and {count} more"),
            Self::Zh => format!("另有 {count} 项"),
        }
    }

    /// "as maintainer": by which role somebody may do something.
    pub fn as_role(self, role: Role) -> String {
        match self {
            Self::En => format!("as {}", self.role(role)),
            Self::Zh => format!("角色为{}", self.role(role)),
        }
    }

    /// "12 places".
    pub fn spots(self, places: u64) -> String {
        match self {
            Self::En if places == 1 => "1 place".to_owned(),
            Self::En => format!("{places} places"),
            Self::Zh => format!("{places} 处"),
        }
    }

    /// The word for a role.
    pub const fn role(self, role: Role) -> &'static str {
        self.w(match role {
            Role::Nobody => W::RoleNobody,
            Role::Guest => W::RoleGuest,
            Role::Reporter => W::RoleReporter,
            Role::Developer => W::RoleDeveloper,
            Role::Maintainer => W::RoleMaintainer,
            Role::Owner => W::RoleOwner,
            Role::Administrator => W::RoleAdministrator,
        })
    }

    /// The word for who sees a project.
    pub const fn visibility(self, visibility: Visibility) -> &'static str {
        self.w(match visibility {
            Visibility::Private => W::VisibilityPrivate,
            Visibility::Internal => W::VisibilityInternal,
            Visibility::Public => W::VisibilityPublic,
        })
    }

    /// The word for what a token lets one do.
    pub const fn scope(self, scope: TokenScope) -> &'static str {
        self.w(match scope {
            TokenScope::Api => W::ScopeApi,
            TokenScope::ReadApi => W::ScopeRead,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_log_is_one_log() {
        assert_eq!(
            Lang::En.redacted(1, 1, 1),
            "1 log was looked through; 1 had the value, in 1 place. It is gone from there."
        );
        assert_eq!(
            Lang::En.redacted(17, 2, 12),
            "17 logs were looked through; 2 had the value, in 12 places. It is gone from there."
        );
        assert_eq!(Lang::En.redacted(0, 0, 0), "0 logs were looked through; none had the value.");
        assert_eq!(Lang::Zh.redacted(1, 0, 0), "已检查 1 份日志，均不含该值。");
    }
}
