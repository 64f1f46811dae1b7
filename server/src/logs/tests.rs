use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt;

use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use tempfile::TempDir;

use super::index::STEP;
use super::*;

const JOB: JobId = JobId(4_217);

fn logs() -> (TempDir, Logs) {
    let folder = TempDir::new().unwrap();
    let logs = Logs::open(folder.path().join("logs")).unwrap();
    (folder, logs)
}

fn files(logs: &Logs) -> Vec<String> {
    let mut names: Vec<String> = walk(&logs.root);
    names.sort();
    names
}

fn walk(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let below = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() {
            walk(&entry.path()).into_iter().map(|inner| format!("{name}/{inner}")).collect()
        } else {
            vec![name]
        }
    };
    entries.flat_map(below).collect()
}

fn texts(page: &LogPage) -> Vec<&str> {
    page.lines.iter().map(|line| line.text.as_str()).collect()
}

#[test]
fn a_small_trace_is_one_file_that_nobody_else_can_read() {
    let (_folder, logs) = logs();
    assert_eq!(logs.append(JOB, 0, b"hello\nworld\n").unwrap(), 12);
    assert_eq!(logs.finish(JOB).unwrap(), 12);
    assert_eq!(files(&logs), ["4/4217.log"]);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&logs.root), 0o700);
    assert_eq!(mode(&logs.root.join("4")), 0o700);
    assert_eq!(mode(&logs.root.join("4/4217.log")), 0o400);
}

#[test]
fn only_what_begins_at_the_end_is_taken() {
    let (_folder, logs) = logs();
    assert_eq!(logs.append(JOB, 0, b"one\n").unwrap(), 4);
    for first in [0, 3, 5] {
        let refused = logs.append(JOB, first, b"two\n");
        assert!(matches!(refused, Err(AppendError::Gap { held: 4 })), "{first}: {refused:?}");
    }
    assert_eq!(logs.append(JOB, 4, b"two\n").unwrap(), 8);
    assert_eq!(logs.read(JOB, 0..100).unwrap(), b"one\ntwo\n");
    assert_eq!(logs.read(JOB, 2..5).unwrap(), b"e\nt");
}

#[test]
fn a_finished_trace_stays_finished_after_a_restart_and_can_be_sent_again() {
    let (folder, logs) = logs();
    logs.append(JOB, 0, b"one\n").unwrap();
    logs.finish(JOB).unwrap();
    assert!(matches!(logs.append(JOB, 4, b"x"), Err(AppendError::Finished)));
    drop(logs);
    let logs = Logs::open(folder.path().join("logs")).unwrap();
    assert!(logs.progress(JOB).unwrap().complete);
    assert!(!logs.is_open(JOB));
    assert!(matches!(logs.append(JOB, 4, b"x"), Err(AppendError::Finished)));
    logs.reset(JOB).unwrap();
    assert_eq!(logs.append(JOB, 0, b"whole\n").unwrap(), 6);
    assert!(logs.is_open(JOB));
    assert_eq!(logs.tail(JOB, 5).unwrap().lines[0].text, "whole");
}

#[test]
fn a_job_without_output_has_an_empty_trace() {
    let (_folder, logs) = logs();
    assert_eq!(logs.held(JOB).unwrap(), 0);
    assert_eq!(logs.checksum(JOB).unwrap(), 0);
    assert_eq!(logs.lines(JOB, 1, 10).unwrap(), LogPage::default());
    assert_eq!(logs.tail(JOB, 10).unwrap(), LogPage::default());
    assert_eq!(logs.line_at(JOB, 0).unwrap(), 1);
    assert_eq!(logs.finish(JOB).unwrap(), 0);
    assert!(logs.progress(JOB).unwrap().complete);
    assert_eq!(files(&logs), [""; 0]);
    logs.remove(JOB).unwrap();
}

