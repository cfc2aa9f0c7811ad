//! Gives a message to the next hop: which server that is, and how many transactions it takes. A recipient whose bounces come back to us has
//! a return path, and so a transaction, of its own. Records nothing.

use std::collections::BTreeMap;

use store::deliveries::DeliveryRow;
use tokio::task::JoinSet;

use crate::ports::{DeliveryResult, OutboundMail, RecipientOutcome, Smarthost};
use crate::way_out::{DeliveryMode, MX, domain_of_smarthost, mx_destination, mx_domain};
use crate::{Engine, Result, domains, return_path};

/// Transactions of one message at once.
const AT_ONCE_MAX: usize = 4;

enum NextHop {
    Smarthost(Smarthost),
    Exchangers,
}

/// What the next hop said of each of the group, in their order. `mail` is to all of them.
pub(super) async fn send(engine: &Engine, group: &[DeliveryRow], mail: OutboundMail) -> Result<Vec<RecipientOutcome>> {
    let Some(first) = group.first() else { return Ok(Vec::new()) };
    let hop = next_hop(engine, first).await?;
    let mut transactions: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
    for (index, row) in group.iter().enumerate() {
        let mail_from = return_path::of_delivery(&engine.vault, &mail.mail_from, &row.public);
        let domain = match (&hop, mx_domain(&row.destination)) {
            (NextHop::Smarthost(_), _) => String::new(),
            (NextHop::Exchangers, Some(domain)) => domain.to_owned(),
            (NextHop::Exchangers, None) => {
                mx_domain(&mx_destination(&row.public.recipient)).unwrap_or_default().to_owned()
            }
        };
        transactions.entry((mail_from, domain)).or_default().push(index);
    }
    let mut outcomes: Vec<Option<RecipientOutcome>> = vec![None; group.len()];
    let mut under_way = JoinSet::new();
    for ((mail_from, domain), indexes) in transactions {
        if under_way.len() >= AT_ONCE_MAX
            && let Some(Ok(ended)) = under_way.join_next().await
        {
            put(&mut outcomes, ended);
        }
        let recipients =
            indexes.iter().filter_map(|index| group.get(*index)).map(|row| row.public.recipient.clone()).collect();
        let mail = OutboundMail { mail_from, recipients, ..mail.clone() };
        let transport = engine.ports.transport.clone();
        let smarthost = match &hop {
            NextHop::Smarthost(smarthost) => Some(smarthost.clone()),
            NextHop::Exchangers => None,
        };
        under_way.spawn(async move {
            let said = match smarthost {
                Some(smarthost) => transport.send(&smarthost, mail).await,
                None => transport.send_to_mx(&domain, mail).await,
            };
            (indexes, said)
        });
    }
    while let Some(ended) = under_way.join_next().await {
        if let Ok(ended) = ended {
            put(&mut outcomes, ended);
        }
    }
    let unheard = |row: &DeliveryRow| {
        let response = "nothing was heard of the next hop".to_owned();
        RecipientOutcome::unspoken(row.public.recipient.clone(), DeliveryResult::Deferred, response)
    };
    Ok(outcomes.into_iter().zip(group).map(|(outcome, row)| outcome.unwrap_or_else(|| unheard(row))).collect())
}

fn put(outcomes: &mut [Option<RecipientOutcome>], (indexes, said): (Vec<usize>, Vec<RecipientOutcome>)) {
    for (index, outcome) in indexes.into_iter().zip(said) {
        if let Some(place) = outcomes.get_mut(index) {
            *place = Some(outcome);
        }
    }
}

/// As of now: settings may have changed since it was queued.
async fn next_hop(engine: &Engine, first: &DeliveryRow) -> Result<NextHop> {
    let sends_directly = engine.config.delivery == DeliveryMode::Direct || engine.config.smarthost.is_none();
    let is_of_a_domain = domain_of_smarthost(&first.destination);
    if let Some(id) = &is_of_a_domain
        && let Some(own) = domains::smarthost(engine, &first.workspace_id, id).await?
    {
        return Ok(NextHop::Smarthost(own));
    }
    // What was queued for a domain's own server follows the instance where it has none any more.
    if sends_directly && (first.public.transport == MX || is_of_a_domain.is_some()) {
        return Ok(NextHop::Exchangers);
    }
    // What was queued for mail exchangers follows an instance that sends by a smarthost by now.
    Ok(NextHop::Smarthost(engine.smarthost(&first.workspace_id, first.channel_id.as_ref()).await?))
}
