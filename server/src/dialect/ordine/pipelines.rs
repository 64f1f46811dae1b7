//! `/api/pipelines`: definitions as texts, or as nodes and edges.

use app::service::Service as _;
use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use model::plan::{Inputs, Variable};
use model::{Caller, ErrorKind, NewRun, Source};
use serde_json::{Map, Value, json};

use super::error::Refused;
use super::graph;
use super::input::{Fields as _, Id, Parameters, check_id};
use super::wire::Pipeline;
use crate::dialect::{Object, OptionalObject, encoded, total};
use crate::http::{Access, Fresh, Freshness};
use crate::service::Weir;
use crate::service::ordine::{Given, Origin, PipelineDraft};

/// `GET /api/pipelines`
pub async fn list(
    Access { weir, caller }: Access,
    query: Parameters,
    freshness: Freshness,
) -> Result<Response, Refused> {
    freshness
        .respond(|| async {
            let mut all = weir.ordine().pipelines(&caller).await?;
            if let Some(project) = query.get("projectId") {
                all.retain(|given| {
                    given.origin.project.as_deref() == Some(project) || given.pipeline.project_path.as_str() == project
                });
            }
            let headers = total(all.len() as u64);
            let records: Vec<Pipeline> = all.into_iter().map(Pipeline::from).collect();
            Ok(Fresh::list(&records)?.with(headers))
        })
        .await
}

/// `GET /api/pipelines/:id`
pub async fn get(Access { weir, caller }: Access, Id(id): Id, freshness: Freshness) -> Result<Response, Refused> {
    freshness
        .respond(|| async {
            let record = Pipeline::from(weir.ordine().pipeline(&caller, &id).await?);
            Ok(Fresh::list(&record)?)
        })
        .await
}

/// `POST /api/pipelines`
pub async fn create(Access { weir, caller }: Access, Object(body): Object) -> Result<Response, Refused> {
    let id = own_id(&body)?;
    let made = make(&weir, &caller, id, &body).await?;
    Ok(created(made))
}

/// `PUT /api/pipelines`: by the id of the body.
pub async fn put(Access { weir, caller }: Access, Object(body): Object) -> Result<Response, Refused> {
    let id = own_id(&body)?;
    store(&weir, &caller, id, &body).await
}

/// `PUT /api/pipelines/:id`
pub async fn put_one(Access { weir, caller }: Access, Id(id): Id, Object(body): Object) -> Result<Response, Refused> {
    if body.id("id")?.is_some_and(|own| own != id) {
        return Err(Refused::invalid("the id in the body is another one than in the address"));
    }
    store(&weir, &caller, id, &body).await
}

/// `PATCH /api/pipelines/:id`: what is absent stays.
pub async fn change(
    Access { weir, caller }: Access,
    Id(id): Id,
    Object(body): Object,
) -> Result<Json<Pipeline>, Refused> {
    let old = weir.ordine().pipeline(&caller, &id).await?;
    if body.id("id")?.is_some_and(|own| own != old.pipeline.key.as_str()) {
        return Err(Refused::invalid("the id of a pipeline cannot be changed"));
    }
    if body.contains_key("projectId") && body.id("projectId")? != project_of(&old) {
        return Err(Refused::invalid("the project of a pipeline cannot be changed"));
    }
    let mut whole = record_of(&old);
    for (name, value) in body {
        // A new text takes the place of the graph, and the other way round.
        match name.as_str() {
            "definition" => ["nodes", "edges"].iter().for_each(|part| drop(whole.remove(*part))),
            "nodes" | "edges" => drop(whole.remove("definition")),
            _ => {}
        }
        whole.insert(name, value);
    }
    let draft = draft(&weir, &caller, old.pipeline.key.to_string(), &whole).await?;
    Ok(Json(Pipeline::from(weir.ordine().replace_pipeline(&caller, draft).await?)))
}

