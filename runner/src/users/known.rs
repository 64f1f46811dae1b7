//! Users and groups that the machine knows. `getent` asks all that the machine asks (LDAP and the like); where there is
//! none, the files of `/etc` have to do.

use std::{
    fs,
    process::{Command, Stdio},
};

use super::JobUser;

/// The user of this name, or number.
pub(super) fn find(name: &str) -> Option<JobUser> {
    let known = lines("passwd", &[name.to_owned()]).into_iter().next();
    let known = known.and_then(|line| read(&line));
    // A number may well have no name.
    known.or_else(|| {
        let uid = name.parse().ok().filter(|uid| *uid < u32::MAX)?;
        Some(JobUser { uid, gid: uid, name: name.to_owned(), home: None, is_allotted: false })
    })
}

/// Those of these numbers that are somebody's, or a group's.
pub(super) fn taken(numbers: &[u32]) -> Vec<u32> {
    let keys: Vec<String> = numbers.iter().map(u32::to_string).collect();
    let number = |line: String| line.split(':').nth(2)?.parse().ok();
    ["passwd", "group"].iter().flat_map(|database| lines(database, &keys)).filter_map(number).collect()
}

/// The lines of these users or groups, by name or number.
fn lines(database: &str, keys: &[String]) -> Vec<String> {
    let asked = Command::new("getent").arg(database).args(keys).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let text = match asked {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(_) => fs::read_to_string(format!("/etc/{database}")).unwrap_or_default(),
    };
    let wanted = |line: &&str| {
        let mut fields = line.split(':');
        let (name, uid) = (fields.next().unwrap_or_default(), fields.nth(1).unwrap_or_default());
        keys.iter().any(|key| key == name || key == uid)
    };
    text.lines().filter(wanted).map(str::to_owned).collect()
}

/// `name:x:uid:gid:words:home:shell`; a group's line begins in the same way.
fn read(line: &str) -> Option<JobUser> {
    let fields: Vec<&str> = line.split(':').collect();
    let [name, _, uid, gid, _, home, ..] = fields[..] else { return None };
    Some(JobUser {
        uid: uid.parse().ok()?,
        gid: gid.parse().ok()?,
        name: name.to_owned(),
        home: Some(home.into()).filter(|_| home.starts_with('/')),
        is_allotted: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_are_found_by_name_and_by_number() {
        let root = find("root").unwrap();
        assert_eq!((root.uid, root.gid, root.name.as_str()), (0, 0, "root"));
        assert_eq!(find("0").unwrap(), root);
        assert_eq!(find("no-user-is-called-like-this"), None);
        let number = find("3999999999").unwrap();
        assert_eq!((number.uid, number.gid, number.home), (3_999_999_999, 3_999_999_999, None));
        assert_eq!(taken(&[0, 3_999_999_999]), [0, 0], "of a user and of a group");
        let group = fs::read_to_string("/etc/group").unwrap();
        let mut numbers = group.lines().filter_map(|line| line.split(':').nth(2)?.parse::<u32>().ok());
        if let Some(alone) = numbers.find(|number| lines("passwd", &[number.to_string()]).is_empty()) {
            assert_eq!(taken(&[alone]), [alone], "a group that no user is called like");
        }
    }
}
