//! What a form sends that cannot be: it comes back with what was typed, why it was refused, and no secret.

#![cfg(feature = "ssr")]

mod common;

use common::site::Visitor::{Admin, Member, Nobody};
use common::site::{form, get_as, location, on_one_runtime, post_as, text};
use http::StatusCode;

const SECRET: &str = "s3cr3t-of-ada";

#[test]
fn schedules_that_were_refused_are_there_again_but_for_their_variables() {
    on_one_runtime(async {
        let typed = "project=1&description=d%C3%A4ily&cron=wrong&timezone=Mars%2FOlympus&git_ref=v1&pipeline=shop\
                     &variables=SECRET%3Ds3cr3t-of-ada&active=true&back=%2Fschedules";
        let (status, headers, _) = form(Admin, "/rpc/schedule/create", typed).await;
        assert_eq!(status, StatusCode::FOUND);
        let to = location(&headers).to_owned();
        assert!(to.starts_with("/schedules?draft=") && !to.contains("SECRET"), "{to}");
        let (_, _, html) = get_as(Admin, &to, "en").await;
        for there in [
            "value=\"däily\"",
            "value=\"wrong\"",
            "value=\"Mars/Olympus\"",
            "value=\"v1\"",
            "syntax is invalid",
            "type them again",
        ] {
            assert!(html.contains(there), "{there}: {html}");
        }
        assert!(!html.contains(SECRET));
        // What cannot be read as variables is refused before anything is asked.
        let wrong = "project=1&description=d&cron=%40daily&timezone=UTC&variables=no+line&back=%2Fschedules";
        let (_, headers, _) = form(Admin, "/rpc/schedule/create", wrong).await;
        let (_, _, html) = get_as(Admin, location(&headers), "en").await;
        assert!(html.contains("is not NAME=value"), "{html}");
        let good = "project=1&description=d&cron=%40daily&timezone=UTC&back=%2Fschedules%3Fproject%3D1";
        let (status, headers, _) = form(Admin, "/rpc/schedule/create", good).await;
        assert_eq!((status, location(&headers)), (StatusCode::FOUND, "/schedules?project=1&done=saved"));
        // A foreign address is no way back; a run that starts is shown.
        let (_, headers, _) = form(Admin, "/rpc/schedule/delete", "id=5&back=https%3A%2F%2Fevil.example").await;
        assert_eq!(location(&headers), "/schedules");
        let (_, headers, _) = form(Admin, "/rpc/schedule/play", "id=5").await;
        assert_eq!(location(&headers), "/runs/42");
    });
}