/// `DELETE /api/pipelines/:id`: its jobs stay readable.
pub async fn delete(Access { weir, caller }: Access, Id(id): Id) -> Result<StatusCode, Refused> {
    let given = weir.ordine().pipeline(&caller, &id).await?;
    weir.delete_pipeline(&caller, &given.pipeline.key).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /api/pipelines/:id/run`: answers at once with the job's id.
pub async fn run(
    Access { weir, caller }: Access,
    Id(id): Id,
    OptionalObject(body): OptionalObject,
) -> Result<Response, Refused> {
    let given = weir.ordine().pipeline(&caller, &id).await?;
    let new = NewRun {
        git_ref: body.text("ref")?.filter(|text| !text.is_empty()),
        variables: variables(body.get("variables"))?,
        inputs: inputs(body.get("inputs"))?,
        input_path: body.text("inputPath")?.filter(|path| !path.is_empty()),
        external_project: body.id("projectId")?.or_else(|| given.origin.project.clone()),
        source: Source::Api,
        ..NewRun::default()
    };
    // Operations may have changed, or gone, since the pipeline was stored.
    if let Some(graph) = &given.origin.graph {
        let operations = weir.ordine().operation_map(&caller).await?;
        let text =
            graph::definition(graph, &operations).map_err(|error| Refused::graph(StatusCode::CONFLICT, &error))?;
        if given.pipeline.definition.as_deref() != Some(text.as_str()) {
            weir.save_definition(&caller, &given.pipeline.key, text).await?;
        }
    }
    let run = weir.start_run(&caller, &given.pipeline.key, new).await?;
    Ok((StatusCode::ACCEPTED, Json(json!({"jobId": run.uid, "runId": run.id}))).into_response())
}

/// `{"K": "V"}`, or GitLab's list of keys and values.
fn variables(given: Option<&Value>) -> Result<Vec<Variable>, Refused> {
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(on) => Ok(on.to_string()),
        _ => Err(Refused::invalid("the value of a variable must be a text")),
    };
    match given {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Object(pairs)) => {
            pairs.iter().map(|(key, value)| Ok(Variable::new(key.as_str(), text(value)?))).collect()
        }
        Some(Value::Array(list)) => list
            .iter()
            .map(|one| {
                let key = one["key"].as_str().ok_or_else(|| Refused::invalid("a variable needs a key"))?;
                Ok(Variable::new(key, text(&one["value"])?))
            })
            .collect(),
        Some(_) => Err(Refused::invalid("variables must be an object of texts")),
    }
}

/// `{"NAME": value}`, whatever the value is: the definition says what it has to be.
fn inputs(given: Option<&Value>) -> Result<Inputs, Refused> {
    match given {
        None | Some(Value::Null) => Ok(Inputs::new()),
        Some(Value::Object(values)) => Ok(values.clone().into_iter().collect()),
        Some(_) => Err(Refused::invalid("inputs must be an object")),
    }
}

fn own_id(body: &Map<String, Value>) -> Result<String, Refused> {
    let id = body.text("id")?.ok_or_else(|| Refused::invalid("id must be a text of 1 to 255 characters"))?;
    check_id("id", &id)
}

async fn make(weir: &Weir, caller: &Caller, id: String, body: &Map<String, Value>) -> Result<Given, Refused> {
    let draft = draft(weir, caller, id, body).await?;
    Ok(weir.ordine().create_pipeline(caller, draft).await?)
}

async fn store(weir: &Weir, caller: &Caller, id: String, body: &Map<String, Value>) -> Result<Response, Refused> {
    match weir.ordine().pipeline(caller, &id).await {
        Ok(old) => {
            let mut draft = draft(weir, caller, old.pipeline.key.to_string(), body).await?;
            if draft.origin.project.is_some() && draft.origin.project != project_of(&old) {
                return Err(Refused::invalid("the project of a pipeline cannot be changed"));
            }
            draft.origin.project.clone_from(&old.origin.project);
            Ok(Json(Pipeline::from(weir.ordine().replace_pipeline(caller, draft).await?)).into_response())
        }
        Err(error) if error.kind == ErrorKind::NotFound => Ok(created(make(weir, caller, id, body).await?)),
        Err(error) => Err(error.into()),
    }
}

fn created(given: Given) -> Response {
    let place = format!("/api/pipelines/{}", encoded(given.pipeline.key.as_str()));
    (StatusCode::CREATED, [(header::LOCATION, place)], Json(Pipeline::from(given))).into_response()
}

fn project_of(given: &Given) -> Option<String> {
    given.origin.project.clone().or_else(|| Some(given.pipeline.project_path.to_string()))
}

/// What a PATCH starts from.
fn record_of(given: &Given) -> Map<String, Value> {
    let mut record = Map::new();
    record.insert("name".into(), given.pipeline.name.clone().into());
    record.insert("description".into(), given.pipeline.description.clone().into());
    record.insert("tags".into(), given.origin.tags.clone().into());
    record.insert("projectId".into(), given.origin.project.clone().into());
    match &given.origin.graph {
        Some(Value::Object(graph)) => record.extend(graph.clone()),
        _ => drop(record.insert("definition".into(), given.pipeline.definition.clone().into())),
    }
    record
}

/// Reads a body. A definition wins over nodes and edges; without either the project's own file is meant.
async fn draft(weir: &Weir, caller: &Caller, key: String, body: &Map<String, Value>) -> Result<PipelineDraft, Refused> {
    let empty = |name: &str| match body.get(name) {
        None | Some(Value::Null) => true,
        Some(Value::Array(list)) => list.is_empty(),
        Some(Value::String(text)) => matches!(text.trim(), "" | "[]"),
        Some(_) => false,
    };
    let definition = body.text("definition")?;
    let has_graph = !empty("nodes") || !empty("edges");
    if definition.is_some() && has_graph {
        return Err(Refused::invalid("give either a definition or nodes and edges, not both"));
    }
    let project = body.id("projectId")?;
    let mentions_nodes = body.get("nodes").is_some_and(|nodes| !nodes.is_null());
    let (definition, graph) = if has_graph || (definition.is_none() && mentions_nodes) {
        let mut graph = Map::new();
        for name in ["nodes", "edges", "timeoutMs"] {
            graph.insert(name.into(), body.get(name).cloned().unwrap_or(Value::Null));
        }
        let graph = Value::from(graph);
        let operations = weir.ordine().operation_map(caller).await?;
        let text =
            graph::definition(&graph, &operations).map_err(|error| Refused::graph(StatusCode::BAD_REQUEST, &error))?;
        (Some(text), Some(graph))
    } else {
        (definition, None)
    };
    Ok(PipelineDraft {
        key,
        name: body.text("name")?.unwrap_or_default(),
        description: body.text("description")?.unwrap_or_default(),
        definition,
        origin: Origin { project, tags: body.texts("tags")?.unwrap_or_default(), graph },
    })
}
