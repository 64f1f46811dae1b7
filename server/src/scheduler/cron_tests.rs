use super::*;

/// The next times after `from`, as a clock in the zone shows them with its offset.
fn next(cron: &str, from: &str, count: usize) -> Vec<String> {
    let from: Zoned = from.parse().unwrap();
    let zone = zone(from.time_zone().iana_name().unwrap()).unwrap();
    let cron = Cron::parse(cron).unwrap();
    let mut at = Timestamp(from.timestamp().as_millisecond());
    let mut all = Vec::new();
    for _ in 0..count {
        at = cron.next_after(&zone, at).unwrap();
        let local = Instant::from_millisecond(at.0).unwrap().to_zoned(zone.clone());
        all.push(local.strftime("%m-%d %H:%M %:z").to_string());
    }
    all
}

#[test]
fn a_time_that_the_clock_leaves_out_comes_at_the_first_moment_after_it() {
    let berlin = "2026-03-28T12:00:00[Europe/Berlin]";
    assert_eq!(next("30 2 * * *", berlin, 3), ["03-29 03:00 +02:00", "03-30 02:30 +02:00", "03-31 02:30 +02:00"]);
    // Two times in the gap are one moment, and come once.
    assert_eq!(next("0,30 2 * * *", berlin, 2), ["03-29 03:00 +02:00", "03-30 02:00 +02:00"]);
    assert_eq!(next("30 2,3 * * *", berlin, 3), ["03-29 03:00 +02:00", "03-29 03:30 +02:00", "03-30 02:30 +02:00"]);
    // At three o'clock itself is nothing to be made up for.
    assert_eq!(next("0 3 * * *", berlin, 2), ["03-29 03:00 +02:00", "03-30 03:00 +02:00"]);
    // Half an hour is left out here, and here a day begins at one o'clock.
    assert_eq!(
        next("15 2 * * *", "2026-10-03T12:00:00[Australia/Lord_Howe]", 2),
        ["10-04 02:30 +11:00", "10-05 02:15 +11:00"]
    );
    assert_eq!(
        next("0 0 * * *", "2026-09-05T12:00:00[America/Santiago]", 2),
        ["09-06 01:00 -03:00", "09-07 00:00 -03:00"]
    );
}

#[test]
fn a_time_that_the_clock_shows_twice_comes_once() {
    let berlin = "2026-10-24T12:00:00[Europe/Berlin]";
    assert_eq!(next("30 2 * * *", berlin, 2), ["10-25 02:30 +02:00", "10-26 02:30 +01:00"]);
    assert_eq!(next("0,30 2 * * *", berlin, 3), ["10-25 02:00 +02:00", "10-25 02:30 +02:00", "10-26 02:00 +01:00"]);
    // Asked in the second of the two hours: it was due in the first.
    assert_eq!(next("30 2 * * *", "2026-10-25T02:10:00+01:00[Europe/Berlin]", 1), ["10-26 02:30 +01:00"]);
    assert_eq!(
        next("45 1 * * *", "2026-04-04T12:00:00[Australia/Lord_Howe]", 2),
        ["04-05 01:45 +11:00", "04-06 01:45 +10:30"]
    );
}

#[test]
fn what_comes_every_hour_goes_by_the_clock_on_the_wall() {
    let spring = next("*/30 * * * *", "2026-03-29T01:10:00[Europe/Berlin]", 3);
    assert_eq!(spring, ["03-29 01:30 +01:00", "03-29 03:00 +02:00", "03-29 03:30 +02:00"]);
    let autumn = next("*/30 * * * *", "2026-10-25T01:45:00[Europe/Berlin]", 5);
    assert_eq!(
        autumn,
        ["10-25 02:00 +02:00", "10-25 02:30 +02:00", "10-25 02:00 +01:00", "10-25 02:30 +01:00", "10-25 03:00 +01:00"]
    );
    let half = next("*/15 * * * *", "2026-04-05T01:40:00[Australia/Lord_Howe]", 4);
    assert_eq!(half, ["04-05 01:45 +11:00", "04-05 01:30 +10:30", "04-05 01:45 +10:30", "04-05 02:00 +10:30"]);
    assert_eq!(
        next("0 * * * *", "2026-10-25T02:00:00+02:00[Europe/Berlin]", 2),
        ["10-25 02:00 +01:00", "10-25 03:00 +01:00"]
    );
}

#[test]
fn every_hour_of_every_zone_passes() {
    // Whatever a zone does to its clocks: times come in order, and an hourly one leaves out no real hour for long.
    let from = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
    for name in zones() {
        let Some(zone) = zone(&name) else { panic!("{name} is listed and not there") };
        for (expression, most) in [("17 * * * *", 2 * 3600), ("30 2 * * *", 26 * 3600), ("0,30 1,2 * * *", 25 * 3600)] {
            let cron = Cron::parse(expression).unwrap();
            let mut at = from;
            for _ in 0..if most > 24 * 3600 { 400 } else { 50 } {
                let next = cron.next_after(&zone, at).unwrap();
                assert!(next > at, "{name} {expression}: {at} {next}");
                // Zones that go over the date line or are set in the month of fasting take longer.
                assert!(next.since(at) <= most * 1000, "{name} {expression}: from {at} to {next}");
                at = next;
            }
        }
    }
}

