use super::*;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

fn file(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.key");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    (folder, path)
}

fn ids(ring: &KeyRing) -> Vec<KeyId> {
    ring.ids().collect()
}

#[test]
fn a_missing_key_is_made_only_where_nothing_is_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.key");
    let error = KeyRing::from_file(&path, true).unwrap_err();
    assert!(matches!(error, KeyError::Missing(_)) && !path.exists(), "{error}");
    let made = KeyRing::from_file(&path, false).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(ids(&KeyRing::from_file(&path, true).unwrap()), ids(&made));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    for mode in [0o604, 0o640, 0o660, 0o644, 0o601] {
        let (_folder, path) = file(&format!("{KEY}\n"), mode);
        let error = KeyRing::from_file(&path, true).unwrap_err();
        assert!(matches!(error, KeyError::Exposed { mode: found, .. } if found == mode));
        assert!(error.to_string().contains(&format!("(mode {mode:03o}): chmod 600 ")), "{error}");
    }
    let (_folder, path) = file(KEY, 0o400);
    assert!(KeyRing::from_file(&path, true).is_ok());
}

#[test]
fn what_is_no_key_is_named_by_its_line_and_not_shown() {
    let short = STANDARD.encode([7; 31]);
    for bad in [&short, "not base64 !!", &KEY[..40], &format!("{KEY}{KEY}")] {
        let (_folder, path) = file(&format!("# ours\n{KEY}\n\n{bad}\n"), 0o600);
        let error = KeyRing::from_file(&path, false).unwrap_err();
        assert!(matches!(error, KeyError::Malformed { line: 4, .. }), "{error}");
        assert!(!error.to_string().contains(bad));
    }
    for bad in ["", "# only a comment\n"] {
        let (_folder, path) = file(bad, 0o600);
        assert!(matches!(KeyRing::from_file(&path, false), Err(KeyError::NoKey(_))));
    }
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(KeyRing::from_file(folder.path(), false), Err(KeyError::NoKey(_))));
    let (_folder, path) = file("", 0o600);
    fs::write(&path, [0xff; 32]).unwrap();
    assert!(matches!(KeyRing::from_file(&path, false), Err(KeyError::NoKey(_))), "raw bytes");
}

#[test]
fn keys_rotate_and_old_ones_stay_until_they_are_dropped() {
    let (folder, path) = file(&format!("# by hand\n{KEY}\n"), 0o600);
    let before = KeyRing::from_file(&path, true).unwrap();
    let both = add(&path).unwrap();
    assert_eq!(ids(&both).len(), 2);
    assert_ne!(both.newest().id(), before.newest().id());
    assert!(both.get(before.newest().id()).is_some());
    assert_eq!(ids(&KeyRing::from_file(&path, true).unwrap()), ids(&both));
    let one = keep_newest(&path).unwrap();
    assert_eq!(ids(&one), [both.newest().id()]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn the_environment_may_hold_keys() {
    let other = STANDARD.encode([9; 32]);
    let ring = KeyRing::from_variable(&format!(" {KEY}, {other}\n")).unwrap();
    assert_eq!(ids(&ring).len(), 2);
    assert_eq!(ring.newest().bytes()[..4], [0, 1, 2, 3]);
    for bad in ["", " , ", "secret", &KEY[1..], &format!("{KEY},x")] {
        assert!(matches!(KeyRing::from_variable(bad), Err(KeyError::Variable)));
    }
}

#[test]
fn a_key_is_never_shown() {
    let ring = KeyRing::from_variable(KEY).unwrap();
    let shown = format!("{ring:?} {}", ring.newest().id());
    let id = ring.newest().id().to_string();
    assert_eq!(shown, format!("KeyRing([Key({id})]) {id}"));
    assert_eq!(KeyId::parse(&id), Some(ring.newest().id()));
    assert_eq!([KeyId::parse("12345"), KeyId::parse("ABCDEF00"), KeyId::parse("123456789a")], [None; 3]);
}
