//! Addresses of repositories: which may be asked for, and without what is secret in them.

/// Where the path of an address begins; its end when it has none.
pub(super) fn host_end(url: &str) -> usize {
    let host = url.find("://").map_or(0, |at| at + 3);
    url[host..].find('/').map_or(url.len(), |at| host + at)
}

/// Whether `scheme://host` is this machine, by an address that is never another.
pub(super) fn is_here(site: &str) -> bool {
    let host = site.strip_prefix("http://").or_else(|| site.strip_prefix("https://")).unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, port)| if port.contains(']') { host } else { name });
    name == "localhost"
        || name == "[::1]"
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

/// Takes user and password out of an HTTP address.
pub(super) fn split_credentials(url: &str) -> (String, Option<String>) {
    for scheme in ["http://", "https://"] {
        let Some(rest) = url.strip_prefix(scheme) else { continue };
        let authority = rest.split('/').next().unwrap_or_default();
        if let Some((credentials, _)) = authority.rsplit_once('@') {
            return (format!("{scheme}{}", &rest[credentials.len() + 1..]), Some(url.to_owned()));
        }
    }
    (url.to_owned(), None)
}

/// Lets through what names a repository, and nothing that makes git run a program.
pub(super) fn check_url(url: &str) -> Result<(), String> {
    let known = ["http://", "https://", "ssh://", "git://", "file:///"].iter().any(|scheme| url.starts_with(scheme));
    // `user@host:path`; `ext::program` and the like have two colons.
    let like_scp = url.split_once(':').is_some_and(|(host, path)| {
        !path.starts_with([':', '/']) && !host.is_empty() && !host.starts_with('-') && !host.contains('/')
    });
    if url.contains(char::is_control) || !(known || like_scp || url.starts_with('/')) {
        return Err("the sources' address is not one that git may be asked for".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known_by_its_addresses() {
        for here in
            ["http://127.0.0.1:9433", "https://localhost", "http://[::1]:80", "http://[::1]", "http://127.1.2.3"]
        {
            assert!(is_here(here), "{here}");
        }
        for other in ["http://ci.example:80", "http://10.0.0.1", "ssh://localhost", "http://localhost.example", "/srv"]
        {
            assert!(!is_here(other), "{other}");
        }
    }

    #[test]
    fn credentials_leave_the_address_and_programs_are_no_addresses() {
        let (url, secret) = split_credentials("https://ci:p@ss@host/a/b@c.git");
        assert_eq!((url.as_str(), secret.is_some()), ("https://host/a/b@c.git", true));
        assert_eq!(split_credentials("https://host/a@b.git"), ("https://host/a@b.git".to_owned(), None));
        for good in ["https://h/p.git", "file:///srv/p.git", "git@host:a/b.git", "/srv/p.git", "ssh://git@h/p"] {
            assert_eq!(check_url(good), Ok(()), "{good}");
        }
        for bad in ["ext::sh -c id", "-u/x", "--upload-pack=x:y", "file://h/x", "relative/path", "fd::17", "a\nb:c"] {
            assert!(check_url(bad).is_err(), "{bad}");
        }
    }
}
