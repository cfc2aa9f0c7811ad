//! Large raw mails whose rows are gone and whose bytes are to be destroyed: noted in the transaction that takes the row away, so that
//! none is forgotten. Destroys nothing itself.

use model::{ErasureId, Timestamp, WorkspaceId};

use crate::db::Tx;
use crate::error::{Result, StoreError};

/// What is to be destroyed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grave {
    pub location: String,
    pub workspace_id: WorkspaceId,
    /// SHA-256 of the mail that was there.
    pub hash: Vec<u8>,
}

/// An object, which may be of several rows, and to which the same mail would come again.
pub fn is_object(location: &str) -> bool {
    location.starts_with("object:")
}

/// # Errors
/// What the database says.
pub fn add(tx: &mut Tx<'_>, erasure: &ErasureId, grave: &Grave) -> Result<()> {
    let location = grave.location.as_str();
    if is_object(location) {
        let sql = "SELECT 1 FROM blob WHERE location = $1 AND SUBSTR(location, 1, 7) = 'object:'";
        if tx.query_one(sql, &[location.into()], |_| Ok(()))?.is_some() {
            return Ok(());
        }
    }
    tx.execute(
        "INSERT INTO blob_grave (location, workspace_id, hash, erasure_id, begun) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (location) DO UPDATE SET erasure_id = excluded.erasure_id, begun = excluded.begun, destroyed_at = NULL",
        &[location.into(), (&grave.workspace_id).into(), (&grave.hash).into(), erasure.into(), false.into()],
    )?;
    Ok(())
}

/// A mail comes to this place. One that was to be destroyed and is not yet is used again; where its bytes are being destroyed, or were
/// a moment ago, nobody knows whether these are the old ones or the new: the mail has to come again later.
///
/// # Errors
/// What the database says; the place is not to be had yet.
pub fn reuse(tx: &mut Tx<'_>, location: &str) -> Result<()> {
    if !is_object(location) {
        return Ok(());
    }
    let known = tx.query_one("SELECT 1 FROM blob_grave WHERE location = $1", &[location.into()], |_| Ok(()))?;
    if known.is_none() {
        return Ok(());
    }
    let sql = "DELETE FROM blob_grave WHERE location = $1 AND begun = $2";
    if tx.execute(sql, &[location.into(), false.into()])? == 1 {
        return Ok(());
    }
    let detail = "the same mail was erased a moment ago; it is taken when it comes again in an hour";
    Err(StoreError::Unavailable(detail.into()))
}

/// Some of an erasure whose bytes are still there.
///
/// # Errors
/// What the database says.
pub fn some(tx: &mut Tx<'_>, erasure: &ErasureId, take: usize) -> Result<Vec<Grave>> {
    let sql = "SELECT location, workspace_id, hash FROM blob_grave WHERE erasure_id = $1 AND destroyed_at IS NULL ORDER BY location LIMIT $2";
    tx.query(sql, &[erasure.into(), take.into()], |row| {
        let workspace_id = WorkspaceId::from_stored(row.text(1)?);
        Ok(Grave { location: row.text(0)?, workspace_id, hash: row.bytes(2)? })
    })
}

/// From now on the bytes may be gone. False where the place is used again; then it is no grave any more.
///
/// # Errors
/// What the database says.
pub fn begin(tx: &mut Tx<'_>, grave: &Grave) -> Result<bool> {
    if is_object(&grave.location) {
        let sql = "DELETE FROM blob_grave WHERE location = $1 AND EXISTS (
             SELECT 1 FROM blob WHERE location = $1 AND SUBSTR(location, 1, 7) = 'object:')";
        tx.execute(sql, &[(&grave.location).into()])?;
    }
    let sql = "UPDATE blob_grave SET begun = $2 WHERE location = $1 AND destroyed_at IS NULL";
    Ok(tx.execute(sql, &[(&grave.location).into(), true.into()])? == 1)
}

