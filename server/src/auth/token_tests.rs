use proptest::prelude::*;

use super::*;

fn token(text: &str) -> Token {
    Token::presented(text).unwrap()
}

fn of(headers: &[(&str, &str)], parameters: &[(&str, &str)]) -> Result<Option<Presented>, PresentError> {
    present(headers.iter().map(|(name, value)| (*name, value.as_bytes())), parameters.iter().copied())
}

const SIGNED: &str = "SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=00";

#[test]
fn a_token_has_its_prefix_and_256_bits() {
    for kind in Kind::ALL {
        let fresh = Token::fresh(kind);
        assert!(fresh.reveal().starts_with(kind.prefix()));
        assert_eq!(fresh.reveal().len(), kind.prefix().len() + 64);
        assert_eq!((Kind::of(fresh.reveal()), fresh.complaint()), (Some(kind), None));
        assert_ne!(fresh, Token::fresh(kind));
        assert!(fresh.reveal().ends_with(fresh.hint()) && fresh.hint().len() == 4);
        assert_eq!(fresh.hash(), random::hash(fresh.reveal()));
    }
    assert_eq!(format!("{:?}", token("glpat-0123")), "Token(glpat-…)");
}

#[test]
fn what_is_wrong_with_a_token_s_form_is_said() {
    let complaint = |text: &str| token(text).complaint().unwrap_or_default();
    let whole = Token::fresh(Kind::Access);
    let cut = &whole.reveal()[..30];
    assert_eq!(complaint(cut), "the token seems to be cut off: it has 24 of 64 digits");
    assert_eq!(complaint("hunter2"), "the token has none of the prefixes that this server gives");
    let long = format!("{}0", whole.reveal());
    assert_eq!(complaint(&long), "the token is not written as this server writes them (64 digits)");
    assert!(Token::presented("").is_none() && Token::presented("a b").is_none() && Token::presented("ü").is_none());
    assert!(Token::presented(&"a".repeat(1 << 20)).is_none());
}

#[test]
fn a_credential_is_found_at_each_of_its_places() {
    let access = || Ok(Some(Presented::Access(token("glpat-1"))));
    let job = || Ok(Some(Presented::Job(token("glcbt-1"))));
    assert_eq!(of(&[("PRIVATE-TOKEN", "glpat-1")], &[]), access());
    assert_eq!(of(&[("private-token", " glpat-1 ")], &[]), access());
    assert_eq!(of(&[("Authorization", "Bearer glpat-1")], &[]), access());
    assert_eq!(of(&[("authorization", "bearer  glpat-1")], &[]), access());
    assert_eq!(of(&[("X-Auth-Token", "glpat-1")], &[]), access());
    assert_eq!(of(&[], &[("private_token", "glpat-1")]), access());
    assert_eq!(of(&[], &[("ref", "main"), ("access_token", "glpat-1")]), access());
    assert_eq!(of(&[("JOB-TOKEN", "glcbt-1")], &[]), job());
    assert_eq!(of(&[("Authorization", "Bearer glcbt-1")], &[]), job());
    assert_eq!(of(&[], &[("job_token", "glcbt-1")]), job());
    assert_eq!(of(&[("RUNNER-TOKEN", "glrt-1")], &[]), Ok(Some(Presented::Runner(token("glrt-1")))));
    assert_eq!(of(&[("Authorization", SIGNED)], &[]), Ok(Some(Presented::Signed(SIGNED.into()))));
    let other = "SDK-HMAC-SM3 Access=AK";
    assert_eq!(of(&[("Authorization", other)], &[]), Ok(Some(Presented::Signed(other.into()))));
}

