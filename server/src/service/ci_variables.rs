//! CI/CD variables: kept sealed, handed to the jobs that may have them.

use model::plan::Variable;
use model::{
    AuditChange, Caller, Cause, CiVariable, CiVariableDraft, CiVariableId, CiVariablesView, Error, Project,
    VariableOwner, VariableType,
};

use runner::mask::{self, Rule};

use super::{LastSeen, Weir, access, audit};
use crate::auth::Action;
use crate::secrets::keys::KeyRing;
use crate::secrets::seal::{self, Place};
use crate::store::ci_variables::{self, PLACE, Stored};
use crate::store::runs::Commit;
use crate::store::{Snapshot, StoreError, projects, runs};

/// Characters of a value.
const MAX_VALUE: usize = 10_000;
/// Characters of names, scopes and descriptions.
const MAX_TEXT: usize = 255;
/// The scope of variables that every job gets.
const EVERYWHERE: &str = "*";

/// The opened value of a stored variable.
fn open(keys: &KeyRing, stored: &Stored) -> Result<String, Error> {
    let place = Place { table: PLACE.0, row: stored.variable.id.0, column: PLACE.1 };
    let value = seal::open_text(keys, place, &stored.sealed);
    let value = value.map_err(|error| {
        let key = &stored.variable.draft.key;
        tracing::error!(variable = key, %error, "failed to open a variable");
        Error::unavailable(format!("the variable {key} cannot be opened: {error}"))
    })?;
    Ok(value.as_str().to_owned())
}

/// Whether runs for this commit are those of a protected ref, which get protected variables; those without a
/// repository are.
pub fn is_protected(project: &Project, commit: &Commit) -> bool {
    let is_default = commit.git_ref == commit.details.default_branch;
    commit.sha.is_empty() || project.protection.holds(&commit.git_ref, commit.is_tag, is_default)
}

/// Whether runs for this commit are maintainers' to start and control: those of refs that are protected by name.
/// What everybody works on, the default branch, is developers' too.
pub fn is_guarded(project: &Project, commit: &Commit) -> bool {
    !commit.sha.is_empty() && project.protection.holds(&commit.git_ref, commit.is_tag, false)
}

/// The variables that a job of this environment (or a run, before there are jobs) gets of those that are
/// kept: later ones beat earlier ones.
pub fn of_job(
    conn: &Snapshot,
    keys: &KeyRing,
    project: &Project,
    commit: &Commit,
    environment: Option<&str>,
) -> Result<Vec<Variable>, StoreError> {
    let protected = is_protected(project, commit);
    let mut list = Vec::new();
    for mut of_owner in ci_variables::of_runs(conn, project.id, &project.path)? {
        of_owner.retain(|one| {
            let draft = &one.variable.draft;
            (protected || !draft.protected) && fits(&draft.environment_scope, environment)
        });
        // Of one owner, the scope that says most wins.
        of_owner.sort_by_key(|one| literal(&one.variable.draft.environment_scope));
        for one in of_owner {
            let draft = &one.variable.draft;
            let value = open(keys, &one)?;
            list.push(Variable {
                raw: draft.raw,
                masked: draft.masked,
                file: draft.variable_type == VariableType::File,
                ..Variable::new(draft.key.clone(), value)
            });
        }
    }
    Ok(list)
}

/// How much a scope says.
fn literal(scope: &str) -> usize {
    if scope.contains('*') { scope.chars().filter(|c| *c != '*').count() } else { MAX_TEXT + 1 }
}

/// Whether an environment's name fits a scope, where `*` stands for any part.
fn fits(scope: &str, environment: Option<&str>) -> bool {
    scope == EVERYWHERE || environment.is_some_and(|name| model::definition::fits(scope, name))
}

impl Weir {
    pub(super) async fn list_ci_variables(
        &self,
        caller: &Caller,
        owner: VariableOwner,
    ) -> Result<CiVariablesView, Error> {
        let keys = self.keys();
        let caller = caller.clone();
        let view = self.store.read(move |conn| {
            let keys = keys.ring();
            allowed(conn, &caller, &owner, false)?;
            check_owner(conn, &owner)?;
            let may = access::scope(conn, &caller, Action::ReadVariables)?;
            let mut all = projects::list(conn)?;
            all.retain(|project| may.holds(project.id));
            let mut namespaces: Vec<String> = all.iter().flat_map(namespaces_of).collect();
            namespaces.sort();
            namespaces.dedup();
            let variables = ci_variables::list(conn, &owner)?;
            let variables = variables.into_iter().map(|one| shown(&keys, one)).collect::<Result<_, _>>()?;
            let projects = all.into_iter().map(|project| (project.id, project.path)).collect();
            Ok(CiVariablesView { seq: runs::seq(conn)?, owner, variables, projects, namespaces })
        });
        Ok(view.await?)
    }

