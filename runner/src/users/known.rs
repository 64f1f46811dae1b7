//! Users that the machine knows. `getent` asks all that the machine asks (LDAP and the like); where there is none, the
//! file of the users has to do.

use std::{
    fs,
    process::{Command, Stdio},
};

use super::JobUser;

/// The user of this name, or number.
pub(super) fn find(name: &str) -> Option<JobUser> {
    let known = lines(&[name.to_owned()]).into_iter().next();
    let known = known.and_then(|line| read(&line));
    // A number may well have no name.
    known.or_else(|| {
        let uid = name.parse().ok().filter(|uid| *uid < u32::MAX)?;
        Some(JobUser { uid, gid: uid, name: name.to_owned(), home: None, is_allotted: false })
    })
}

/// Those of these numbers that are somebody's.
pub(super) fn taken(numbers: &[u32]) -> Vec<u32> {
    let keys: Vec<String> = numbers.iter().map(u32::to_string).collect();
    lines(&keys).iter().filter_map(|line| read(line)).map(|user| user.uid).collect()
}

/// The lines of these users, by name or number.
fn lines(keys: &[String]) -> Vec<String> {
    let asked = Command::new("getent").arg("passwd").args(keys).stdin(Stdio::null()).stderr(Stdio::null()).output();
    let text = match asked {
        Ok(output) => String::from_utf8_lossy(&output.stdout).into_owned(),
        Err(_) => fs::read_to_string("/etc/passwd").unwrap_or_default(),
    };
    let wanted = |line: &&str| {
        let mut fields = line.split(':');
        let (name, uid) = (fields.next().unwrap_or_default(), fields.nth(1).unwrap_or_default());
        keys.iter().any(|key| key == name || key == uid)
    };
    text.lines().filter(wanted).map(str::to_owned).collect()
}

/// `name:x:uid:gid:words:home:shell`.
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
        assert_eq!(taken(&[0, 3_999_999_999]), [0]);
    }
}
