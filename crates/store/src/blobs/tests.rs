use std::fs::{self, OpenOptions};
use std::io::Write as _;

use super::*;

fn blob(bytes: &[u8]) -> PutBlob {
    PutBlob { workspace: "ws_1".to_owned(), hash: [1; 32], compressed: Bytes::copy_from_slice(bytes) }
}

fn open(directory: &Path) -> BlobStore {
    BlobStore::open(None, directory).unwrap()
}

fn pack_file(directory: &Path, number: u64) -> std::path::PathBuf {
    directory.join(PACK_DIRECTORY).join(format!("{number:08}.pack"))
}

async fn put(store: &BlobStore, bytes: &[u8]) -> BlobLocation {
    store.put_batch(vec![blob(bytes)]).await.unwrap().remove(0)
}

#[tokio::test]
async fn blobs_come_back_as_they_were_put_also_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let (large, empty) = (vec![9; 300_000], Vec::new());
    let locations = store.put_batch(vec![blob(b"one"), blob(&large), blob(&empty)]).await.unwrap();
    let later = put(&store, b"later").await;
    assert!(later.as_str().starts_with("pack:1:"), "{later}");
    drop(store);
    let store = open(directory.path());
    assert_eq!(store.get(&locations[1]).await.unwrap(), large);
    assert_eq!(store.get(&locations[2]).await.unwrap(), empty);
    assert_eq!(&store.get(&later).await.unwrap()[..], b"later");
    assert!(store.put_batch(Vec::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn many_at_once_all_come_back() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let puts = (0..500_u32).map(|number| {
        let store = store.clone();
        tokio::spawn(async move { (number, put(&store, &number.to_le_bytes()).await) })
    });
    for task in puts.collect::<Vec<_>>() {
        let (number, location) = task.await.unwrap();
        assert_eq!(store.get(&location).await.unwrap(), number.to_le_bytes().as_slice());
    }
}

#[tokio::test]
async fn a_torn_tail_is_dropped_and_written_over() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let kept = put(&store, b"kept").await;
    let length = fs::metadata(pack_file(directory.path(), 1)).unwrap().len();
    let torn = put(&store, b"torn by the crash").await;
    drop(store);
    let file = OpenOptions::new().write(true).open(pack_file(directory.path(), 1)).unwrap();
    file.set_len(fs::metadata(pack_file(directory.path(), 1)).unwrap().len() - 3).unwrap();

    let store = open(directory.path());
    assert_eq!(fs::metadata(pack_file(directory.path(), 1)).unwrap().len(), length);
    assert!(matches!(store.get(&torn).await, Err(BlobError::Damaged { .. })));
    let after = put(&store, b"after").await;
    assert_eq!(&store.get(&kept).await.unwrap()[..], b"kept");
    assert_eq!(&store.get(&after).await.unwrap()[..], b"after");
}

#[tokio::test]
async fn what_is_destroyed_is_gone_from_the_file_and_everything_else_is_sound() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let secret = b"a word that nobody finds";
    let (first, gone, last) = (put(&store, b"first").await, put(&store, secret).await, put(&store, b"last").await);
    let path = pack_file(directory.path(), 1);
    let holds = |path: &Path| fs::read(path).unwrap().windows(secret.len()).any(|window| window == secret);
    assert!(holds(&path));
    let length = fs::metadata(&path).unwrap().len();
    store.destroy(&gone, "ws_1", &[1; 32]).await.unwrap();
    store.destroy(&gone, "ws_1", &[1; 32]).await.unwrap();
    assert!(!holds(&path));
    assert_eq!(fs::metadata(&path).unwrap().len(), length);
    let after = put(&store, b"after").await;
    drop(store);
    let store = open(directory.path());
    for (location, bytes) in [(&first, "first"), (&last, "last"), (&after, "after")] {
        assert_eq!(&store.get(location).await.unwrap()[..], bytes.as_bytes());
    }
    let scan = record::scan(&mut fs::File::open(&path).unwrap(), &marker_of(&path)).unwrap();
    assert_eq!((scan.records, scan.damaged), (4, Vec::new()), "an emptied record is a whole one");
}

fn marker_of(path: &Path) -> record::Marker {
    record::read_file_header(&fs::read(path).unwrap()[..record::FILE_HEADER_BYTES]).unwrap()
}

#[tokio::test]
async fn a_record_that_came_to_the_place_of_a_destroyed_one_stays() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    put(&store, b"first").await;
    let gone = put(&store, b"written over and cut off").await;
    drop(store);
    // Cut off in the middle of being written over, and dropped at the start as a torn end.
    let path = pack_file(directory.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    let end = bytes.len();
    bytes[end - 5..].fill(0);
    fs::write(&path, bytes).unwrap();
    let store = open(directory.path());
    store.destroy(&gone, "ws_1", &[1; 32]).await.unwrap();
    let other = PutBlob { hash: [2; 32], ..blob(b"another of the very length") };
    let same_length = PutBlob { compressed: other.compressed.slice(..24), ..other };
    let location = store.put_batch(vec![same_length]).await.unwrap().remove(0);
    assert_eq!(location, gone, "it came to the same place");
    store.destroy(&gone, "ws_1", &[1; 32]).await.unwrap();
    assert_eq!(&store.get(&location).await.unwrap()[..], b"another of the very leng");
}

#[tokio::test]
async fn damage_in_the_middle_costs_nothing_but_itself() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let (first, second, third) = (put(&store, b"1").await, put(&store, b"2").await, put(&store, b"3").await);
    drop(store);
    let path = pack_file(directory.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).unwrap();
    let store = open(directory.path());
    assert_eq!(&store.get(&first).await.unwrap()[..], b"1");
    assert!(matches!(store.get(&second).await, Err(BlobError::Damaged { .. })));
    assert_eq!(&store.get(&third).await.unwrap()[..], b"3");
}

