use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::PasswordHasher;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use proptest::prelude::*;
use tokio::sync::RwLock;

use super::*;

#[test]
fn a_password_verifies_against_its_own_hash_only() {
    let stored = hash("correct horse");
    assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
    assert!(verify("correct horse", &stored));
    assert!(!verify("correct horsf", &stored));
    assert!(!verify("", &stored));
    assert_ne!(stored, hash("correct horse"), "each hash has its own salt");
    assert!(!verify_nobody("nobody knows this one"));
}

#[test]
fn length_is_counted_in_characters_and_bounded_in_bytes() {
    assert_eq!(check("sevench", "ada"), Err(Refusal::TooShort));
    assert_eq!(check("eightchr", "ada"), Ok(()));
    assert_eq!(check("пароль", "ada"), Err(Refusal::TooShort), "twelve bytes, six characters");
    assert_eq!(check(&"я".repeat(128), "ada"), Ok(()));
    assert_eq!(check(&"a".repeat(129), "ada"), Err(Refusal::TooLong));
    assert_eq!(check("Ada.Lovelace", "ada.lovelace"), Err(Refusal::UserName));
}

#[test]
fn a_megabyte_is_refused_before_it_is_hashed() {
    let megabyte = "x".repeat(1 << 20);
    assert_eq!(check(&megabyte, "ada"), Err(Refusal::TooLong));
    assert!(!verify(&megabyte, "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$AAAA") && !verify_nobody(&megabyte));
}

#[test]
fn hashes_of_another_cost_still_verify_and_are_made_anew() {
    let cheap = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(64, 1, 1, Some(32)).unwrap());
    let stored = cheap.hash_password_with_salt(b"correct horse", b"salt of sixteen.").unwrap().to_string();
    assert!(verify("correct horse", &stored));
    assert!(needs_rehash(&stored));
    assert!(!needs_rehash(&hash("correct horse")));
    let other = Argon2::new(Algorithm::Argon2i, Version::V0x13, COST);
    let stored = other.hash_password_with_salt(b"correct horse", b"salt of sixteen.").unwrap().to_string();
    assert!(verify("correct horse", &stored) && needs_rehash(&stored));
}

#[test]
fn a_stored_hash_cannot_ask_for_all_memory_or_time() {
    let salt_and_hash = "c2FsdHNhbHRzYWx0$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for cost in ["m=4194304,t=2,p=1", "m=19456,t=4000000,p=1", "m=19456,t=2,p=64"] {
        assert!(!verify("correct horse", &format!("$argon2id$v=19${cost}${salt_and_hash}")));
    }
}

#[test]
fn one_hashes_at_a_time_and_too_many_are_sent_away() {
    static NOW: AtomicUsize = AtomicUsize::new(0);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let hasher = Hasher::new(1, 3);
        // Whoever hashes does so until the door opens.
        let door = Arc::new(RwLock::new(()));
        let closed = door.write().await;
        let mut tasks: FuturesUnordered<_> = (0..20)
            .map(|_| {
                let (hasher, door) = (hasher.clone(), Arc::clone(&door));
                let work = move || {
                    assert_eq!(NOW.fetch_add(1, Ordering::SeqCst), 0, "two at once");
                    drop(door.blocking_read());
                    NOW.fetch_sub(1, Ordering::SeqCst);
                };
                tokio::spawn(async move { hasher.run(work).await })
            })
            .collect();
        for _ in 0..16 {
            assert_eq!(tasks.next().await.unwrap().unwrap(), Err(Busy), "there is no seat left");
        }
        drop(closed);
        for _ in 0..4 {
            assert_eq!(tasks.next().await.unwrap().unwrap(), Ok(()), "those with a seat have their turn");
        }
        assert!(hasher.verify(Zeroizing::new("x".repeat(1 << 20)), None).await == Ok(false));
        let stored = hasher.hash(Zeroizing::new("correct horse".into())).await.unwrap();
        assert_eq!(hasher.verify(Zeroizing::new("correct horse".into()), Some(stored)).await, Ok(true));
    });
}

#[test]
fn a_caller_who_hangs_up_does_not_make_room_for_a_second_hash() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let hasher = Hasher::new(1, 1);
        let (started, mut start) = tokio::sync::mpsc::unbounded_channel();
        let (finish, finished) = std::sync::mpsc::channel::<()>();
        let first = tokio::spawn({
            let hasher = hasher.clone();
            async move {
                let work = move || {
                    started.send(()).unwrap();
                    let _ = finished.recv();
                };
                hasher.run(work).await
            }
        });
        start.recv().await;
        first.abort();
        assert!(first.await.is_err(), "the caller is gone");
        assert_eq!(hasher.cores.available_permits(), 0, "the work is not");
        drop(finish);
        assert_eq!(hasher.run(|| 7).await, Ok(7));
    });
}

proptest! {
    #[test]
    fn no_stored_text_makes_the_check_panic(phc in "(\\$argon2id)?(\\$v=19)?[$a-z0-9=,+/]{0,40}") {
        prop_assert!(!needs_rehash(&phc) || PasswordHash::new(&phc).is_ok());
    }
}
