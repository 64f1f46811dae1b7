//! Cron expressions in words.

use model::CronFields;

use crate::i18n::Lang;

/// So many times of a day are told one by one.
const FEW: usize = 6;

const DAYS: [(&str, &str); 7] = [
    ("Sunday", "星期日"),
    ("Monday", "星期一"),
    ("Tuesday", "星期二"),
    ("Wednesday", "星期三"),
    ("Thursday", "星期四"),
    ("Friday", "星期五"),
    ("Saturday", "星期六"),
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The name of a day of the week; 0 is Sunday.
pub fn weekday(lang: Lang, day: u16) -> &'static str {
    let (english, chinese) = DAYS[usize::from(day % 7)];
    match lang {
        Lang::En => english,
        Lang::Zh => chinese,
    }
}

fn month(lang: Lang, month: u16) -> String {
    match lang {
        Lang::En => MONTHS[usize::from(month.clamp(1, 12)) - 1].to_owned(),
        Lang::Zh => format!("{month}月"),
    }
}

/// When something is due, as a phrase.
pub fn of(lang: Lang, fields: &CronFields) -> String {
    let (time, repeats) = time(lang, &fields.minutes, &fields.hours);
    let day = day(lang, fields, repeats);
    let month = fields.months.as_ref().map(|months| {
        let names = list(lang, months, |one| month(lang, one));
        match lang {
            Lang::En => format!("in {names}"),
            Lang::Zh => names,
        }
    });
    match lang {
        Lang::En => [Some(time), day, month].into_iter().flatten().collect::<Vec<_>>().join(", "),
        // From the large to the small.
        Lang::Zh => [month, day, Some(time)].into_iter().flatten().collect::<Vec<_>>().join("，"),
    }
}

/// The step of values that are all multiples of it, up to `end`.
fn step(values: &[u16], end: u16) -> Option<u16> {
    let step = *values.get(1)?;
    let regular = values.len() > 2 || end / step == 2;
    let all = (0..end).step_by(usize::from(step));
    (regular && step > 1 && end.is_multiple_of(step) && all.eq(values.iter().copied())).then_some(step)
}

/// The time of day, and whether it comes more than some times a day.
fn time(lang: Lang, minutes: &[u16], hours: &[u16]) -> (String, bool) {
    let every_hour = hours.len() == 24;
    let (of_minutes, of_hours) = (step(minutes, 60), step(hours, 24));
    let text = match (minutes, lang) {
        _ if every_hour && minutes.len() == 60 => match lang {
            Lang::En => "every minute".to_owned(),
            Lang::Zh => "每分钟".to_owned(),
        },
        _ if every_hour && let Some(step) = of_minutes => match lang {
            Lang::En => format!("every {step} minutes"),
            Lang::Zh => format!("每 {step} 分钟"),
        },
        ([0], Lang::En) if every_hour => "every hour".to_owned(),
        ([0], Lang::Zh) if every_hour => "每小时整点".to_owned(),
        (_, Lang::En) if every_hour => format!("every hour at minute {}", numbers(lang, minutes)),
        (_, Lang::Zh) if every_hour => format!("每小时的第 {} 分钟", numbers(lang, minutes)),
        ([0], Lang::En) if let Some(step) = of_hours => format!("every {step} hours from midnight"),
        ([0], Lang::Zh) if let Some(step) = of_hours => format!("从零点起每 {step} 小时"),
        _ if minutes.len() * hours.len() <= FEW => {
            let all = hours.iter().flat_map(|hour| minutes.iter().map(move |minute| format!("{hour:02}:{minute:02}")));
            let all = joined(lang, all.collect());
            let text = match lang {
                Lang::En => format!("at {all}"),
                Lang::Zh => all,
            };
            return (text, false);
        }
        (_, Lang::En) => {
            let minutes = match (minutes.len(), of_minutes) {
                (60, _) => "every minute".to_owned(),
                (_, Some(step)) => format!("every {step} minutes"),
                _ => format!("at minute {}", numbers(lang, minutes)),
            };
            let hours = of_hours.map_or_else(|| numbers(lang, hours), |step| format!("0, {step}, {} …", step * 2));
            format!("{minutes} of the hours {hours}")
        }
        (_, Lang::Zh) => {
            let minutes = match (minutes.len(), of_minutes) {
                (60, _) => "每分钟".to_owned(),
                (_, Some(step)) => format!("每 {step} 分钟"),
                _ => format!("第 {} 分钟", numbers(lang, minutes)),
            };
            format!("{} 时的{minutes}", numbers(lang, hours))
        }
    };
    (text, true)
}

/// The days; nothing where it is every one and the time says so itself.
fn day(lang: Lang, fields: &CronFields, repeats: bool) -> Option<String> {
    if let Some((days, weekdays)) = &fields.special {
        return Some(match lang {
            Lang::En => format!("on the days that {days} and {weekdays} say"),
            Lang::Zh => format!("日期为 {days}、星期为 {weekdays}"),
        });
    }
    let weekdays = fields.weekdays.as_ref().filter(|days| days.len() < 7);
    let days = fields.days.as_ref().filter(|days| days.len() < 31);
    // Every day of one kind is every day.
    let is_all = |all: &Option<Vec<u16>>, most: usize| all.as_ref().is_some_and(|days| days.len() == most);
    if is_all(&fields.weekdays, 7) && fields.days.is_some() || is_all(&fields.days, 31) && fields.weekdays.is_some() {
        return day(lang, &CronFields::default(), repeats);
    }
    match (days, weekdays, lang) {
        (None, None, _) if repeats => None,
        (None, None, Lang::En) => Some("every day".to_owned()),
        (None, None, Lang::Zh) => Some("每天".to_owned()),
        (Some(days), None, Lang::En) => Some(format!("on day {} of the month", numbers(lang, days))),
        (Some(days), None, Lang::Zh) => Some(format!("每月 {} 日", numbers(lang, days))),
        (None, Some(weekdays), Lang::En) => Some(format!("on {}", week(lang, weekdays))),
        (None, Some(weekdays), Lang::Zh) => Some(format!("每{}", week(lang, weekdays))),
        (Some(days), Some(weekdays), Lang::En) => {
            Some(format!("on day {} of the month and on every {}", numbers(lang, days), week(lang, weekdays)))
        }
        (Some(days), Some(weekdays), Lang::Zh) => {
            Some(format!("每月 {} 日以及每{}", numbers(lang, days), week(lang, weekdays)))
        }
    }
}