#[test]
fn what_is_no_credential_is_left_alone() {
    for (name, value) in [
        ("Authorization", "Basic YWRhOmx1Yg=="),
        ("Authorization", "Bearer"),
        ("Authorization", "Bearer "),
        ("PRIVATE-TOKEN", ""),
        ("X-Private-Token", "glpat-1"),
        ("Cookie", "private_token=glpat-1"),
    ] {
        assert_eq!(of(&[(name, value)], &[]), Ok(None), "{name}: {value}");
    }
    assert_eq!(of(&[], &[("private_token", ""), ("token", "glptt-1"), ("PRIVATE_TOKEN", "glpat-1")]), Ok(None));
    assert_eq!(present([("Authorization", &b"\xff\xfe"[..])], []), Ok(None));
}

#[test]
fn two_different_ones_are_refused_and_the_same_twice_is_one() {
    let two = |first: (&str, &str), second: (&str, &str)| of(&[first, second], &[]);
    let refused = two(("PRIVATE-TOKEN", "glpat-1"), ("Authorization", "Bearer glpat-2"));
    assert_eq!(refused, Err(PresentError::Ambiguous(Place::PrivateHeader, Place::Bearer)));
    let sentence =
        "the header PRIVATE-TOKEN and the header Authorization: Bearer say different things: send one of them";
    assert_eq!(refused.unwrap_err().to_string(), sentence);
    assert!(two(("PRIVATE-TOKEN", "glpat-1"), ("PRIVATE-TOKEN", "glpat-2")).is_err());
    assert!(two(("PRIVATE-TOKEN", "glpat-1"), ("JOB-TOKEN", "glpat-1")).is_err(), "as a user and as a job");
    assert!(two(("PRIVATE-TOKEN", "glpat-1"), ("Authorization", SIGNED)).is_err());
    assert!(of(&[("PRIVATE-TOKEN", "glpat-1")], &[("private_token", "glpat-2")]).is_err());
    assert!(of(&[], &[("private_token", "glpat-1"), ("job_token", "glcbt-1")]).is_err());
    let same =
        of(&[("PRIVATE-TOKEN", "glpat-1"), ("Authorization", "Bearer glpat-1")], &[("private_token", "glpat-1")]);
    assert_eq!(same, Ok(Some(Presented::Access(token("glpat-1")))));
    let signature = Ok(Some(Presented::Signed(SIGNED.into())));
    assert_eq!(two(("Authorization", SIGNED), ("X-Auth-Token", "t")), signature);
    assert_eq!(two(("X-Auth-Token", "t"), ("Authorization", SIGNED)), signature);
    assert_eq!(two(("X-Auth-Token", &"t".repeat(9000)), ("Authorization", SIGNED)), signature);
}

#[test]
fn a_bad_credential_is_never_taken_for_none() {
    for value in ["a b", "ü", "a\u{7f}", &"a".repeat(1025)] {
        assert_eq!(of(&[("PRIVATE-TOKEN", value)], &[]), Err(PresentError::Malformed(Place::PrivateHeader)), "{value}");
        let bearer = format!("Bearer {value}");
        assert_eq!(of(&[("Authorization", &bearer)], &[]), Err(PresentError::Malformed(Place::Bearer)), "{value}");
        let parameter = of(&[], &[("job_token", value)]);
        assert_eq!(parameter, Err(PresentError::Malformed(Place::JobParameter)), "{value}");
    }
}

proptest! {
    #[test]
    fn the_order_of_headers_does_not_matter_and_errors_tell_no_secret(
        names in prop::collection::vec(prop::sample::select(&["PRIVATE-TOKEN", "JOB-TOKEN", "Authorization", "X-Auth-Token", "Accept"][..]), 0..4),
        values in prop::collection::vec("Bearer hunter2[ab]|hunter2[ab ]|SDK-HMAC-SHA256 hunter2|", 4),
    ) {
        let headers: Vec<(&str, &str)> = names.iter().copied().zip(values.iter().map(String::as_str)).collect();
        let mut reversed = headers.clone();
        reversed.reverse();
        let (forth, back) = (of(&headers, &[]), of(&reversed, &[]));
        prop_assert_eq!(forth.as_ref().ok(), back.as_ref().ok());
        if let Err(error) = forth {
            let shown = format!("{error} {error:?}");
            prop_assert!(!shown.contains("hunter2"));
        }
    }
}
