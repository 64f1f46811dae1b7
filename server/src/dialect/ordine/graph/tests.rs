use serde_json::json;

use super::*;

fn operation(id: &str, executor: Value) -> (String, Operation) {
    let op = Operation {
        id: id.into(),
        name: id.into(),
        description: String::new(),
        body: json!({"config": {"executor": executor}}),
        created_at: model::Timestamp(0),
        updated_at: model::Timestamp(0),
        version: model::Seq(0),
    };
    (id.into(), op)
}

fn operations() -> HashMap<String, Operation> {
    HashMap::from([
        operation("op_list", json!({"type": "script", "language": "bash", "command": "ls \"$INPUT_PATH\""})),
        operation(
            "op_count",
            json!({"type": "script", "language": "python", "command": "import sys\nEND_OF_STEP = '''\nEND_OF_STEP\n'''\nprint(len(sys.stdin.read().split()))"}),
        ),
        operation("op_agent", json!({"type": "agent", "agentMode": "prompt", "prompt": "x"})),
    ])
}

fn node(id: &str, kind: &str, data: Value) -> Value {
    json!({"id": id, "type": kind, "position": {"x": 0, "y": 0}, "data": data})
}

fn graph(nodes: Vec<Value>, edges: &[(&str, &str)]) -> Value {
    let edges: Vec<Value> = edges
        .iter()
        .enumerate()
        .map(|(i, (source, target))| json!({"id": format!("e{i}"), "source": source, "target": target}))
        .collect();
    json!({"nodes": nodes, "edges": edges, "timeoutMs": 90_500})
}

fn refused(graph: &Value) -> String {
    definition(graph, &operations()).unwrap_err().to_string()
}

#[test]
fn nodes_become_jobs_and_edges_become_needs() {
    let graph = graph(
        vec![
            node("in", "folder", json!({"folderPath": "/srv/it's here"})),
            node("a", "operation", json!({"operationId": "op_list", "label": "List"})),
            node("b", "operation", json!({"operationId": "op_count", "label": "Count: #1"})),
            node("c", "operation", json!({"operationId": "op_count", "label": "Count: #1"})),
            node("out", "output-local-path", json!({"localPath": "/srv/out", "outputFileName": "n.txt"})),
        ],
        &[("in", "a"), ("a", "b"), ("a", "c"), ("b", "out"), ("c", "out")],
    );
    let text = definition(&graph, &operations()).unwrap();
    insta::assert_snapshot!(text);
    let outcome = pipeline::plan(&text, &pipeline::Context::default());
    assert_eq!(outcome.diagnostics, []);
    let plan = outcome.plan.unwrap();
    let names: Vec<_> = plan.jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(names, ["List", "Count: #1 (b)", "Count: #1 (c)", "out"]);
    assert_eq!(plan.jobs[3].needs.as_ref().unwrap().len(), 2);
    assert_eq!(plan.jobs[0].timeout, Some(91));
    assert_eq!(plan.jobs[0].script[1], "export INPUT_PATH='/srv/it'\\''s here'");
}

#[test]
fn the_input_fills_the_first_input_node_without_a_path() {
    let paths = |nodes: Vec<Value>, edges: &[(&str, &str)]| {
        let graph = Graph::read(&graph(nodes, edges), &operations()).unwrap();
        graph.steps.into_iter().map(|step| step.path).collect::<Vec<_>>()
    };
    let list = |id: &str| node(id, "operation", json!({"operationId": "op_list"}));
    let folder = |id: &str, path: &str| node(id, "folder", json!({"folderPath": path}));
    use read::Input::{Fixed, None, Run};
    assert_eq!(paths(vec![list("a"), list("b")], &[("a", "b")]), [Run, Run]);
    assert_eq!(paths(vec![folder("f", "/x"), list("a")], &[("f", "a")]), [Fixed("/x".into())]);
    assert_eq!(
        paths(vec![folder("f", ""), folder("g", ""), list("a"), list("b"), list("c")], &[("f", "a"), ("g", "b")]),
        [Run, None, None]
    );
}

#[test]
fn what_cannot_run_is_refused_with_a_reason() {
    let list = |id: &str| node(id, "operation", json!({"operationId": "op_list"}));
    let cases = [
        (graph(vec![list("a"), list("b")], &[("a", "b"), ("b", "a")]), "the nodes form a cycle through \"a\""),
        (
            graph(vec![node("a", "operation", json!({"operationId": "op_gone"}))], &[]),
            "operations are missing: node \"a\" points at \"op_gone\"",
        ),
        (
            graph(vec![node("a", "operation", json!({"operationId": "op_agent"}))], &[]),
            "node \"a\": executor type \"agent\" is not supported, only script is",
        ),
        (graph(vec![list("a"), list("a")], &[]), "two nodes have the id \"a\""),
        (graph(vec![list("a")], &[("a", "z")]), "an edge has the target \"z\", which is no node"),
        (graph(vec![], &[]), "a pipeline needs at least one operation node"),
        (graph(vec![json!({"type": "operation"})], &[]), "node 1 has no id"),
        (
            graph(vec![node("a", "condition", json!({}))], &[]),
            "node \"a\": nodes of type \"condition\" cannot run here",
        ),
        (json!({"nodes": 5}), "nodes must be a list"),
        (json!({"nodes": "[oops"}), "nodes is no JSON list"),
    ];
    for (graph, text) in cases {
        let said = refused(&graph);
        assert!(said.starts_with(text), "{said}");
    }
}

#[test]
fn hostile_names_and_texts_stay_texts() {
    let code = "echo \"$(id)\" '`' \\\n\u{85}\u{2028}\ttab\r\nEND_OF_STEP\n\u{1}\u{7f}";
    let mut all = operations();
    all.extend([operation("op_bad", json!({"type": "script", "command": code}))]);
    let label = "\": {script: [rm]}\n.hidden: #\u{0}\t";
    let graph = graph(vec![node("n\n1", "operation", json!({"operationId": "op_bad", "label": label}))], &[]);
    let text = definition(&graph, &all).unwrap();
    let outcome = pipeline::plan(&text, &pipeline::Context::default());
    assert_eq!(outcome.diagnostics, [], "{text}");
    let plan = outcome.plan.unwrap();
    assert_eq!(plan.jobs.len(), 1);
    assert_eq!(plan.jobs[0].script[4], format!("cat > .weir/step.sh <<'END_OF_STEP_'\n{code}\nEND_OF_STEP_"));
}
