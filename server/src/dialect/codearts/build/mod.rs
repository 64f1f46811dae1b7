//! CodeArts Build: a build job is a pipeline, and a build is a run of it. The record of a build is the run's uid with
//! dashes, the "build project" of a job is its pipeline's.

mod builds;
mod jobs;
mod logs;
mod records;
mod state;
mod wire;

use crate::dialect::codearts::{Call, Id, Query, Refused};
use crate::http::{AppState, Routes};

/// The routes below one of the roots.
pub fn router(root: &str) -> Routes<AppState> {
    let routes = Routes::new();
    match root {
        "/v1" => routes
            .post("/job/execute", builds::start)
            .get("/job/{job_id}/info", jobs::info)
            .get("/job/{job_id}/running-status", jobs::running_status)
            .post("/job/{job_id}/stop", builds::stop)
            .post("/job/{job_id}/disable", jobs::switch)
            .get("/job/{project_id}/list", jobs::search)
            .get("/job/{job_id}/{build_no}/history-parameters", builds::history_parameters)
            .get("/record/{job_id}/list", builds::records)
            .get("/record/{job_id}/{build_no}/record-info", builds::record)
            .get("/log/{record_id}/download-log", logs::download),
        "/v3" => routes
            .post("/jobs/build", builds::start)
            .get("/jobs/{job_id}/status", jobs::status)
            .post("/jobs/{job_id}/disable", jobs::disable)
            .post("/jobs/{job_id}/recover", jobs::enable)
            .get("/jobs/{job_id}/history", builds::history)
            .get("/jobs/{job_id}/build-info-records", builds::records)
            .post("/jobs/{job_id}/{build_no}/stop", builds::stop_numbered)
            .get("/jobs/{job_id}/{build_number}/history-details", builds::details)
            .get("/jobs/{job_id}/{build_no}/real-time-log", builds::real_time_log)
            .get("/{project_id}/jobs", jobs::list),
        "/v4" => routes
            .get("/jobs/{job_id}/{build_no}/record-info", builds::record)
            .get("/{record_id}/download-log", logs::download),
        _ => routes,
    }
}

/// The job of the address.
fn job_id(call: &Call) -> Result<Id, Refused> {
    call.id("job_id").map_err(|refused| refused.coded("CB.00060201"))
}

/// Number of a build: from 1, as an `int32`.
fn number_of(text: &str) -> Result<i64, Refused> {
    let number =
        text.parse::<i32>().ok().filter(|number| *number > 0 && text.bytes().all(|byte| byte.is_ascii_digit()));
    number.map(i64::from).ok_or_else(|| Refused::invalid("the number of a build is a whole number from 1 on"))
}

/// A page of a list: the pages are counted, not the entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Page {
    /// From 0.
    index: u64,
    /// Entries of a page.
    size: u32,
}

impl Page {
    /// How many entries are left out.
    fn offset(self) -> u64 {
        self.index.saturating_mul(u64::from(self.size))
    }
}

fn page_of(query: &Query) -> Result<Page, Refused> {
    page_with(query, "page_index", "page_size")
}

/// Pages have 10 entries unless somebody says otherwise; no entries are asked for by nobody.
fn page_with(query: &Query, index: &str, size: &str) -> Result<Page, Refused> {
    let entries = match query.number(size)? {
        None | Some(0) => 10,
        Some(entries @ 1..=100) => entries as u32,
        Some(_) => return Err(Refused::invalid(format!("{size} is at most 100"))),
    };
    Ok(Page { index: query.number(index)?.unwrap_or(0), size: entries })
}

#[cfg(test)]
mod samples;
#[cfg(test)]
mod wire_tests;
#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str) -> Result<Page, Refused> {
        page_of(&Query::read(&format!("/x?{query}").parse().unwrap()).unwrap())
    }

    #[test]
    fn an_index_counts_pages() {
        assert_eq!(page("page_index=2&page_size=30").unwrap().offset(), 60);
        assert_eq!(page("").unwrap(), Page { index: 0, size: 10 });
        assert_eq!(page("page_size=0&page_index=1").unwrap(), Page { index: 1, size: 10 });
        assert_eq!(page("page_index=18446744073709551615&page_size=100").unwrap().offset(), u64::MAX);
        for wrong in ["page_size=101", "page_size=x", "page_index=-1", "page_size=1&page_size=2", "page_index=1.5"] {
            assert!(page(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn builds_are_counted_from_one() {
        assert_eq!(number_of("2147483647").unwrap(), 2_147_483_647);
        for wrong in ["", "0", "-1", "+1", "1.0", "x", "2147483648", "{build_no}"] {
            assert!(number_of(wrong).is_err(), "{wrong}");
        }
    }
}