#[test]
fn what_was_refused_is_there_again_but_for_passwords() {
    on_one_runtime(async {
        let typed = "wr0ng-pass";
        for (visitor, path, body, page, kept, said) in [
            (
                Nobody,
                "session/sign_in",
                "name=grace&password=wr0ng-pass&next=%2Fruns",
                "/login?next=%2Fruns&draft=",
                "value=\"grace\"",
                "or the password is wrong",
            ),
            (
                Nobody,
                "welcome",
                "key=right&name=ada&full_name=Ada+L&password=wr0ng-pass&again=wr0ng-pasS",
                "/welcome?key=right&draft=",
                "value=\"Ada L\"",
                "not the same",
            ),
            (
                Nobody,
                "welcome",
                "key=wrong&name=ada&password=wr0ng-pass&again=wr0ng-pass",
                "/welcome?key=wrong&draft=",
                "Look at its terminal",
                "not found",
            ),
            (
                Nobody,
                "password",
                "key=right&password=wr0ng-pass&again=x",
                "/password?key=right&draft=",
                "value=\"Grace\"",
                "not the same",
            ),
            (
                Admin,
                "account/password",
                "old=wr0ng-pass&password=wr0ng-pass&again=wr0ng-pass",
                "/settings/account?draft=",
                "<details open class=\"panel parted\"",
                "another one",
            ),
            (
                Admin,
                "account/change",
                "full_name=A+B&email=wr0ng",
                "/settings/account?draft=",
                "value=\"A B\"",
                "has an @",
            ),
            (
                Admin,
                "user/create",
                "name=ada&full_name=A+B&admin=true",
                "/settings/users?draft=",
                "value=\"A B\"",
                "is taken",
            ),
            (
                Admin,
                "user/change",
                "id=1&full_name=A+B",
                "/settings/users?edit=1&draft=",
                "value=\"A B\"",
                "last administrator",
            ),
            (
                Admin,
                "user/activate",
                "id=1&back=%2Fsettings%2Fusers%3Ftext%3Da",
                "/settings/users?text=a&draft=",
                "ada",
                "last administrator",
            ),
            (
                Member,
                "token/create",
                "kind=personal&name=&scope=api&expires=2030-01-31",
                "/settings/account?draft=",
                "value=\"2030-01-31\"",
                "has a name",
            ),
            (
                Member,
                "token/create",
                "kind=trigger&name=x&project=1&expires=tomorrow&back=%2Fprojects%2Fdemo%2Fshop%3Ftab%3Dtokens",
                "/projects/demo/shop?tab=tokens&draft=",
                "value=\"x\"",
                "is not a day",
            ),
            (
                Member,
                "token/revoke",
                "id=9&back=%2F%2Fevil.example",
                "/settings/account?draft=",
                "laptop",
                "somebody else",
            ),
            (
                Member,
                "project/create",
                "path=shop&source=x&visibility=public",
                "/projects?draft=",
                "value=\"public\" selected",
                "has a namespace",
            ),
            (
                Member,
                "member/set",
                "project=1&user=nobody&role=guest&back=%2Fprojects%2Fdemo%2Fshop%3Ftab%3Dmembers",
                "/projects/demo/shop?tab=members&draft=",
                "value=\"nobody\"",
                "not found",
            ),
            (
                Member,
                "project/change",
                "id=1&visibility=public&protected=tag+v*%0D%0Anonsense&back=%2Fprojects%2Fdemo%2Fshop%3Ftab%3Dsettings",
                "/projects/demo/shop?tab=settings&draft=",
                "nonsense</textarea>",
                "line 2 is neither",
            ),
            (
                Member,
                "project/delete",
                "id=3&path=team%2Fdocs&typed=team&back=%2Fprojects%2Fteam%2Fdocs%3Ftab%3Dsettings",
                "/projects/team/docs?tab=settings&draft=",
                "Type team/docs",
                "nothing was deleted",
            ),
            (
                // Only the path that it has counts, whatever else a form says.
                Member,
                "project/delete",
                "id=3&path=team&typed=team&back=%2Fprojects%2Fteam%2Fdocs%3Ftab%3Dsettings",
                "/projects/team/docs?tab=settings&draft=",
                "Type team/docs",
                "nothing was deleted",
            ),
            (
                Nobody,
                "session/sign_in",
                "name=busy&password=wr0ng-pass",
                "/login?next=%2F&draft=",
                "value=\"busy\"",
                "too many attempts to sign in: try again in 30 s",
            ),
            (
                Admin,
                "runner/create",
                "name=lab&tags=+,&protected=true",
                "/runners?draft=",
                "value=\"lab\"",
                "never have work",
            ),
            (
                Admin,
                "runner/change",
                "id=7&name=&tags=a+b,c&untagged=true&edit=%2Frunners%3Fedit%3D7&back=%2Frunners",
                "/runners?edit=7&draft=",
                "value=\"a b,c\"",
                "has a name",
            ),
            (Admin, "runner/rotate", "id=1", "/runners?draft=", "embedded", "keeps that token itself"),
            (Admin, "runner/delete", "id=7", "/runners?draft=", "mac mini", "pause it"),
            (
                Member,
                "runner/pause",
                "id=7&project=1&paused=true&back=%2Fprojects%2Fdemo%2Fshop%3Ftab%3Drunners",
                "/projects/demo/shop?tab=runners&draft=",
                "gpu",
                "not found",
            ),
            (
                Member,
                "project/redact",
                "id=1&value=wr0&back=%2Fprojects%2Fdemo%2Fshop%3Ftab%3Dredact",
                "/projects/demo/shop?tab=redact&draft=",
                "<textarea name=\"value\"",
                "too short",
            ),
        ] {
            let (status, headers, answer) = form(visitor, &format!("/rpc/{path}"), body).await;
            let back = location(&headers).to_owned();
            assert!(status == StatusCode::FOUND && back.starts_with(page), "{path} {body}: {back}");
            let (_, _, html) = get_as(visitor, &back, "en").await;
            assert!(html.contains(kept), "{path} {body} loses {kept}: {}", text(&html));
            assert!(html.contains(said), "{path} {body} does not say {said}: {}", text(&html));
            assert!(html.contains("role=\"alert\""), "{path}");
            for place in [&back, &answer, &html] {
                assert!(!place.contains(typed), "{path} {body} keeps the password");
            }
            // A script gets the status.
            let (status, ..) = post_as(visitor, &format!("/rpc/{path}"), body, "application/json").await;
            assert!(status.is_client_error(), "{path}: {status}");
        }
    });
}
