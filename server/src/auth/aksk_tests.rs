use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// Made by the SDK's own signer; part of the contract.
const VECTORS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/contracts/codearts-sign-vectors.json");

fn vectors() -> Vec<Value> {
    let text = std::fs::read_to_string(VECTORS).expect("the contracts stand beside the checkout");
    let all: Value = serde_json::from_str(&text).unwrap();
    all["vectors"].as_array().unwrap().clone()
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap()
}

fn headers(vector: &Value) -> Vec<(&str, &[u8])> {
    let headers = vector["headers"].as_object().unwrap();
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap().as_bytes())).collect()
}

fn request<'a>(vector: &'a Value, headers: &'a [(&'a str, &'a [u8])]) -> Request<'a> {
    let (method, target, body) = (text(vector, "method"), text(vector, "wire_uri"), text(vector, "body").as_bytes());
    Request { method, target, headers, body }
}

fn signed(vector: &Value) -> Signed<'_> {
    Signed::parse(text(vector, "authorization")).unwrap()
}

fn now(vector: &Value) -> Timestamp {
    parse_date(text(vector, "date")).unwrap()
}

/// The named vector.
fn vector(name: &str) -> Value {
    vectors().into_iter().find(|vector| text(vector, "name") == name).unwrap()
}

#[test]
fn all_vectors_of_the_contract_verify() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 14);
    for vector in &vectors {
        let (headers, signed) = (headers(vector), signed(vector));
        let request = request(vector, &headers);
        assert_eq!(signed.access, text(vector, "ak"));
        let canonical = String::from_utf8(canonical_request(signed, &request).unwrap()).unwrap();
        assert_eq!(canonical, text(vector, "canonical_request"), "{}", text(vector, "name"));
        let verified = verify(signed, &request, text(vector, "sk"), now(vector)).unwrap();
        assert_eq!(hex::encode(verified.signature), text(vector, "signature"));
        let wrong = verify(signed, &request, "SkExample/Secret+Key0123456789abcdefghiJ", now(vector));
        assert_eq!(wrong, Err(SignError::Mismatch));
    }
}

#[test]
fn whatever_is_changed_on_the_way_is_noticed() {
    let vector = vector("post_run_job");
    let all = headers(&vector);
    let good = request(&vector, &all);
    let check = |request: Request<'_>| verify(signed(&vector), &request, text(&vector, "sk"), now(&vector));
    assert!(check(good).is_ok());
    assert_eq!(check(Request { method: "PUT", ..good }), Err(SignError::Mismatch));
    assert_eq!(check(Request { target: "/v3/jobs/build?x=", ..good }), Err(SignError::Mismatch));
    assert_eq!(check(Request { target: "/v3/jobs/built", ..good }), Err(SignError::Mismatch));
    assert_eq!(check(Request { body: b"{}", ..good }), Err(SignError::Mismatch));
    assert_eq!(check(Request { body: b"", ..good }), Err(SignError::Mismatch));
    for at in 0..all.len() {
        let mut changed = all.clone();
        changed[at].1 = b"20260102T030406Z";
        assert_eq!(check(Request { headers: &changed, ..good }), Err(SignError::Mismatch), "{}", all[at].0);
        let name = all[at].0.to_ascii_lowercase();
        let mut twice = all.clone();
        twice.push((&name, b"more"));
        assert_eq!(check(Request { headers: &twice, ..good }), Err(SignError::Header(name.clone())));
        twice.retain(|(found, _)| !found.eq_ignore_ascii_case(&name));
        assert_eq!(check(Request { headers: &twice, ..good }), Err(SignError::Header(name.clone())));
    }
}

#[test]
fn the_clock_may_be_a_quarter_of_an_hour_off() {
    let vector = vector("get_job_info");
    let headers = headers(&vector);
    let at = |off: i64| {
        let now = Timestamp(now(&vector).0 + off);
        (verify(signed(&vector), &request(&vector, &headers), text(&vector, "sk"), now), now)
    };
    for off in [-WINDOW_MS, 0, WINDOW_MS] {
        assert!(at(off).0.is_ok());
    }
    for off in [-WINDOW_MS - 1, WINDOW_MS + 1, 3_600_000] {
        let (result, now) = at(off);
        assert_eq!(result, Err(SignError::Skewed(now)));
    }
    let mut bad = headers.clone();
    for date in ["2026-01-02T03:04:05Z", "20261302T030405Z", "20260102t030405z", "", "20260102T03040５Z"] {
        bad.iter_mut().filter(|(name, _)| *name == "X-Sdk-Date").for_each(|header| header.1 = date.as_bytes());
        let result = verify(signed(&vector), &request(&vector, &bad), text(&vector, "sk"), now(&vector));
        assert_eq!(result, Err(SignError::Date), "{date}");
    }
}

