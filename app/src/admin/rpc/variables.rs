//! CI/CD variables. Values cross in the bodies of requests and answers only.

use leptos::prelude::*;
use model::CiVariableId;

use super::{place_of, refuse, service};
use crate::admin::owner;
use crate::rpc::{Refusal, ssr};

/// Makes a variable, or changes the one of this number. `visibility` is `masked`, `hidden` or anything
/// else for neither. An empty value of a hidden one that is there already means the one that it has.
#[server(prefix = "/rpc", endpoint = "variable/save")]
pub async fn save_ci_variable(
    #[server(default)] project: String,
    #[server(default)] namespace: String,
    #[server(default)] id: String,
    key: String,
    #[server(default)] value: String,
    #[server(default)] variable_type: String,
    #[server(default)] visibility: String,
    #[server(default)] protected: bool,
    #[server(default)] raw: bool,
    #[server(default)] environment_scope: String,
    #[server(default)] description: String,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let place = place_of(&project, &namespace)?;
    let number = match id.as_str() {
        "" => None,
        id => Some(id.parse::<CiVariableId>().map_err(|_| ssr::refuse(model::Error::not_found("variable")))?),
    };
    let hidden = visibility == "hidden";
    let keep = number.is_some() && hidden && value.is_empty();
    let draft = model::CiVariableDraft {
        key: key.trim().to_owned(),
        value: (!keep).then(|| value.replace("\r\n", "\n")),
        variable_type: variable_type.parse().unwrap_or_default(),
        protected,
        masked: hidden || visibility == "masked",
        hidden,
        raw,
        environment_scope: Some(environment_scope.trim()).filter(|scope| !scope.is_empty()).unwrap_or("*").to_owned(),
        description: Some(description.trim().to_owned()).filter(|text| !text.is_empty()),
    };
    service.save_ci_variable(&caller, place.clone(), number, draft).await.map_err(|error| {
        let flag = |set| if set { "true" } else { "" };
        // All but the value: what may be a secret is not kept for whoever asks for the page.
        let fields = [
            ("id", id.as_str()),
            ("key", &key),
            ("variable_type", &variable_type),
            ("visibility", &visibility),
            ("protected", flag(protected)),
            ("raw", flag(raw)),
            ("environment_scope", &environment_scope),
            ("description", &description),
        ];
        let page = owner::href(&place, number);
        refuse(&page, "variable", &fields, error)
    })?;
    ssr::go(&owner::href(&place, None));
    Ok(())
}

/// Deletes a variable.
#[server(prefix = "/rpc", endpoint = "variable/delete")]
pub async fn delete_ci_variable(
    #[server(default)] project: String,
    #[server(default)] namespace: String,
    id: CiVariableId,
) -> Result<(), Refusal> {
    let (service, caller) = service()?;
    let place = place_of(&project, &namespace)?;
    service.delete_ci_variable(&caller, place.clone(), id).await.map_err(ssr::refuse)?;
    ssr::go(&owner::href(&place, None));
    Ok(())
}
