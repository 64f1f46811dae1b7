//! Variables that runs and jobs are given when they are started: what they may be called, and how large they may be.

use model::Error;
use model::plan::Variable;

/// How many there may be.
const MOST: usize = 1000;
/// Bytes of one string in the environment of a process on Linux: name, `=`, value and the NUL behind it.
const ONE: usize = 128 << 10;
/// Bytes that all of them take together. The system allows for twice as much in most places, and there are others.
const TOGETHER: usize = 1 << 20;
/// Bytes of a value that jobs get in a file.
const FILE: usize = 1 << 20;
/// Characters of a name.
const NAME: usize = 255;

/// What variables may be called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Names {
    /// As a shell calls its variables.
    #[default]
    OfAShell,
    /// As somebody likes: those that no shell can have are kept and told, and no job gets them.
    Any,
}

/// Refuses what no run and no job can be given.
pub fn check(variables: &[Variable], names: Names) -> Result<(), Error> {
    if variables.len() > MOST {
        return Err(Error::invalid(format!("a run may have {MOST} variables")));
    }
    let mut together = 0;
    for variable in variables {
        check_one(variable, names)?;
        if !variable.file {
            together += room(variable);
        }
        if together > TOGETHER {
            return Err(Error::invalid(format!(
                "with {:?} the variables take more than {TOGETHER} bytes: a script does not get more in its environment",
                variable.key
            )));
        }
    }
    Ok(())
}

/// The same of one alone.
pub fn check_one(variable: &Variable, names: Names) -> Result<(), Error> {
    let Variable { key, value, .. } = variable;
    if key.is_empty() || key.chars().count() > NAME || key.contains('\0') {
        return Err(Error::invalid(format!("a variable's name has 1 to {NAME} characters and no NUL")));
    }
    if names == Names::OfAShell && !is_shell_name(key) {
        return Err(Error::invalid(format!("{key:?} is no variable name: letters, digits and '_', not first a digit")));
    }
    if value.contains('\0') {
        return Err(Error::invalid(format!("the value of {key} contains a NUL byte")));
    }
    if variable.file && value.len() > FILE {
        return Err(Error::too_large(format!("the value of {key} is longer than 1 MiB")));
    }
    if !variable.file && room(variable) > ONE {
        return Err(Error::invalid(format!(
            "the variable {key:?} takes {} bytes with its name: a script gets up to {ONE} in one variable, more only in a file",
            room(variable)
        )));
    }
    Ok(())
}

/// Whether a job can have a variable of a run that is called so.
pub fn is_for_jobs(variable: &Variable) -> bool {
    is_shell_name(&variable.key)
}

fn is_shell_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Bytes that a variable takes in an environment.
fn room(variable: &Variable) -> usize {
    variable.key.len() + variable.value.len() + 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(variables: &[Variable]) -> String {
        check(variables, Names::OfAShell).unwrap_err().message
    }

    #[test]
    fn bug_a_variable_that_no_process_can_get_was_accepted() {
        let of = |length: usize| Variable::new("A", "x".repeat(length));
        assert_eq!(check(&[of(ONE - 3)], Names::OfAShell), Ok(()));
        let text = said(&[of(ONE - 2)]);
        assert!(text.contains("\"A\"") && text.contains("131073") && text.contains("131072"), "{text}");
        let file = |length: usize| Variable { file: true, ..of(length) };
        assert_eq!(check(&[file(FILE), file(FILE)], Names::OfAShell), Ok(()));
        assert_eq!(check(&[file(FILE + 1)], Names::OfAShell).unwrap_err().kind, model::ErrorKind::TooLarge);
    }

    #[test]
    fn bug_variables_that_no_process_can_get_together_were_accepted() {
        let many = |count: usize| {
            let one = |at| Variable::new(format!("V{at}"), "x".repeat(ONE - 4));
            (0..count).map(one).collect::<Vec<_>>()
        };
        assert_eq!(check(&many(8), Names::OfAShell), Ok(()));
        let mut nine = many(8);
        nine.push(Variable::new("LAST", ""));
        let text = said(&nine);
        assert!(text.contains("\"LAST\"") && text.contains("1048576"), "{text}");
    }

    #[test]
    fn names_are_a_shells_unless_any_will_do() {
        for name in ["a-b.c", "名", "a b", "1A", "A="] {
            let one = [Variable::new(name, "x")];
            assert!(said(&one).contains(name) && check(&one, Names::Any) == Ok(()) && !is_for_jobs(&one[0]), "{name}");
        }
        let long = "名".repeat(NAME);
        assert_eq!(check(&[Variable::new(long.clone(), "x")], Names::Any), Ok(()));
        for name in [String::new(), "a\0b".to_owned(), long + "x"] {
            assert!(check(&[Variable::new(name, "x")], Names::Any).is_err());
        }
        assert!(is_for_jobs(&Variable::new("_A1", "x")));
    }
}