#[test]
fn a_signed_hash_has_to_be_the_body_s() {
    let mut vector = vector("multipart_unsigned_payload");
    let empty_hash = hex::encode(Sha256::digest(b""));
    vector["headers"]["X-Sdk-Content-Sha256"] = Value::from(empty_hash);
    let headers = headers(&vector);
    assert_eq!(body_hash(signed(&vector), &request(&vector, &headers)), Err(SignError::Body));
}

#[test]
fn the_header_is_read_strictly() {
    let signature = "0".repeat(64);
    let header = |access: &str, headers: &str, signature: &str| {
        format!("SDK-HMAC-SHA256 Access={access}, SignedHeaders={headers}, Signature={signature}")
    };
    assert_eq!(Signed::parse(&header("AK", "host;x-sdk-date", &signature)).unwrap().access, "AK");
    for bad in [
        header("", "host", &signature),
        header("A K", "host", &signature),
        header("AK", "", &signature),
        header("AK", "host, x", &signature),
        header("AK", "host", &signature[1..]),
        header("AK", "host", &"A".repeat(64)),
        header(&"A".repeat(129), "host", &signature),
        header("AK", &"a;".repeat(64), &signature),
        header("AK", "host", &signature).replace("SHA256", "SM3"),
        header("AK", "host", &signature).replace(", ", ","),
        format!("{} ", header("AK", "host", &signature)),
        "V11-HMAC-SHA256 Credential=AK/20260102/x".to_owned(),
        String::new(),
    ] {
        assert_eq!(Signed::parse(&bad), Err(SignError::Malformed), "{bad}");
    }
    assert!(["SDK-HMAC-SM3 Access=", "SDK-ECDSA-P256-SHA256", "V11-HMAC-SHA256 x"].into_iter().all(Signed::is_meant));
    assert!(!["Bearer SDK-HMAC", "Basic x", ""].into_iter().any(Signed::is_meant));
    let vector = vector("get_job_info");
    let headers = headers(&vector);
    for (names, missing) in [("x-sdk-date", "host"), ("host", "x-sdk-date")] {
        let header = header("AK", names, &signature);
        let result = verify(Signed::parse(&header).unwrap(), &request(&vector, &headers), "sk", now(&vector));
        assert_eq!(result, Err(SignError::NotSigned(missing)));
    }
}

#[test]
fn errors_are_the_contract_s() {
    assert_eq!(SignError::Mismatch.to_string(), "Incorrect IAM authentication information: verify aksk signature fail");
    let unknown = "Incorrect IAM authentication information: Get secretKey failed,ak:AK1,err:ak not exist";
    assert_eq!(SignError::UnknownKey("AK1".into()).to_string(), unknown);
    assert_eq!(SignError::CODE, "APIGW.0301");
}

proptest! {
    #[test]
    fn any_request_gets_an_answer(target in "\\PC{0,60}|[/?&=%a-f0-9]{0,40}", header in "\\PC{0,80}", value in prop::collection::vec(any::<u8>(), 0..20)) {
        let _ = Signed::parse(&header);
        let headers: [(&str, &[u8]); 2] = [("Host", &value), ("X-Sdk-Date", b"20260102T030405Z")];
        let request = Request { method: "POST", target: &target, headers: &headers, body: &value };
        let header = format!("SDK-HMAC-SHA256 Access=a, SignedHeaders=host;x-sdk-date, Signature={}", "0".repeat(64));
        let result = verify(Signed::parse(&header).unwrap(), &request, "sk", parse_date("20260102T030405Z").unwrap());
        prop_assert_eq!(result, Err(SignError::Mismatch));
    }

    #[test]
    fn decoding_undoes_encoding(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut encoded = Vec::new();
        encode(&bytes, b"", &mut encoded);
        prop_assert_eq!(decode(std::str::from_utf8(&encoded).unwrap()), bytes);
    }
}
