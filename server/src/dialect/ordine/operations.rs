//! `/api/operations`: the steps that nodes point at.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use model::{Caller, Seq, Timestamp};
use serde_json::{Map, Value};

use super::error::Refused;
use super::graph;
use super::input::{Fields as _, Id, check_id};
use super::wire;
use crate::dialect::{Object, encoded, total};
use crate::http::{Access, Fresh, Freshness};
use crate::service::Weir;
use crate::service::ordine::Operation;

/// `GET /api/operations`
pub async fn list(Access { weir, caller }: Access, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async {
            let all = weir.ordine().operations(&caller).await?;
            let records: Vec<Value> = all.iter().map(wire::operation).collect();
            Ok(Fresh::list(&records)?.with(total(records.len() as u64)))
        })
        .await
}

/// `GET /api/operations/:id`
pub async fn get(Access { weir, caller }: Access, Id(id): Id, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async {
            let record = wire::operation(&weir.ordine().operation(&caller, &id).await?);
            Ok(Fresh::list(&record)?)
        })
        .await
}

/// `POST /api/operations`
pub async fn create(Access { weir, caller }: Access, Object(body): Object) -> Result<Response, Refused> {
    let id = own_id(&body)?;
    store(&weir, &caller, id, body, true).await
}

/// `PUT /api/operations`: by the id of the body.
pub async fn put(Access { weir, caller }: Access, Object(body): Object) -> Result<Response, Refused> {
    let id = own_id(&body)?;
    store(&weir, &caller, id, body, false).await
}

/// `PUT /api/operations/:id`
pub async fn put_one(Access { weir, caller }: Access, Id(id): Id, Object(body): Object) -> Result<Response, Refused> {
    if body.id("id")?.is_some_and(|own| own != id) {
        return Err(Refused::invalid("the id in the body is another one than in the address"));
    }
    store(&weir, &caller, id, body, false).await
}

/// `PATCH /api/operations/:id`: what is absent stays.
pub async fn change(Access { weir, caller }: Access, Id(id): Id, Object(body): Object) -> Result<Response, Refused> {
    let old = weir.ordine().operation(&caller, &id).await?;
    if body.id("id")?.is_some_and(|own| own != id) {
        return Err(Refused::invalid("the id of an operation cannot be changed"));
    }
    let mut whole = match wire::operation(&old) {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    whole.extend(body);
    store(&weir, &caller, id, whole, false).await
}

/// `DELETE /api/operations/:id`
pub async fn delete(Access { weir, caller }: Access, Id(id): Id) -> Result<StatusCode, Refused> {
    weir.ordine().delete_operation(&caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn own_id(body: &Map<String, Value>) -> Result<String, Refused> {
    let id = body.text("id")?.ok_or_else(|| Refused::invalid("id must be a text of 1 to 255 characters"))?;
    check_id("id", &id)
}

async fn store(
    weir: &Weir,
    caller: &Caller,
    id: String,
    mut body: Map<String, Value>,
    new: bool,
) -> Result<Response, Refused> {
    graph::check_operation(&id, body.get("config").unwrap_or(&Value::Null))
        .map_err(|error| Refused::graph(StatusCode::BAD_REQUEST, &error))?;
    let name = body.text("name")?.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| id.clone());
    let description = body.text("description")?.unwrap_or_default();
    for ours in ["id", "name", "description", "createdAt", "updatedAt"] {
        body.remove(ours);
    }
    let op = Operation {
        id,
        name,
        description,
        body: Value::from(body),
        created_at: Timestamp(0),
        updated_at: Timestamp(0),
        version: Seq(0),
    };
    let (op, is_new) = weir.ordine().store_operation(caller, op, new).await?;
    let record = Json(wire::operation(&op));
    if is_new {
        let place = format!("/api/operations/{}", encoded(&op.id));
        return Ok((StatusCode::CREATED, [(header::LOCATION, place)], record).into_response());
    }
    Ok(record.into_response())
}