#[test]
fn the_servers_own_lines_stand_on_lines_of_their_own() {
    let (_folder, logs) = logs();
    logs.append(JOB, 0, b"half").unwrap();
    logs.write_own(JOB, "the runner was lost").unwrap();
    logs.write_own(JOB, "bye\n").unwrap();
    assert_eq!(texts(&logs.tail(JOB, 9).unwrap()), ["half", "the runner was lost", "bye"]);
}

#[test]
fn too_much_is_refused_and_nothing_is_lost() {
    let (folder, _) = logs();
    let logs = Logs::open(folder.path().join("small")).unwrap();
    logs.set_limit(10);
    logs.append(JOB, 0, b"12345678").unwrap();
    assert!(matches!(logs.append(JOB, 8, b"901"), Err(AppendError::TooLarge { limit: 10 })));
    assert_eq!(logs.append(JOB, 8, b"90").unwrap(), 10);
}

#[test]
fn followers_see_growth_the_end_and_the_removal() {
    let (_folder, logs) = logs();
    let mut follower = logs.follow(JOB).unwrap();
    assert_eq!(follower.borrow_and_update().bytes, 0);
    logs.append(JOB, 0, b"x").unwrap();
    assert!(follower.has_changed().unwrap());
    assert_eq!(follower.borrow_and_update().bytes, 1);
    logs.finish(JOB).unwrap();
    assert!(follower.borrow_and_update().complete);
    logs.remove(JOB).unwrap();
    assert!(follower.borrow().complete);
    assert_eq!(files(&logs), [""; 0]);
}

#[test]
fn long_lines_are_cut_and_their_neighbours_found() {
    let (_folder, logs) = logs();
    let long = "ü".repeat(5 << 20);
    let text = format!("first\r\n{long}\nlast");
    logs.append(JOB, 0, text.as_bytes()).unwrap();
    let page = logs.lines(JOB, 1, 10).unwrap();
    assert_eq!(page.lines.len(), 3);
    assert_eq!(page.lines[0].text, "first");
    assert!(page.lines[1].cut && page.lines[1].text.len() <= LINE_LIMIT && page.lines[1].text.ends_with('ü'));
    assert_eq!((page.lines[2].number, page.lines[2].text.as_str()), (3, "last"));
    assert_eq!(page.next_offset, text.len() as u64);
    assert_eq!(texts(&logs.tail(JOB, 1).unwrap()), ["last"]);
}

#[test]
fn pages_are_bounded_in_bytes() {
    let (_folder, logs) = logs();
    let line = format!("{}\n", "x".repeat(9_999));
    let text = line.repeat(1_000);
    logs.append(JOB, 0, text.as_bytes()).unwrap();
    let page = logs.lines(JOB, 1, 5_000).unwrap();
    assert!((100..120).contains(&page.lines.len()), "{}", page.lines.len());
    let next = logs.line_at(JOB, page.next_offset).unwrap();
    assert_eq!(next, page.lines.last().unwrap().number + 1);
    let tail = logs.tail(JOB, 5_000).unwrap();
    assert_eq!(tail.lines.last().unwrap().number, 1_000);
    assert!((100..110).contains(&tail.lines.len()), "{}", tail.lines.len());
}

#[test]
fn pieces_never_split_a_character_and_join_to_the_whole() {
    let (_folder, logs) = logs();
    let text = "aé漢🦀\n".repeat(40_000);
    let mut cursor = None;
    let (mut seen, mut line) = (String::new(), 1);
    // Sent in pieces that do split characters.
    for (n, piece) in text.as_bytes().chunks(7_001).enumerate() {
        logs.append(JOB, (n * 7_001) as u64, piece).unwrap();
        let cursor = cursor.get_or_insert_with(|| logs.cursor(JOB, 0).unwrap());
        while let Some(chunk) = cursor.next(logs.progress(JOB).unwrap()).unwrap() {
            assert!(chunk.text.len() <= LINE_LIMIT);
            assert_eq!((chunk.offset, chunk.line), (seen.len() as u64, line));
            line += chunk.text.matches('\n').count() as u64;
            seen.push_str(&chunk.text);
        }
    }
    assert_eq!(seen, text);
}

