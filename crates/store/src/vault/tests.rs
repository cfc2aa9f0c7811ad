use super::*;

const KEY_A: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const KEY_B: &str = "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f";

fn directory() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

fn configured(keys: &str) -> Result<Vault, VaultError> {
    Vault::open(directory().path(), Some(keys.into()))
}

#[test]
fn what_is_sealed_unseals_in_its_own_place_alone() {
    let vault = configured(KEY_A).unwrap();
    for plaintext in [&b""[..], b"hunter2", &[0xff; 4096]] {
        let sealed = vault.seal("channels/password/ch_1", plaintext);
        assert_eq!(vault.unseal("channels/password/ch_1", &sealed).unwrap(), plaintext);
        assert!(matches!(vault.unseal("channels/password/ch_2", &sealed), Err(VaultError::Damaged)));
    }
    let sealed = vault.seal("a", b"geheim");
    assert_eq!(vault.unseal_text("a", &sealed).unwrap().expose_secret(), "geheim");
    assert!(matches!(vault.unseal_text("a", &vault.seal("a", &[0xff])), Err(VaultError::NotText)));
    assert_ne!(sealed, vault.seal("a", b"geheim"), "a nonce is never used twice");
}

#[test]
fn a_changed_bit_or_a_missing_byte_is_noticed() {
    let vault = configured(KEY_A).unwrap();
    let sealed = vault.seal("a", b"geheim");
    for position in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[position] ^= 1;
        assert!(vault.unseal("a", &changed).is_err(), "byte {position}");
        assert!(vault.unseal("a", &sealed[..position]).is_err(), "cut at {position}");
    }
}

#[test]
fn the_first_start_makes_a_key_that_later_starts_use() {
    let directory = directory();
    let data = directory.path().join("data");
    let first = Vault::open(&data, None).unwrap();
    let sealed = first.seal("a", b"geheim");
    let second = Vault::open(&data, None).unwrap();
    assert_eq!(second.unseal("a", &sealed).unwrap(), b"geheim");
    assert_eq!(first.fingerprint(), second.fingerprint());
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), 1, "nothing but the key file is left");
    assert!(!format!("{first:?}").contains("Key"), "no key in the debug output");
}

#[cfg(unix)]
#[test]
fn the_key_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = directory();
    let path = directory.path().join(KEY_FILE);
    let vault = Vault::open(directory.path(), None).unwrap();
    let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(), 0o600);
    vault.rotate().unwrap();
    assert_eq!(mode(), 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    assert!(matches!(Vault::open(directory.path(), None), Err(VaultError::Permissions { mode: 0o640, .. })));
}

#[test]
fn after_a_rotation_old_secrets_open_and_new_ones_use_the_new_key() {
    let directory = directory();
    let vault = Vault::open(directory.path(), None).unwrap();
    let (old, old_fingerprint) = (vault.seal("a", b"alt"), vault.fingerprint());
    vault.rotate().unwrap();
    let new = vault.seal("a", b"neu");
    for vault in [vault, Vault::open(directory.path(), None).unwrap()] {
        assert_eq!(vault.unseal("a", &old).unwrap(), b"alt");
        assert_eq!(vault.unseal("a", &new).unwrap(), b"neu");
        assert!(vault.needs_reseal(&old) && !vault.needs_reseal(&new));
        assert_ne!(vault.fingerprint(), old_fingerprint);
        assert!(vault.has_key(&old_fingerprint), "the database may still remember the old key");
    }
}

#[test]
fn configured_keys_come_newest_first_and_take_over_from_the_file() {
    let directory = directory();
    let from_file = Vault::open(directory.path(), None).unwrap().seal("a", b"file");
    let of_a = configured(KEY_A).unwrap().seal("a", b"first");
    let vault = Vault::open(directory.path(), Some(format!("{KEY_B}, {KEY_A}").into())).unwrap();
    assert_eq!(vault.unseal("a", &from_file).unwrap(), b"file");
    assert_eq!(vault.unseal("a", &of_a).unwrap(), b"first");
    assert_eq!(vault.fingerprint(), configured(KEY_B).unwrap().fingerprint());
    assert!(matches!(vault.rotate(), Err(VaultError::RotateInConfiguration)));
}

#[test]
fn another_vault_says_which_key_it_lacks() {
    let (one, other) = (configured(KEY_A).unwrap(), configured(KEY_B).unwrap());
    let error = other.unseal("a", &one.seal("a", b"geheim")).unwrap_err();
    assert!(error.to_string().contains(&one.fingerprint()), "{error}");
    assert!(!other.has_key(&one.fingerprint()));
}

#[test]
fn what_is_no_key_is_refused_with_the_way_to_make_one() {
    for bad in ["", " , ", "password", "AAEC", &KEY_B[1..], &format!("{KEY_A},nope"), "ää"] {
        let error = configured(bad).unwrap_err();
        assert!(matches!(error, VaultError::BadConfiguredKey), "{bad:?}: {error}");
    }
}

#[test]
fn a_broken_key_file_is_named_with_its_line_and_never_replaced() {
    let directory = directory();
    let path = directory.path().join(KEY_FILE);
    drop(Vault::open(directory.path(), None).unwrap());
    for (text, expected) in
        [("# only a comment\n", "holds no key"), ("# c\n\nnonsense\n", "line 3"), ("", "holds no key")]
    {
        std::fs::write(&path, text).unwrap();
        let error = Vault::open(directory.path(), None).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}
