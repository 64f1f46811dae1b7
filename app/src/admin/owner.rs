//! Whose variables a page is about, as its address and its forms say it.

use model::{CiVariableId, Error, ProjectId, ProjectPath, VariableOwner};

use crate::logic::query;

/// The page of the variables of the instance.
const PAGE: &str = "/settings/variables";

/// Reads the two fields; both empty mean the instance.
pub fn read(project: &str, namespace: &str) -> Result<VariableOwner, Error> {
    match (project, namespace) {
        ("", "") => Ok(VariableOwner::Instance),
        ("", name) => Ok(VariableOwner::Namespace(name.to_owned())),
        (id, "") => id.parse().map(VariableOwner::Project).map_err(|_| Error::not_found("project")),
        _ => Err(Error::invalid("variables belong to a project or to a namespace, not to both")),
    }
}

/// The field that [`read`] reads; the instance needs none.
pub fn field(owner: &VariableOwner) -> Option<(&'static str, String)> {
    match owner {
        VariableOwner::Instance => None,
        VariableOwner::Namespace(name) => Some(("namespace", name.clone())),
        VariableOwner::Project(id) => Some(("project", id.to_string())),
    }
}

/// The page of an owner's variables, or of changing one of them.
pub fn href(owner: &VariableOwner, edit: Option<CiVariableId>) -> String {
    let fields: Vec<_> = field(owner).into_iter().chain(edit.map(|id| ("edit", id.to_string()))).collect();
    let query = query::write(fields.iter().map(|(name, value)| (*name, value.as_str())));
    if query.is_empty() { PAGE.to_owned() } else { format!("{PAGE}?{query}") }
}

/// The namespaces that a path lies in, from the outermost to the innermost.
pub fn around(path: &str) -> Vec<String> {
    path.match_indices('/').map(|(at, _)| path[..at].to_owned()).collect()
}

/// Everything that may have variables, in the order of a tree, without the instance.
pub fn places(projects: &[(ProjectId, ProjectPath)], namespaces: &[String]) -> Vec<(String, VariableOwner)> {
    let namespace = |name: &String| (name.clone(), VariableOwner::Namespace(name.clone()));
    let project = |(id, path): &(ProjectId, ProjectPath)| (path.to_string(), VariableOwner::Project(*id));
    let outer = projects.iter().flat_map(|(_, path)| around(path.as_str()));
    let mut names: Vec<String> = outer.chain(namespaces.iter().cloned()).collect();
    names.sort();
    names.dedup();
    let mut all: Vec<_> = names.iter().map(namespace).chain(projects.iter().map(project)).collect();
    // Part by part: `a-b` must not come between `a` and `a/b`. A namespace stands in front of the project of its name.
    all.sort_by(|(a, _), (b, _)| a.split('/').cmp(b.split('/')));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_the_owner() {
        for (owner, address) in [
            (VariableOwner::Instance, "/settings/variables"),
            (VariableOwner::Namespace("team/sub".into()), "/settings/variables?namespace=team%2Fsub"),
            (VariableOwner::Project(ProjectId(3)), "/settings/variables?project=3"),
        ] {
            assert_eq!(href(&owner, None), address);
            let read_back = |name| field(&owner).filter(|f| f.0 == name).map(|f| f.1).unwrap_or_default();
            assert_eq!(read(&read_back("project"), &read_back("namespace")), Ok(owner));
        }
        let id = Some(CiVariableId(7));
        assert_eq!(href(&VariableOwner::Instance, id), "/settings/variables?edit=7");
        assert_eq!(href(&VariableOwner::Project(ProjectId(3)), id), "/settings/variables?project=3&edit=7");
        assert!(read("x", "").is_err() && read("-1", "").is_err() && read("1", "team").is_err());
    }

    #[test]
    fn places_are_a_tree() {
        let path = |id, path: &str| (ProjectId(id), path.parse().unwrap());
        let projects = [path(1, "team-x/a"), path(2, "team/sub/shop"), path(3, "team/sub")];
        let names: Vec<String> = places(&projects, &["team".into()]).into_iter().map(|p| p.0).collect();
        assert_eq!(names, ["team", "team/sub", "team/sub", "team/sub/shop", "team-x", "team-x/a"]);
        assert_eq!(around("team/sub/shop"), ["team", "team/sub"]);
        assert!(around("team").is_empty());
    }
}