#[test]
fn bytes_that_are_no_text_are_replaced_and_the_rest_of_a_character_is_waited_for() {
    let (_folder, logs) = logs();
    logs.append(JOB, 0, b"\xff\0 \xf0\x9f").unwrap();
    let mut cursor = logs.cursor(JOB, 0).unwrap();
    let chunk = cursor.next(logs.progress(JOB).unwrap()).unwrap().unwrap();
    assert_eq!((chunk.text.as_str(), chunk.next_offset), ("\u{fffd}\0 ", 3));
    let page = logs.tail(JOB, 1).unwrap();
    assert_eq!((page.lines[0].text.as_str(), page.next_offset), ("\u{fffd}\0 ", 3));
    assert!(cursor.next(logs.progress(JOB).unwrap()).unwrap().is_none());
    logs.finish(JOB).unwrap();
    let chunk = cursor.next(logs.progress(JOB).unwrap()).unwrap().unwrap();
    assert_eq!((chunk.text.as_str(), chunk.next_offset), ("\u{fffd}", 5));
}

#[test]
fn unfinished_characters_are_recognised() {
    let cases: [(&[u8], usize); 9] = [
        (b"", 0),
        (b"abc", 0),
        ("é".as_bytes(), 0),
        (b"a\xc3", 1),
        (b"a\xe6\xbc", 2),
        (b"\xf0\x9f\xa6", 3),
        (b"\x80\x80\x80\x80", 0),
        (b"\xe0\x80", 0),
        (b"\xff", 0),
    ];
    for (bytes, expected) in cases {
        assert_eq!(unfinished(bytes), expected, "{bytes:?}");
    }
}

#[test]
fn many_traces_do_not_keep_many_files_open() {
    let (_folder, logs) = logs();
    for id in 1..=2_000 {
        logs.append(JobId(id), 0, b"x").unwrap();
    }
    assert!(logs.lock().len() <= KEPT);
    assert_eq!(logs.append(JobId(1), 1, b"y").unwrap(), 2);
    assert_eq!(logs.checksum(JobId(1)).unwrap(), crc32fast::hash(b"xy"));
}

#[test]
fn a_full_disk_says_so_and_keeps_what_was_acknowledged() {
    // Every write to this device fails as if the disk were full.
    let (_folder, logs) = logs();
    fs::create_dir_all(logs.root.join("4")).unwrap();
    std::os::unix::fs::symlink("/dev/full", logs.root.join("4/4217.log")).unwrap();
    let error = logs.append(JOB, 0, b"text").unwrap_err();
    assert!(matches!(error, AppendError::Io(_)));
    assert_eq!(error.to_string(), "the disk is full");
    assert_eq!(logs.held(JOB).unwrap(), 0);
}

/// What a reader of the whole trace would say.
struct Model<'a>(&'a [u8]);

impl Model<'_> {
    fn lines(&self) -> Vec<&[u8]> {
        let mut lines: Vec<&[u8]> = self.0.split(|byte| *byte == b'\n').collect();
        if lines.last().is_some_and(|last| last.is_empty()) {
            lines.pop();
        }
        lines
    }

    fn line_at(&self, offset: usize) -> u64 {
        self.0[..offset].split(|byte| *byte == b'\n').count() as u64
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// Lines of this length, this many.
    Append(usize, usize),
    Misplaced(u64),
    Restart,
    CutIndex(u64),
    LoseIndex,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..400usize, 0..700usize).prop_map(|(length, count)| Step::Append(length, count)),
        1 => (60_000..200_000usize).prop_map(|length| Step::Append(length, 1)),
        1 => (0..1_000_000u64).prop_map(Step::Misplaced),
        1 => Just(Step::Restart),
        1 => (0..200u64).prop_map(Step::CutIndex),
        1 => Just(Step::LoseIndex),
    ];
    prop::collection::vec(step, 1..14)
}