    pub(super) async fn put_ci_variable(
        &self,
        caller: &Caller,
        owner: VariableOwner,
        id: Option<CiVariableId>,
        mut draft: CiVariableDraft,
    ) -> Result<CiVariable, Error> {
        if draft.environment_scope.is_empty() {
            EVERYWHERE.clone_into(&mut draft.environment_scope);
        }
        draft.masked |= draft.hidden;
        let (keys, caller) = (self.keys(), caller.clone());
        let saved = self.store.write(move |tx| {
            let keys = keys.ring();
            allowed(tx.conn(), &caller, &owner, true)?;
            check_owner(tx.conn(), &owner)?;
            check(&draft)?;
            let before = id.map(|id| ci_variables::require(tx.conn(), &owner, id)).transpose()?;
            match &before {
                Some(before) if before.variable.draft.hidden => {
                    if !draft.masked {
                        return Err(Error::invalid("masked cannot be changed on a hidden variable").into());
                    }
                    draft.hidden = true;
                }
                Some(_) if draft.hidden => {
                    return Err(Error::invalid("only a new variable can be hidden").into());
                }
                None if draft.value.is_none() => return Err(Error::invalid("value is missing").into()),
                _ => {}
            }
            // A value that stays has to bear being masked, too.
            let value = match (&draft.value, &before) {
                (Some(value), _) => value.clone(),
                (None, Some(before)) => open(&keys, before)?,
                (None, None) => String::new(),
            };
            if draft.masked {
                let wrong = |error: mask::Unmaskable| Error::invalid(error.to_string()).about(Cause::Unmaskable);
                mask::check(&value, rule(&draft)).map_err(wrong)?;
            }
            let place = |row| Place { table: PLACE.0, row, column: PLACE.1 };
            let sealed = |row| seal::seal(&keys, place(row), value.as_bytes());
            let seal: Option<&dyn Fn(i64) -> String> = if draft.value.is_some() { Some(&sealed) } else { None };
            let changes = differences(before.as_ref().map(|one| &one.variable.draft), Some(&draft));
            let action = if before.is_some() { "variable.change" } else { "variable.create" };
            audit::of_place(tx, &caller, action, &owner, &format!("variable {}", draft.key), changes);
            let id = ci_variables::save(tx, &owner, id, &draft, seal)?;
            Ok(shown(&keys, ci_variables::require(tx.conn(), &owner, id)?)?)
        });
        Ok(saved.await?)
    }

    /// Deletes a variable, unless it changed since it was seen.
    pub async fn drop_ci_variable(
        &self,
        caller: &Caller,
        owner: VariableOwner,
        id: CiVariableId,
        seen: LastSeen,
    ) -> Result<(), Error> {
        let caller = caller.clone();
        let deleted = self.store.write(move |tx| {
            allowed(tx.conn(), &caller, &owner, true)?;
            let variable = ci_variables::require(tx.conn(), &owner, id)?.variable;
            seen.holds(variable.updated_at)?;
            let before = variable.draft;
            let target = format!("variable {}", before.key);
            audit::of_place(tx, &caller, "variable.delete", &owner, &target, differences(Some(&before), None));
            ci_variables::delete(tx, &owner, id)
        });
        Ok(deleted.await?)
    }

    /// The variables that conditions of a new run see of those that are kept: those of every job.
    pub(super) async fn kept_variables(&self, project: &Project, commit: &Commit) -> Result<Vec<Variable>, Error> {
        let (keys, project, commit) = (self.keys(), project.clone(), commit.clone());
        Ok(self.store.read(move |conn| of_job(conn, &keys.ring(), &project, &commit, None)).await?)
    }
}

/// Refuses who may not see or change the variables of this owner.
fn allowed(conn: &Snapshot, caller: &Caller, owner: &VariableOwner, change: bool) -> Result<(), StoreError> {
    let (instance, namespace, project) = if change {
        (Action::ChangeInstanceVariables, Action::ChangeNamespaceVariables, Action::ChangeVariables)
    } else {
        (Action::ReadInstanceVariables, Action::ReadNamespaceVariables, Action::ReadVariables)
    };
    match owner {
        VariableOwner::Instance => access::at_instance(conn, caller, instance),
        VariableOwner::Namespace(path) => access::at_namespace(conn, caller, namespace, path),
        VariableOwner::Project(id) => access::at_project(conn, caller, project, *id, "project"),
    }
}

