//! CI/CD variables of the instance, of a namespace and of two projects. Descriptions, scopes and values are
//! hostile; each value holds [`SECRET`], so that a test finds where values stand.

use model::{
    CiVariable, CiVariableDraft, CiVariableId, CiVariablesView, Error, ProjectId, ProjectPath, Seq, VariableOwner,
    VariableType,
};

use super::data::at;

/// Part of every value.
pub const SECRET: &str = "s3cr3t";

fn variable(id: i64, key: &str, value: Option<&str>) -> CiVariable {
    CiVariable {
        id: CiVariableId(id),
        draft: CiVariableDraft {
            key: key.into(),
            value: value.map(Into::into),
            environment_scope: "*".into(),
            ..CiVariableDraft::default()
        },
        created_at: at(-5000),
        updated_at: at(1700 - id),
        version: Seq(880 + id),
    }
}

fn with(mut variable: CiVariable, change: impl FnOnce(&mut CiVariableDraft)) -> CiVariable {
    change(&mut variable.draft);
    variable
}

pub fn of(owner: &VariableOwner) -> Vec<CiVariable> {
    match owner {
        VariableOwner::Instance => {
            vec![with(variable(1, "HTTP_PROXY", Some("http://proxy.example:3128/s3cr3t")), |d| {
                d.description = Some("The way out".into());
            })]
        }
        VariableOwner::Namespace(name) if name == "demo" => {
            vec![with(variable(2, "REGISTRY_USER", Some("robot-s3cr3t")), |d| d.raw = true)]
        }
        VariableOwner::Project(ProjectId(1)) => vec![
            with(variable(3, "DEPLOY_TOKEN", Some("s3cr3t-for-everywhere")), |d| {
                (d.masked, d.protected) = (true, true);
                d.description = Some("From the shop's admin page <script>alert(7)</script>".into());
            }),
            with(variable(4, "DEPLOY_TOKEN", None), |d| {
                (d.masked, d.hidden) = (true, true);
                d.environment_scope = "production/<img src=x>".into();
                d.description = Some("王 has it".into());
            }),
            with(variable(5, "KUBECONFIG", Some("\ncluster: </textarea><script>alert(6)</script>s3cr3t\n")), |d| {
                d.variable_type = VariableType::File;
                d.raw = true;
            }),
            variable(6, "EMPTY", Some("")),
        ],
        _ => Vec::new(),
    }
}

pub fn view(owner: VariableOwner, empty: bool) -> Result<CiVariablesView, Error> {
    let path = |id, path: &str| (ProjectId(id), path.parse::<ProjectPath>().unwrap());
    let projects = if empty { Vec::new() } else { vec![path(1, "demo/shop"), path(2, "team/docs/site")] };
    if let VariableOwner::Project(id) = owner
        && projects.iter().all(|(known, _)| *known != id)
    {
        return Err(Error::not_found("project"));
    }
    let variables = if empty { Vec::new() } else { of(&owner) };
    let namespaces = projects.iter().map(|(_, path)| path.namespace().to_owned()).collect();
    Ok(CiVariablesView { seq: Seq(900), owner, variables, projects, namespaces })
}

/// What a server has against a draft, if anything; a change without a value keeps the one that there is.
pub fn save(owner: &VariableOwner, id: Option<CiVariableId>, draft: CiVariableDraft) -> Result<CiVariable, Error> {
    let saved = match id {
        Some(id) => Some(of(owner).into_iter().find(|one| one.id == id).ok_or_else(|| Error::not_found("variable"))?),
        None => None,
    };
    let short = draft.masked && draft.value.as_ref().is_some_and(|value| value.chars().count() < 8);
    if short || (draft.value.is_none() && saved.is_none()) {
        return Err(Error::invalid("the value of a masked variable has at least 8 characters"));
    }
    Ok(CiVariable { draft, ..saved.unwrap_or_else(|| variable(7, "", None)) })
}