#[tokio::test]
async fn a_pack_torn_while_it_was_made_is_made_again() {
    for length in [0, 5, record::FILE_HEADER_BYTES - 1] {
        let directory = tempfile::tempdir().unwrap();
        drop(open(directory.path()));
        let path = pack_file(directory.path(), 1);
        OpenOptions::new().write(true).open(&path).unwrap().set_len(length as u64).unwrap();
        let store = open(directory.path());
        let location = put(&store, b"x").await;
        assert_eq!(&store.get(&location).await.unwrap()[..], b"x");
        assert!(location.as_str().starts_with("pack:1:"));
    }
}

#[tokio::test]
async fn a_pack_with_a_damaged_header_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let first = put(&store, b"first").await;
    drop(store);
    let path = pack_file(directory.path(), 1);
    let mut bytes = fs::read(&path).unwrap();
    bytes[0] ^= 1;
    fs::write(&path, &bytes).unwrap();
    let store = open(directory.path());
    assert!(put(&store, b"second").await.as_str().starts_with("pack:2:"));
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(&store.get(&first).await.unwrap()[..], b"first", "a record stands for itself");
}

#[tokio::test]
async fn full_packs_are_sealed_and_a_new_one_begun() {
    let directory = tempfile::tempdir().unwrap();
    let store = PackStore::open_with(directory.path(), 1_000).unwrap();
    let mut locations = Vec::new();
    for number in 0..10_u8 {
        locations.extend(store.put_batch(vec![blob(&[number; 400])]).await.unwrap());
    }
    // One larger than a pack has a pack of its own.
    locations.extend(store.put_batch(vec![blob(&[10; 5_000])]).await.unwrap());
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 7, "five packs of two, one of its own, the lock");
    for (number, location) in locations.iter().enumerate() {
        assert_eq!(store.get(location).await.unwrap()[0], u8::try_from(number).unwrap());
    }
    drop(store);
    let store = PackStore::open_with(directory.path(), 1_000).unwrap();
    assert!(store.put_batch(vec![blob(b"x")]).await.unwrap()[0].as_str().starts_with("pack:7:"));
}

#[tokio::test]
async fn only_one_may_write_a_directory_until_it_lets_go() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let again = BlobStore::open(None, directory.path());
    assert!(matches!(again, Err(BlobError::Locked { .. })), "{again:?}");
    let location = put(&store, b"x").await;
    let reader = PackReader::new(directory.path().join(PACK_DIRECTORY));
    assert_eq!(&reader.get(&location).await.unwrap()[..], b"x", "reading needs no lock");
    drop(store);
    open(directory.path());
}

#[tokio::test]
async fn places_that_are_none_are_told_apart() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let get = async |text: &str| store.get(&BlobLocation::from_stored(text)).await.unwrap_err();
    for bad in ["", "pack:", "pack:1:2", "pack:1:2:3:4", "pack:a:2:3", "pack:1:24:-1", "pack:1:24:9999999999", "../x"] {
        assert!(matches!(get(bad).await, BlobError::BadLocation { .. }), "{bad}");
    }
    assert!(matches!(get("pack:77:24:100").await, BlobError::Missing { .. }));
    assert!(matches!(get("pack:1:24:100").await, BlobError::Damaged { .. }));
    assert!(matches!(get("pack:1:18446744073709551615:100").await, BlobError::Io { .. } | BlobError::Damaged { .. }));
    assert!(matches!(get("object:ws_1/ab").await, BlobError::NoObjectStore { .. }));
}

#[tokio::test]
async fn a_batch_that_can_not_be_written_leaves_nothing_and_spares_the_others() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    let length = || fs::metadata(pack_file(directory.path(), 1)).unwrap().len();
    let before = length();
    let bad = PutBlob { workspace: "w".repeat(300), ..blob(b"x") };
    assert!(matches!(store.put_batch(vec![blob(b"y"), bad]).await, Err(BlobError::BadWorkspace { bytes: 300 })));
    assert_eq!(length(), before);
    let location = put(&store, b"z").await;
    assert_eq!(&store.get(&location).await.unwrap()[..], b"z");
}

#[cfg(unix)]
#[tokio::test]
async fn a_disk_that_says_no_is_an_error_and_the_next_batch_may_succeed() {
    let directory = tempfile::tempdir().unwrap();
    let store = PackStore::open_with(directory.path(), 100).unwrap();
    store.put_batch(vec![blob(&[1; 200])]).await.unwrap();
    // The next pack's name is taken by a directory: it can't be made.
    let taken = directory.path().join("00000002.pack");
    fs::create_dir(&taken).unwrap();
    assert!(matches!(store.put_batch(vec![blob(b"x")]).await, Err(BlobError::Io { .. })));
    fs::remove_dir(&taken).unwrap();
    let locations = store.put_batch(vec![blob(b"x")]).await.unwrap();
    assert!(locations[0].as_str().starts_with("pack:2:"));
}

#[tokio::test]
async fn other_files_in_the_directory_are_no_packs() {
    let directory = tempfile::tempdir().unwrap();
    let packs = directory.path().join(PACK_DIRECTORY);
    fs::create_dir_all(&packs).unwrap();
    fs::File::create(packs.join("notes.txt")).unwrap().write_all(b"mine").unwrap();
    fs::File::create(packs.join("x.pack")).unwrap();
    assert!(put(&open(directory.path()), b"x").await.as_str().starts_with("pack:1:"));
}