/// What a change of a variable changes; that its value is another one, never what it is.
fn differences(before: Option<&CiVariableDraft>, after: Option<&CiVariableDraft>) -> Vec<AuditChange> {
    let of = |field: &str, text: &dyn Fn(&CiVariableDraft) -> String| {
        let (before, after) = (before.map(text), after.map(text));
        (before != after).then(|| audit::change(field, before.as_deref(), after.as_deref()))
    };
    let mut list: Vec<AuditChange> = [
        of("key", &|one| one.key.clone()),
        of("type", &|one| one.variable_type.as_str().to_owned()),
        of("environment_scope", &|one| one.environment_scope.clone()),
        of("protected", &|one| one.protected.to_string()),
        of("masked", &|one| one.masked.to_string()),
        of("hidden", &|one| one.hidden.to_string()),
        of("raw", &|one| one.raw.to_string()),
        of("description", &|one| one.description.clone().unwrap_or_default()),
    ]
    .into_iter()
    .flatten()
    .collect();
    if after.is_some_and(|after| after.value.is_some()) {
        list.push(audit::change("value", before.map(|_| "(kept secret)"), Some("(kept secret)")));
    }
    list
}

/// By which rule its value can be masked.
fn rule(draft: &CiVariableDraft) -> Rule {
    match (draft.variable_type, draft.raw) {
        (VariableType::File, _) => Rule::Lines,
        (VariableType::EnvVar, true) => Rule::Raw,
        (VariableType::EnvVar, false) => Rule::Expanded,
    }
}

/// The variable as people see it: with its value, unless it is hidden.
fn shown(keys: &KeyRing, stored: Stored) -> Result<CiVariable, Error> {
    let value = if stored.variable.draft.hidden { None } else { Some(open(keys, &stored)?) };
    let mut variable = stored.variable;
    variable.draft.value = value;
    Ok(variable)
}

fn namespaces_of(project: &Project) -> Vec<String> {
    let namespace = project.path.namespace();
    let ends = namespace.match_indices('/').map(|(at, _)| at).chain([namespace.len()]);
    ends.map(|end| namespace[..end].to_owned()).collect()
}

/// A namespace is one that a project is in; a project has to be there.
fn check_owner(conn: &Snapshot, owner: &VariableOwner) -> Result<(), StoreError> {
    let known = match owner {
        VariableOwner::Instance => true,
        VariableOwner::Namespace(name) => {
            projects::list(conn)?.iter().any(|project| namespaces_of(project).contains(name))
        }
        VariableOwner::Project(id) => projects::get(conn, *id)?.is_some(),
    };
    if known { Ok(()) } else { Err(Error::not_found("project or namespace").into()) }
}

fn check(draft: &CiVariableDraft) -> Result<(), Error> {
    let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if draft.key.is_empty() {
        return Err(Error::invalid("key: can't be blank"));
    }
    if draft.key.len() > MAX_TEXT {
        return Err(Error::invalid(format!("key: is too long (maximum is {MAX_TEXT} characters)")));
    }
    if !draft.key.chars().all(letters) {
        return Err(Error::invalid("key: can contain only letters, digits and '_'."));
    }
    if let Some(value) = &draft.value
        && (value.chars().count() > MAX_VALUE || value.contains('\0'))
    {
        return Err(Error::invalid(format!("value: up to {MAX_VALUE} characters, and no NUL")));
    }
    let scope = &draft.environment_scope;
    let in_scope = |c: char| c.is_ascii_alphanumeric() || " -_/${}.*".contains(c);
    if scope.len() > MAX_TEXT || !scope.chars().all(in_scope) {
        let rule = "up to 255 letters, digits, spaces and the characters - _ / $ { } . *";
        return Err(Error::invalid(format!("environment_scope: {rule}")));
    }
    let too_long = |text: &String| text.chars().count() > MAX_TEXT || text.contains('\0');
    if draft.description.as_ref().is_some_and(too_long) {
        return Err(Error::invalid(format!("description: up to {MAX_TEXT} characters")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_fit_names() {
        for (scope, name, fit) in [
            ("*", None, true),
            ("production", Some("production"), true),
            ("production", Some("production-2"), false),
            ("production", None, false),
            ("review/*", Some("review/cart"), true),
            ("review/*", Some("review"), false),
            ("*/eu", Some("live/eu"), true),
            ("a*b*c", Some("axxbxxc"), true),
            ("a*b*c", Some("axxc"), false),
        ] {
            assert_eq!(fits(scope, name), fit, "{scope} {name:?}");
        }
        assert!(literal("review/*") > literal("*") && literal("review/cart") > literal("review/*"));
    }

    #[test]
    fn names_are_those_of_environments_of_processes() {
        let with = |key: &str| CiVariableDraft { key: key.into(), value: Some("x".into()), ..Default::default() };
        assert!(check(&with("A_1")).is_ok());
        for key in ["", "A-B", "A B", "ä", &"x".repeat(256)] {
            assert!(check(&with(key)).is_err(), "{key}");
        }
    }
}
