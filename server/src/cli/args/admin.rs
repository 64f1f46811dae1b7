//! What administrators type: projects and their members, users, tokens and keys.

use std::path::PathBuf;

use clap::Subcommand;

/// `weir project …`
#[derive(Debug, Subcommand)]
pub enum ProjectAction {
    /// Make a project; prints "ID PATH UID"
    Create {
        /// namespace/name
        path: String,
        /// Folder or git URL that its pipelines work on
        #[arg(long, value_name = "DIR_OR_URL")]
        source: Option<String>,
        /// Only for its members (the default)
        #[arg(long, conflicts_with = "public")]
        private: bool,
        /// For everybody who is signed in
        #[arg(long, conflicts_with_all = ["public", "private"])]
        internal: bool,
        /// For everybody
        #[arg(long)]
        public: bool,
        /// The server's folder [default: as for serve]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Give a user a role at a project or namespace
    Member {
        /// The path of the project or namespace
        path: String,
        /// Whom
        user: String,
        /// The role; none takes it away
        #[arg(value_parser = ["guest", "reporter", "developer", "maintainer", "owner", "none"])]
        role: String,
        /// The server's folder [default: as for serve]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Tell what somebody may do at a project or namespace, and why not
    May {
        /// The path; without it: on the server
        path: Option<String>,
        /// Whom it is about; empty for people who are not signed in [default: who asks]
        #[arg(long)]
        user: Option<String>,
        /// The server's folder [default: as for serve]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
}

/// `weir user …`
#[derive(Debug, Subcommand)]
pub enum UserAction {
    /// Make a user; prints the link by which they set a password
    Create {
        /// The name to sign in with
        name: String,
        /// They may do everything
        #[arg(long)]
        admin: bool,
        /// Address
        #[arg(long, value_name = "E")]
        email: Option<String>,
        /// What people call them
        #[arg(long, value_name = "NAME")]
        full_name: Option<String>,
        /// The server's folder [default: as for serve]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Print a link by which a user sets a new password
    Password {
        /// Whose
        name: String,
        /// The server's folder [default: as for serve]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// List the users
    #[command(visible_alias = "ls")]
    List {
        /// The server's folder [default: as for serve]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// End a user's sessions, tokens and keys; nothing of theirs is deleted
    Deactivate {
        /// Whom
        name: String,
        /// The server's folder [default: as for serve]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Let a deactivated user in again
    Activate {
        /// Whom
        name: String,
        /// The server's folder [default: as for serve]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
}

/// `weir aksk …`
#[derive(Debug, Subcommand)]
pub enum AkskAction {
    /// Make a pair of keys; prints "AK SK PROJECT_ID"
    Create {
        /// Whose
        #[arg(long)]
        user: String,
        /// The project that requests name [default: all; the oldest of the user's own is printed]
        #[arg(long, value_name = "P")]
        project: Option<String>,
        /// The server's folder [default: as for serve]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
    /// Make new keys in the place of a pair, which ends at once; prints "AK SK PROJECT_ID"
    Rotate {
        /// The access key of the pair
        access_key: String,
        /// Whose it is
        #[arg(long)]
        user: String,
        /// The server's folder [default: as for serve]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
}

/// `weir key …`
#[derive(Debug, Subcommand)]
pub enum KeyAction {
    /// Seal all secrets with a fresh key, while the server runs
    Rotate {
        /// The server's folder [default: as for serve]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
}

/// `weir token …`
#[derive(Debug, Subcommand)]
pub enum TokenAction {
    /// Make an access token; prints only the token
    Create {
        /// Whose
        #[arg(long)]
        user: String,
        /// What it is for
        #[arg(long, value_name = "N")]
        name: String,
        /// What it may do
        #[arg(long, value_parser = ["api", "read_api"], default_value = "api")]
        scope: String,
        /// Last day it works
        #[arg(long, value_name = "DATE")]
        expires: Option<String>,
        /// The server's folder [default: as for serve]
        #[arg(long, value_name = "DIR")]
        data: Option<PathBuf>,
    },
}
