//! Who gets a conversation that a team is given, in the transaction that gives it. Never takes a conversation from somebody.

use std::collections::HashMap;

use model::team::Assignment;
use model::{TeamId, UserId, WorkspaceId};
use store::teams::Turn;
use store::{Result, Tx, teams};

/// What a conversation that goes to a team is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Given {
    pub team_id: TeamId,
    pub assignee_id: Option<UserId>,
}

/// Gives a conversation to a team; one that nobody has is assigned as the team does it. `None` where the team is not there.
/// The counts of whoever comes next see it once the conversation is written.
pub(crate) fn give(
    tx: &mut Tx<'_>,
    workspace: &WorkspaceId,
    team_id: &TeamId,
    assignee_id: Option<UserId>,
) -> Result<Option<Given>> {
    let Some(turn) = teams::take_turn(tx, workspace, team_id)? else { return Ok(None) };
    let given = |assignee_id| Some(Given { team_id: team_id.clone(), assignee_id });
    if assignee_id.is_some() || turn.assignment == Assignment::Manual {
        return Ok(given(assignee_id));
    }
    let members = teams::available_members(tx, team_id)?;
    let open = match turn.assignment {
        Assignment::LeastBusy => teams::open_conversations(tx, workspace, &members)?,
        Assignment::RoundRobin | Assignment::Manual => HashMap::new(),
    };
    let next = next(&turn, members, &open);
    if let Some(user) = &next {
        teams::end_turn(tx, team_id, user)?;
    }
    Ok(given(next))
}

/// The member behind whoever had the last turn; with counts, the first one in that order of those who have the fewest. `members` are in
/// the order of their ids, so that who joins or leaves changes nobody else's place.
fn next(turn: &Turn, mut members: Vec<UserId>, open: &HashMap<UserId, i64>) -> Option<UserId> {
    let behind = members.iter().position(|member| turn.last_assigned_id.as_ref().is_none_or(|last| member > last));
    members.rotate_left(behind.unwrap_or(0));
    members.into_iter().min_by_key(|member| open.get(member).copied().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str) -> UserId {
        UserId::from_stored(format!("usr_{name}"))
    }

    fn turn_after(name: Option<&str>) -> Turn {
        Turn { assignment: Assignment::RoundRobin, last_assigned_id: name.map(user) }
    }

    fn next_of(last: Option<&str>, members: &[&str], open: &[(&str, i64)]) -> Option<UserId> {
        let open = open.iter().map(|(name, count)| (user(name), *count)).collect();
        next(&turn_after(last), members.iter().map(|name| user(name)).collect(), &open)
    }

    #[test]
    fn turns_go_round_whoever_comes_and_goes() {
        let cases: [(Option<&str>, &[&str], Option<&str>); 7] = [
            (None, &["a", "b", "c"], Some("a")),
            (Some("a"), &["a", "b", "c"], Some("b")),
            (Some("c"), &["a", "b", "c"], Some("a")),
            // Whoever had the last turn has left, or is away.
            (Some("b"), &["a", "c"], Some("c")),
            (Some("d"), &["a", "c"], Some("a")),
            (Some("a"), &["a"], Some("a")),
            (Some("a"), &[], None),
        ];
        for (last, members, expected) in cases {
            assert_eq!(next_of(last, members, &[]), expected.map(user), "{last:?} {members:?}");
        }
    }

    #[test]
    fn of_those_with_the_fewest_the_next_in_turn_is_chosen() {
        let members = ["a", "b", "c"];
        assert_eq!(next_of(None, &members, &[("a", 2), ("b", 1), ("c", 1)]), Some(user("b")));
        assert_eq!(next_of(Some("b"), &members, &[("a", 2), ("b", 1), ("c", 1)]), Some(user("c")));
        assert_eq!(next_of(Some("b"), &members, &[("a", 1), ("b", 1)]), Some(user("c")));
        assert_eq!(next_of(Some("c"), &members, &[("a", 1), ("b", 1), ("c", 1)]), Some(user("a")));
    }
}
