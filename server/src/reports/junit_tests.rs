//! Files as tools write them, and files that mean harm.

use proptest::prelude::*;

use super::*;

fn suites(text: &str) -> Vec<TestSuite> {
    parse(text.as_bytes()).unwrap()
}

fn problem(text: &str) -> String {
    parse(text.as_bytes()).unwrap_err().to_string()
}

/// The one case of a suite with these children.
fn case(children: &str) -> TestCase {
    let mut all = suites(&format!("<testsuite><testcase name='x'>{children}</testcase></testsuite>"));
    assert_eq!((all.len(), all[0].cases.len()), (1, 1));
    all.remove(0).cases.remove(0)
}

const PYTEST: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="1" failures="1" skipped="1" tests="4" time="0.052">
<properties><property name="a" value="b"/></properties>
<testcase classname="tests.test_a" name="test_ok[1 &lt; 2]" file="tests/test_a.py" time="0.001" />
<testcase classname="tests.test_a" name="test_bad" time="1,000.5"><failure message="assert 1 == 2&#10;more">def test_bad():
&gt;       assert 1 == 2
E       assert 1 == 2 &amp; more &unknown; &#x41;</failure><system-out><![CDATA[printed <b>]]></system-out></testcase>
<testcase classname="tests.test_a" name="test_skip" time="-1"><skipped type="pytest.skip" message="not today"/></testcase>
<testcase classname="tests.test_a" name="test_ok[1 &lt; 2]" time="x"><error message="boom"/></testcase>
</testsuite></testsuites>
"#;

#[test]
fn a_file_of_pytest() {
    let all = suites(PYTEST);
    assert_eq!(all.len(), 1);
    let suite = &all[0];
    assert_eq!((suite.name.as_str(), suite.total_count), ("pytest", 4));
    let counts = (suite.success_count, suite.failed_count, suite.skipped_count, suite.error_count);
    assert_eq!(counts, (1, 1, 1, 1));
    assert!((suite.total_time - 1000.501).abs() < 1e-9);
    let ok = &suite.cases[0];
    assert_eq!((ok.name.as_str(), ok.classname.as_str()), ("test_ok[1 < 2]", "tests.test_a"));
    assert_eq!((ok.file.as_deref(), &ok.system_output), (Some("tests/test_a.py"), &None));
    let expected = "assert 1 == 2\nmore\n\ndef test_bad():\n>       assert 1 == 2\n\
                    E       assert 1 == 2 & more &unknown; A\n\nSystem Out:\n\nprinted <b>";
    assert_eq!(suite.cases[1].system_output.as_deref(), Some(expected));
    assert_eq!(suite.cases[2].system_output.as_deref(), Some("not today"));
    assert_eq!((suite.cases[3].status, suite.cases[3].name.as_str()), (TestStatus::Error, "test_ok[1 < 2]"));
}

#[test]
fn suites_in_suites_stand_beside_each_other() {
    let all = suites(
        "<testsuites name='top'><testcase name='0'/><testsuite name='a'><testcase name='1'/><testsuite>\
         <testcase name='2'/></testsuite><testcase name='3'/></testsuite><testsuite name='empty'/><testsuite name='b'><testsuite/><testcase name='4'/>\
         <testsuite name='c'><testcase name='6'/></testsuite><testcase name='5'/></testsuite></testsuites>",
    );
    let shown: Vec<_> = all
        .iter()
        .map(|suite| (suite.name.as_str(), suite.cases.iter().map(|case| case.name.as_str()).collect::<String>()))
        .collect();
    assert_eq!(
        shown,
        [("top", "0".to_owned()), ("a", "123".to_owned()), ("b", "45".to_owned()), ("c", "6".to_owned())]
    );
    assert_eq!(suites("<testsuites/>"), []);
}

#[test]
fn what_decides_and_what_is_shown() {
    assert_eq!(case("").status, TestStatus::Success);
    let both =
        case("<error>e</error><failure message='m'>m and f</failure><failure type='T'/><system-err>x</system-err>");
    assert_eq!(both.status, TestStatus::Failed);
    assert_eq!(both.system_output.as_deref(), Some("m and f\n\nT\n\nSystem Err:\n\nx"));
    assert_eq!(case("<skipped/><system-out>x</system-out>").system_output, None);
    assert_eq!(case("<system-out>x</system-out>").system_output, None);
    let inner = case("<failure>a<b>c<testcase/></b>d</failure><properties><failure/></properties>");
    assert_eq!((inner.status, inner.system_output.as_deref()), (TestStatus::Failed, Some("acd")));
    assert_eq!(case("<properties><failure/></properties>").status, TestStatus::Success);
}

#[test]
fn long_output_is_cut_between_characters() {
    let long = "ä".repeat(MAX_OUTPUT);
    let output = case(&format!("<failure>x{long}</failure><system-out>more</system-out>")).system_output.unwrap();
    assert!(output.len() <= MAX_OUTPUT + CUT.len() && output.ends_with(&format!("ä{CUT}")), "{}", output.len());
    let all = case(&format!("<failure>f</failure><system-out>{long}</system-out>")).system_output.unwrap();
    assert!(all.len() <= MAX_OUTPUT + CUT.len() && all.ends_with(CUT));
}