fn check(logs: &Logs, whole: &[u8], probes: &[u64]) -> TestCaseResult {
    let model = Model(whole);
    let lines = model.lines();
    prop_assert_eq!(logs.held(JOB).unwrap(), whole.len() as u64);
    prop_assert_eq!(logs.checksum(JOB).unwrap(), crc32fast::hash(whole));
    for probe in probes {
        let offset = (probe % (whole.len() as u64 + 1)) as usize;
        prop_assert_eq!(logs.line_at(JOB, offset as u64).unwrap(), model.line_at(offset));
        let from = probe % (lines.len() as u64 + 2);
        let page = logs.lines(JOB, from, 40).unwrap();
        prop_assert_eq!(page.total_lines, lines.len() as u64);
        for line in &page.lines {
            let expected = lines[line.number as usize - 1];
            let mut shown = &expected[..expected.len().min(LINE_LIMIT)];
            shown = &shown[..shown.len() - unfinished(shown)];
            prop_assert!(line.text.as_bytes() == shown, "line {} of {} bytes", line.number, expected.len());
            prop_assert_eq!(line.cut, expected.len() > LINE_LIMIT);
        }
        if let Some(last) = page.lines.last() {
            let behind = lines[..last.number as usize].iter().map(|line| line.len() + 1).sum::<usize>();
            prop_assert_eq!(page.next_offset, behind.min(whole.len()) as u64);
        }
        let tail = logs.tail(JOB, 7).unwrap();
        prop_assert_eq!(tail.lines.last().map_or(0, |line| line.number), lines.len() as u64);
        prop_assert_eq!(tail.next_offset, whole.len() as u64);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn any_trace_reads_as_the_naive_model_says(steps in steps(), probes in prop::collection::vec(0..u64::MAX, 6)) {
        let folder = TempDir::new().unwrap();
        let root = folder.path().join("logs");
        let mut logs = Logs::open(root.clone()).unwrap();
        let mut whole = Vec::new();
        for step in steps {
            match step {
                Step::Append(length, count) => {
                    let mut text = String::new();
                    for n in 0..count {
                        writeln!(text, "{n}{}", "é".repeat(length / 2)).unwrap();
                    }
                    // Every other append leaves its last line open.
                    text.truncate(text.len() - (length + count) % 2 * text.len().min(1));
                    let held = logs.append(JOB, whole.len() as u64, text.as_bytes()).unwrap();
                    whole.extend_from_slice(text.as_bytes());
                    prop_assert_eq!(held, whole.len() as u64);
                }
                Step::Misplaced(first) if first != whole.len() as u64 => {
                    let refused = logs.append(JOB, first, b"x");
                    let gap = matches!(refused, Err(AppendError::Gap { held }) if held == whole.len() as u64);
                    prop_assert!(gap, "{:?}", refused);
                }
                Step::Misplaced(_) => {}
                Step::Restart => logs = Logs::open(root.clone()).unwrap(),
                Step::CutIndex(bytes) => {
                    drop(logs);
                    if let Ok(file) = fs::OpenOptions::new().write(true).open(root.join("4/4217.idx")) {
                        let length = file.metadata().unwrap().len();
                        file.set_len(length.min(bytes)).unwrap();
                    }
                    logs = Logs::open(root.clone()).unwrap();
                }
                Step::LoseIndex => {
                    drop(logs);
                    let _ = fs::remove_file(root.join("4/4217.idx"));
                    logs = Logs::open(root.clone()).unwrap();
                }
            }
        }
        check(&logs, &whole, &probes)?;
        if whole.len() as u64 >= STEP {
            let index = fs::metadata(root.join("4/4217.idx")).unwrap().len();
            prop_assert_eq!(index, whole.len() as u64 / STEP * 16);
        }
    }
}
