//! The variables of a schedule: kept sealed, all of them in one value.

use model::plan::Variable;
use model::{Error, ScheduleId, ScheduleVariableChange};

use crate::secrets::keys::KeyRing;
use crate::secrets::seal::{self, Place};
use crate::service::given::{self, Names};
use crate::store::schedules::PLACE;

/// Variables that a schedule may have, and characters of a value.
const MOST: usize = 200;
const VALUE: usize = 10_000;

fn place(id: ScheduleId) -> Place<'static> {
    Place { table: PLACE.0, row: id.0, column: PLACE.1 }
}

/// What is kept of them.
pub(super) fn seal(keys: &KeyRing, id: ScheduleId, variables: &[Variable]) -> String {
    if variables.is_empty() {
        return String::new();
    }
    // Lists of texts and switches can be written.
    let text = serde_json::to_string(variables).unwrap_or_default();
    seal::seal(keys, place(id), text.as_bytes())
}

/// What was kept.
pub(super) fn open(keys: &KeyRing, id: ScheduleId, sealed: &str) -> Result<Vec<Variable>, Error> {
    if sealed.is_empty() {
        return Ok(Vec::new());
    }
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(schedule = id.0, %error, "failed to open the variables of a schedule");
        Error::unavailable(format!("the variables of the schedule cannot be opened: {error}"))
    };
    let text = seal::open_text(keys, place(id), sealed).map_err(|error| failed(&error))?;
    serde_json::from_str(&text).map_err(|error| failed(&error))
}

/// Refuses what can be no variables of a schedule, with the field that is wrong.
pub(super) fn checked(variables: Vec<Variable>) -> Result<Vec<Variable>, Error> {
    if variables.len() > MOST {
        return Err(Error::invalid(format!("variables: up to {MOST}")));
    }
    for (at, variable) in variables.iter().enumerate() {
        if variables[..at].iter().any(|other| other.key == variable.key) {
            return Err(Error::invalid(format!("variables: have duplicate values ({})", variable.key)));
        }
        if variable.value.chars().count() > VALUE || variable.value.contains('\0') {
            return Err(Error::invalid(format!("value: up to {VALUE} characters, and no NUL")));
        }
        given::check_one(variable, Names::OfAShell)
            .map_err(|error| Error::invalid(format!("key: {}", error.message)))?;
    }
    // Those that no run could be started with.
    given::check(&variables, Names::OfAShell)
        .map_err(|error| Error::invalid(format!("variables: {}", error.message)))?;
    Ok(variables)
}

/// Does that to a list; the variable that it was about, and what was done in a word.
pub(super) fn change(
    list: &mut Vec<Variable>,
    change: ScheduleVariableChange,
) -> Result<(Variable, &'static str), Error> {
    let at = |list: &[Variable], key: &str| {
        list.iter().position(|one| one.key == key).ok_or_else(|| Error::not_found("schedule variable"))
    };
    match change {
        ScheduleVariableChange::Add(new) => {
            if at(list, &new.key).is_ok() {
                return Err(Error::invalid("key: has already been taken"));
            }
            list.push(new.clone());
            Ok((new, "added"))
        }
        ScheduleVariableChange::Set(key, value, file) => {
            let at = at(list, &key)?;
            let one = &mut list[at];
            one.value = value.unwrap_or_else(|| one.value.clone());
            one.file = file.unwrap_or(one.file);
            Ok((one.clone(), "changed"))
        }
        ScheduleVariableChange::Remove(key) => {
            let at = at(list, &key)?;
            Ok((list.remove(at), "removed"))
        }
    }
}
