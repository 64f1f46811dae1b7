//! Host names of services.

/// The names under which a service of this image is found when it is given none: its path without
/// registry's port, tag and digest, with two underscores or a hyphen for each slash.
pub(super) fn aliases(image: &str) -> Vec<String> {
    let image = image.split('@').next().unwrap_or_default();
    let (path, last) = image.rsplit_once('/').map_or((None, image), |(path, last)| (Some(path), last));
    let last = last.split(':').next().unwrap_or_default();
    let Some(path) = path else { return vec![last.to_owned()] };
    let (host, rest) = path.split_once('/').map_or((path, None), |(host, rest)| (host, Some(rest)));
    let host = host.split(':').next().unwrap_or_default();
    let parts: Vec<&str> =
        std::iter::once(host).chain(rest.into_iter().flat_map(|rest| rest.split('/'))).chain([last]).collect();
    vec![parts.join("__"), parts.join("-")]
}

/// Whether this can be the name of a host: it is a part of the engine's arguments.
pub(super) fn is_host(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    !name.is_empty() && !name.starts_with('-') && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_found_by_the_names_of_their_images() {
        for (image, want) in [
            ("mysql:8.0", &["mysql"][..]),
            ("postgres", &["postgres"]),
            ("tutum/wordpress:latest", &["tutum__wordpress", "tutum-wordpress"]),
            (
                "registry.example.com:5000/a/b/redis:7",
                &["registry.example.com__a__b__redis", "registry.example.com-a-b-redis"],
            ),
            ("docker@sha256:0123", &["docker"]),
        ] {
            assert_eq!(aliases(image), want, "{image}");
        }
    }
}