#[test]
fn expressions_are_read() {
    for good in [
        "* * * * *",
        "0 9 * * mon-fri",
        "0 9 * * MON,wed",
        "5 4 1 jan *",
        "*/7 */2 * * 0",
        "0 0 * * 7",
        "@daily",
        "@Midnight",
        "@noon",
        " 0 1 * *  1-5 ",
        "0\t1 * * *",
        "0 0 L * *",
        "0 0 * * 1#2",
        "0 0 29 2 *",
        "0-30/10 8-18 * * *",
    ] {
        assert!(Cron::parse(good).is_ok(), "{good}: {:?}", Cron::parse(good));
    }
    for bad in [
        "",
        " ",
        "* * * *",
        "* * * * * *",
        "60 * * * *",
        "* 25 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 8",
        "a b c d e",
        "@reboot",
        "@every 5m",
        "0 1 * * *\n0 2 * * *",
        "1-0 * * * *",
        "*/0 * * * *",
        "-1 * * * *",
        "0 0 * * fri sat",
        "١ * * * *",
        "0 1 * * * Europe/Berlin",
        &"0,".repeat(400),
    ] {
        assert!(matches!(Cron::parse(bad), Err(CronError::Syntax(_))), "{bad:?}: {:?}", Cron::parse(bad));
    }
    for never in ["0 0 30 2 *", "0 0 31 4,6,9,11 *"] {
        assert_eq!(Cron::parse(never).unwrap_err(), CronError::Never, "{never}");
    }
}

#[test]
fn bug_what_gitlab_takes_for_midnight_and_for_a_zone_was_refused() {
    let fields = |text: &str| Cron::parse(text).unwrap().fields();
    assert_eq!(fields("0 24 * * *"), fields("0 0 * * *"));
    assert_eq!(fields("0 6,24 * * *"), fields("0 0,6 * * *"));
    let split = |text| with_zone(text).map(|(fields, zone)| (fields, zone.iana_name().unwrap_or("UTC").to_owned()));
    let zoned = |fields| Some((fields, "Europe/Berlin".to_owned()));
    assert_eq!(split("0 0 * * * Europe/Berlin"), zoned("0 0 * * *"));
    assert_eq!(split(" @daily  europe/berlin "), zoned("@daily"));
    for none in
        ["0 0 * * *", "0 0 * * * Nowhere", "0 0 * * Europe/Berlin", "0 0 * * * 5", "Europe/Berlin", "@daily", ""]
    {
        assert_eq!(split(none), None, "{none}");
    }
}

#[test]
fn both_days_are_one_or_the_other() {
    // The 13th and every Friday, as everywhere.
    assert_eq!(
        next("0 0 13 * 5", "2026-11-07T12:00:00[Europe/Berlin]", 3),
        ["11-13 00:00 +01:00", "11-20 00:00 +01:00", "11-27 00:00 +01:00"]
    );
    assert_eq!(
        next("0 0 29 2 *", "2026-11-07T12:00:00[Europe/Berlin]", 2),
        ["02-29 00:00 +01:00", "02-29 00:00 +01:00"]
    );
}

#[test]
fn zones_are_known_by_name() {
    for good in
        ["UTC", "utc", "Europe/Berlin", "europe/berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+5", "Asia/Kolkata"]
    {
        assert!(zone(good).is_some(), "{good}");
    }
    for bad in ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "CET-1CEST", "Europe", "posixrules "] {
        assert!(zone(bad).is_none(), "{bad:?}");
    }
    let all = zones();
    assert!(all.len() > 300 && all.contains(&"Europe/Berlin".to_owned()) && all.contains(&"UTC".to_owned()));
}

#[test]
fn fields_say_what_is_meant() {
    let of = |text: &str| Cron::parse(text).unwrap().fields();
    let all = of("*/20 0-5/2 * * *");
    assert_eq!((all.minutes, all.hours), (vec![0, 20, 40], vec![0, 2, 4]));
    assert_eq!((all.days, all.months, all.weekdays, all.special), (None, None, None, None));
    let days = of("0 0 1,15 jan,jul mon-fri");
    assert_eq!((days.days, days.months), (Some(vec![1, 15]), Some(vec![1, 7])));
    assert_eq!((days.weekdays, days.special), (Some(vec![1, 2, 3, 4, 5]), None));
    assert_eq!(of("0 0 L * *").special, Some(("L".into(), "*".into())));
    assert_eq!(of("0 0 * * 1#2").special, Some(("*".into(), "1#2".into())));
    assert_eq!(of("0 0 * * 7").weekdays, Some(vec![0]));
    assert_eq!(of("0 0 * jul *").special, None);
}
