//! What `watch` draws.

use crate::{
    document::{Finding, Severity},
    lookout::Board,
    report::screen::{Heading, render},
};

use super::{NOW, diagnosis, finding, object, style};

fn board() -> Board {
    let crashing = Finding {
        fingerprint: "a".to_owned(),
        since: Some("2026-05-01T11:56:00Z".to_owned()),
        ..finding(
            "crash-loop",
            object("Deployment", "web"),
            "Deployment/web: container web ends again and again with exit code 3, at once after it starts; restarted 7 times",
        )
    };
    let node = finding("node-cordoned", object("Node", "node-1"), "Node/node-1 takes no new pods");
    let node = Finding { fingerprint: "b".to_owned(), severity: Severity::Warning, ..node };
    let mismatch = finding("service-selector-mismatch", object("Service", "web"), "Service/web selects nothing");
    let mismatch = Finding { fingerprint: "c".to_owned(), ..mismatch };
    let mut board = Board::default();
    let at = |time: &str| time.parse().unwrap();
    board.renew("shop", Some(diagnosis(vec![crashing.clone(), node.clone(), mismatch])), at("2026-05-01T11:58:00Z"));
    board.renew("shop", Some(diagnosis(vec![crashing, node])), at("2026-05-01T11:59:30Z"));
    board
}

#[test]
fn a_screen_shows_what_stands_since_when_and_what_healed() {
    let heading = Heading {
        now: NOW.parse().unwrap(),
        scope: "namespace shop".to_owned(),
        trouble: Some("the server fell silent".to_owned()),
        is_ready: true,
        namespace: Some("shop".to_owned()),
    };
    insta::assert_snapshot!(render(&board(), &heading, &style(80), 24, 0));
}

#[test]
fn what_has_no_room_is_counted_and_no_line_is_wider_than_the_screen() {
    let heading = Heading { now: NOW.parse().unwrap(), scope: "all namespaces".to_owned(), ..Heading::default() };
    for rows in [6, 8, 24] {
        let screen = render(&board(), &heading, &style(40), rows, 0);
        assert!(screen.lines().count() <= rows + 1, "{rows}:\n{screen}");
        assert!(screen.lines().all(|line| line.chars().count() <= 40), "{screen}");
    }
    assert!(
        render(&board(), &heading, &style(40), 8, 0).contains("more"),
        "{}",
        render(&board(), &heading, &style(40), 8, 0)
    );
}