#[test]
fn entities_of_a_document_type_mean_nothing() {
    let bomb =
        "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY c SYSTEM 'file:///etc/passwd'>]>";
    let all =
        suites(&format!("{bomb}<testsuite><testcase name='&b;'><failure>&b;&c;</failure></testcase></testsuite>"));
    assert_eq!(all[0].cases[0].name, "&b;");
    assert_eq!(all[0].cases[0].system_output.as_deref(), Some("&b;&c;"));
}

#[test]
fn other_encodings() {
    let text = "<testsuite><testcase name='é'/></testsuite>";
    let latin: Vec<u8> = format!("<?xml version='1.0' encoding='ISO-8859-1'?>{text}")
        .chars()
        .map(|character| u8::try_from(character).unwrap())
        .collect();
    let wide = |order: fn(u16) -> [u8; 2], mark: &str| -> Vec<u8> {
        let declared = format!("{mark}<?xml version='1.0' encoding='UTF-16'?>{text}");
        declared.encode_utf16().flat_map(order).collect()
    };
    let marked = format!("\u{feff}{text}").into_bytes();
    for bytes in [
        latin,
        wide(u16::to_le_bytes, "\u{feff}"),
        wide(u16::to_be_bytes, "\u{feff}"),
        wide(u16::to_le_bytes, ""),
        marked,
    ] {
        assert_eq!(parse(&bytes).unwrap()[0].cases[0].name, "é");
    }
    let claimed = format!("<?xml version='1.0' encoding='utf-16'?>{text}");
    assert_eq!(suites(&claimed)[0].cases[0].name, "é", "a tool that wrote UTF-8 after all");
    assert_eq!(
        problem("<?xml version='1.0' encoding='klingon'?>"),
        "line 1, byte 0: the encoding `klingon` is not known"
    );
    assert_eq!(parse(b"<a>\n\xff").unwrap_err().to_string(), "line 2, byte 4: this is not UTF-8");
}

#[test]
fn problems_say_where() {
    assert_eq!(problem(""), "the file holds no <testsuites> or <testsuite>");
    assert_eq!(problem("<html/>"), "line 1, byte 7: expected <testsuites> or <testsuite>, found <html>");
    let mismatch = problem("<testsuite>\n<testcase>\n</testsuite>");
    assert!(mismatch.starts_with("line 3, byte 23: "), "{mismatch}");
    assert_eq!(problem("<testsuite>\n<testcase>"), "line 2, byte 22: the file ends with 2 elements open");
    let deep = "<testsuite>".repeat(101);
    assert_eq!(problem(&deep), "line 1, byte 1111: elements are nested deeper than 100");
    let large = parse(&vec![b' '; super::super::MAX_XML + 1]).unwrap_err();
    assert_eq!(large.to_string(), "the file has 31457281 bytes, more than 31457280");
}

#[test]
fn a_file_may_have_many_cases_but_not_any_number() {
    let file = |count: usize| format!("<testsuite>{}</testsuite>", "<testcase/>".repeat(count));
    assert_eq!(suites(&file(MAX_CASES))[0].total_count, 500_000);
    assert_eq!(problem(&file(MAX_CASES + 1)), "the file has more than 500000 test cases");
}

proptest! {
    #[test]
    fn any_bytes_are_fine(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&bytes);
    }

    #[test]
    fn any_markup_is_fine(
        parts in proptest::collection::vec(proptest::sample::select(vec![
            "<testsuites>", "</testsuites>", "<testsuite name='a'>", "</testsuite>", "<testcase name='b'>", "<testcase/>",
            "</testcase>", "<failure>", "</failure>", "<failure message='&lt;&b;", "'/>", "<skipped/>", "&amp;", "&", "&#0;",
            "&#xD800;", "<![CDATA[", "]]>", "<!--", "-->", "<!DOCTYPE", "[", "<?xml encoding='x'", "?>", "text", "é", "\n",
        ]), 0..40),
    ) {
        let _ = parse(parts.concat().as_bytes());
    }

    #[test]
    fn a_file_that_was_cut_off_is_an_error(at in 0..PYTEST.len()) {
        let whole = PYTEST.trim_end().len();
        prop_assert_eq!(parse(&PYTEST.as_bytes()[..at]).is_ok(), at >= whole);
    }

    #[test]
    fn counts_add_up(kinds in proptest::collection::vec(0usize..4, 0..50)) {
        let inside = ["", "<failure/>", "<error/>", "<skipped/>"];
        let cases: Vec<_> = kinds.iter().map(|kind| format!("<testcase>{}</testcase>", inside[*kind])).collect();
        let all = suites(&format!("<testsuite>{}</testsuite>", cases.concat()));
        prop_assert_eq!(all.iter().map(|suite| suite.cases.len()).sum::<usize>(), kinds.len());
        for suite in all {
            let sum = suite.success_count + suite.failed_count + suite.skipped_count + suite.error_count;
            prop_assert_eq!(sum, suite.total_count);
        }
    }
}