/// The bytes are gone.
///
/// # Errors
/// What the database says.
pub fn destroyed(tx: &mut Tx<'_>, grave: &Grave, now: Timestamp) -> Result<()> {
    if is_object(&grave.location) {
        let sql = "UPDATE blob_grave SET destroyed_at = $2 WHERE location = $1";
        tx.execute(sql, &[(&grave.location).into(), now.into()])?;
    } else {
        tx.execute("DELETE FROM blob_grave WHERE location = $1", &[(&grave.location).into()])?;
    }
    Ok(())
}

/// Places that were emptied before `before` can be used again.
///
/// # Errors
/// What the database says.
pub fn forget(tx: &mut Tx<'_>, before: Timestamp) -> Result<()> {
    tx.execute("DELETE FROM blob_grave WHERE destroyed_at IS NOT NULL AND destroyed_at < $1", &[before.into()])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blobs_table::{self, NewBlob};
    use crate::testing::TestDb;
    use crate::{Db, Priority};

    crate::on_both_engines!(
        an_object_that_is_used_again_is_not_destroyed,
        a_place_that_is_being_emptied_takes_no_mail_for_a_while,
    );

    async fn write<T: Send + 'static>(
        db: &Db,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        db.write(Priority::Foreground, work).await
    }

    fn place() -> (WorkspaceId, ErasureId, NewBlob) {
        let blob = NewBlob { hash: [7; 32], size: 9, data: None, location: Some("object:mail/ws/07".into()) };
        (WorkspaceId::generate(), ErasureId::generate(), blob)
    }

    fn grave(workspace: &WorkspaceId) -> Grave {
        Grave { location: "object:mail/ws/07".into(), workspace_id: workspace.clone(), hash: vec![7; 32] }
    }

    async fn an_object_that_is_used_again_is_not_destroyed(test: TestDb) {
        let (workspace, erasure, blob) = place();
        let work = move |tx: &mut Tx<'_>| {
            let first = blobs_table::put(tx, &workspace, &blob)?;
            let second = blobs_table::put(tx, &workspace, &blob)?;
            blobs_table::remove(tx, first)?;
            add(tx, &erasure, &grave(&workspace))?;
            assert_eq!(some(tx, &erasure, 9)?, [], "another row has the object");
            blobs_table::remove(tx, second)?;
            add(tx, &erasure, &grave(&workspace))?;
            assert_eq!(some(tx, &erasure, 9)?, [grave(&workspace)]);
            // The same mail comes before it is begun.
            blobs_table::put(tx, &workspace, &blob)?;
            assert_eq!(some(tx, &erasure, 9)?, []);
            begin(tx, &grave(&workspace))
        };
        assert!(!write(&test.db, work).await.expect("a transaction"));
    }

    async fn a_place_that_is_being_emptied_takes_no_mail_for_a_while(test: TestDb) {
        let (workspace, erasure, blob) = place();
        let (owner, job) = (workspace.clone(), erasure.clone());
        let dig = move |tx: &mut Tx<'_>| {
            add(tx, &job, &grave(&owner))?;
            begin(tx, &grave(&owner))
        };
        assert!(write(&test.db, dig).await.expect("a grave"));
        let (owner, again) = (workspace.clone(), blob.clone());
        write(&test.db, move |tx| blobs_table::put(tx, &owner, &again)).await.expect_err("it is being emptied");
        let owner = workspace.clone();
        write(&test.db, move |tx| destroyed(tx, &grave(&owner), Timestamp::from_millis(5))).await.expect("gone");
        let (owner, again) = (workspace.clone(), blob.clone());
        write(&test.db, move |tx| blobs_table::put(tx, &owner, &again)).await.expect_err("it was emptied just now");
        let work = move |tx: &mut Tx<'_>| {
            assert_eq!(some(tx, &erasure, 9)?, []);
            forget(tx, Timestamp::from_millis(6))?;
            blobs_table::put(tx, &workspace, &blob)
        };
        write(&test.db, work).await.expect("it takes mail again");
    }
}