/// Days of the week; a week begins with Monday.
fn week(lang: Lang, days: &[u16]) -> String {
    let mut days: Vec<u16> = days.iter().map(|day| if *day == 0 { 7 } else { *day }).collect();
    days.sort_unstable();
    list(lang, &days, |day| weekday(lang, day).to_owned())
}

fn numbers(lang: Lang, values: &[u16]) -> String {
    list(lang, values, |one| one.to_string())
}

/// Values with "to" between the ends of three or more in a row.
fn list(lang: Lang, values: &[u16], name: impl Fn(u16) -> String) -> String {
    let mut parts = Vec::new();
    let mut rest = values;
    while let Some(first) = rest.first() {
        let row = rest.iter().zip(*first..).take_while(|(value, wanted)| **value == *wanted).count();
        let (run, after) = rest.split_at(row);
        match run {
            [first, .., last] if run.len() > 2 => parts.push(match lang {
                Lang::En => format!("{} to {}", name(*first), name(*last)),
                Lang::Zh => format!("{}至{}", name(*first), name(*last)),
            }),
            _ => parts.extend(run.iter().map(|one| name(*one))),
        }
        rest = after;
    }
    joined(lang, parts)
}

fn joined(lang: Lang, mut parts: Vec<String>) -> String {
    let (between, last) = match lang {
        Lang::En => (", ", " and "),
        Lang::Zh => ("、", "和"),
    };
    match parts.pop() {
        Some(end) if !parts.is_empty() => format!("{}{last}{end}", parts.join(between)),
        Some(only) => only,
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(minutes: &[u16], hours: &[u16]) -> CronFields {
        CronFields { minutes: minutes.into(), hours: hours.into(), ..CronFields::default() }
    }

    #[test]
    fn expressions_become_phrases() {
        let all: Vec<u16> = (0..60).collect();
        let hours = &all[..24];
        let every = |step: usize, end: u16| (0..end).step_by(step).collect::<Vec<_>>();
        let of_week = |days: &[u16]| CronFields { weekdays: Some(days.into()), ..fields(&[30], &[2]) };
        let of_month = |days: &[u16]| CronFields { days: Some(days.into()), ..fields(&[0], &[0]) };
        for (fields, english, chinese) in [
            (fields(&all, hours), "every minute", "每分钟"),
            (fields(&every(10, 60), hours), "every 10 minutes", "每 10 分钟"),
            (fields(&[0, 30], hours), "every 30 minutes", "每 30 分钟"),
            (
                fields(&every(7, 60), hours),
                "every hour at minute 0, 7, 14, 21, 28, 35, 42, 49 and 56",
                "每小时的第 0、7、14、21、28、35、42、49和56 分钟",
            ),
            (fields(&[0], hours), "every hour", "每小时整点"),
            (fields(&[5, 6, 7, 20], hours), "every hour at minute 5 to 7 and 20", "每小时的第 5至7和20 分钟"),
            (fields(&[0], &every(6, 24)), "every 6 hours from midnight", "从零点起每 6 小时"),
            (fields(&[30], &[2]), "at 02:30, every day", "每天，02:30"),
            (
                fields(&[0, 30], &[2, 14]),
                "at 02:00, 02:30, 14:00 and 14:30, every day",
                "每天，02:00、02:30、14:00和14:30",
            ),
            (fields(&[0], &[0, 2, 4]), "at 00:00, 02:00 and 04:00, every day", "每天，00:00、02:00和04:00"),
            (fields(&every(10, 60), &[8, 9, 10, 11]), "every 10 minutes of the hours 8 to 11", "8至11 时的每 10 分钟"),
            (of_week(&[1, 2, 3, 4, 5]), "at 02:30, on Monday to Friday", "每星期一至星期五，02:30"),
            (of_week(&[0, 6]), "at 02:30, on Saturday and Sunday", "每星期六和星期日，02:30"),
            (of_week(&[0, 1, 2, 3, 4, 5, 6]), "at 02:30, every day", "每天，02:30"),
            (of_month(&[1, 15]), "at 00:00, on day 1 and 15 of the month", "每月 1和15 日，00:00"),
            (
                CronFields { weekdays: Some(vec![5]), ..of_month(&[13]) },
                "at 00:00, on day 13 of the month and on every Friday",
                "每月 13 日以及每星期五，00:00",
            ),
            (
                CronFields { months: Some(vec![1, 7]), ..of_month(&[1]) },
                "at 00:00, on day 1 of the month, in January and July",
                "1月和7月，每月 1 日，00:00",
            ),
            (
                CronFields { special: Some(("L".into(), "*".into())), days: Some(vec![]), ..fields(&[0], &[0]) },
                "at 00:00, on the days that L and * say",
                "日期为 L、星期为 *，00:00",
            ),
        ] {
            assert_eq!((of(Lang::En, &fields).as_str(), of(Lang::Zh, &fields).as_str()), (english, chinese));
        }
    }
}
