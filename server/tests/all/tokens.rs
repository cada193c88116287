//! The key-encryption key in a token (PKCS #11), with `SoftHSM` as the token. Each step is a process of its own: the library
//! reads where its tokens are from the environment.

use crate::clinic::{observation, patient};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const PIN: &str = "seven-pines-41";

/// A practice in a file, and a token beside it.
struct Ground {
    dir: TempDir,
    conf: PathBuf,
}

impl Ground {
    fn make() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let tokens = dir.path().join("tokens");
        std::fs::create_dir(&tokens).unwrap();
        let conf = dir.path().join("softhsm2.conf");
        std::fs::write(
            &conf,
            format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display()),
        )
        .unwrap();
        let ground = Self { dir, conf };
        let made = Command::new("softhsm2-util")
            .env("SOFTHSM2_CONF", &ground.conf)
            .args(["--init-token", "--free", "--label", "chartkeep", "--so-pin", "12345678", "--pin", PIN])
            .output()
            .expect("softhsm2-util is there: `cargo xtask test` installs it");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        std::fs::write(ground.pin_file(), format!("{PIN}\n")).unwrap();
        ground.told(&["init", "--practice", "Elm Street", "--host", "localhost"]);
        ground
    }

    fn data(&self) -> PathBuf {
        self.dir.path().join("practice")
    }

    fn pin_file(&self) -> PathBuf {
        self.dir.path().join("pin")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chartkeep-server"));
        command.env("SOFTHSM2_CONF", &self.conf).args(arguments);
        command.arg("--data").arg(self.data()).output().unwrap()
    }

    fn told(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn refused(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stdout));
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!error.contains(PIN), "{error}");
        serde_json::from_str(error.trim().lines().last().unwrap()).unwrap()
    }

    fn import(&self, name: &str, numbers: std::ops::Range<u32>) {
        let path = self.dir.path().join(format!("{name}.ndjson"));
        let whose = |number| format!("p{}", number % 20);
        let lines: Vec<String> = numbers
            .map(|number| match number {
                0..20 => patient(&whose(number)),
                20.. => observation(&format!("o{number}"), &whose(number), "70"),
            })
            .map(|document| String::from_utf8(document.bytes().to_vec()).unwrap())
            .collect();
        std::fs::write(&path, lines.join("\n")).unwrap();
        self.told(&["import", path.to_str().unwrap()]);
    }

    /// Every record is opened.
    fn records(&self) -> u64 {
        self.told(&["reindex"])["records"].as_u64().unwrap()
    }

    fn key_files(&self) -> usize {
        let entries = std::fs::read_dir(self.data().join("keys")).unwrap();
        entries
            .filter(|entry| entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("kek-"))
            .count()
    }

    fn settle_on(&self, first: &str, module: &Path) {
        let (module, pin) = (module.display(), self.pin_file());
        let text = format!(
            "{first}[pkcs11]\nmodule = \"{module}\"\ntoken = \"chartkeep\"\npin_file = \"{}\"\n",
            pin.display()
        );
        std::fs::write(self.data().join("custody.toml"), text).unwrap();
    }
}

fn module() -> PathBuf {
    let places = [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
        "/usr/lib/pkcs11/libsofthsm2.so",
    ];
    places
        .iter()
        .map(PathBuf::from)
        .find(|path| path.exists())
        .expect("SoftHSM's library is where it usually is")
}

#[test]
fn a_practice_moves_its_key_into_a_token_rotates_it_there_and_moves_out_again() {
    let ground = Ground::make();
    ground.import("first", 0..60);
    assert_eq!(ground.key_files(), 1);
    ground.settle_on("", &module());
    assert_eq!(ground.records(), 60, "what the file wrapped is still opened by it");

    let moved = ground.told(&["keys", "rotate"]);
    assert_eq!(
        (&moved["provider"], &moved["data_keys"], ground.key_files()),
        (&"pkcs11".into(), &20.into(), 0)
    );
    ground.import("second", 60..100);
    assert_eq!(ground.records(), 100);
    let again = ground.told(&["keys", "rotate", "--incident"]);
    assert_eq!((&again["provider"], &again["sealed"]), (&"pkcs11".into(), &100.into()));
    assert_eq!(ground.records(), 100);
    let state = ground.told(&["keys", "status"]);
    let keks = state["keks"].as_array().unwrap();
    assert!(keks.len() == 3 && keks.iter().filter(|kek| kek["destroyed_at"].is_null()).count() == 1);

    ground.settle_on("new_keys = \"file\"\n", &module());
    assert_eq!(ground.told(&["keys", "rotate"])["provider"], "file");
    std::fs::remove_file(ground.data().join("custody.toml")).unwrap();
    assert_eq!((ground.records(), ground.key_files()), (100, 1));
}

#[test]
fn without_the_token_or_its_pin_nothing_opens_and_that_is_said() {
    let ground = Ground::make();
    ground.import("first", 0..30);
    ground.settle_on("", &module());
    ground.told(&["keys", "rotate"]);

    std::fs::write(ground.pin_file(), "another").unwrap();
    assert_eq!(ground.refused(&["reindex"])["error"], "bad-keys");
    std::fs::write(ground.pin_file(), PIN).unwrap();
    ground.settle_on("", &ground.dir.path().join("no-library.so"));
    assert_eq!(ground.refused(&["reindex"])["error"], "bad-keys");
    std::fs::rename(ground.dir.path().join("tokens"), ground.dir.path().join("away")).unwrap();
    std::fs::create_dir(ground.dir.path().join("tokens")).unwrap();
    ground.settle_on("", &module());
    assert_eq!(ground.refused(&["reindex"])["error"], "bad-keys");
    std::fs::remove_dir(ground.dir.path().join("tokens")).unwrap();
    std::fs::rename(ground.dir.path().join("away"), ground.dir.path().join("tokens")).unwrap();
    assert_eq!(ground.records(), 30, "the token is back");

    std::fs::write(ground.data().join("custody.toml"), "[pkcs11]\nmodule = \"x\"\ntoken = \"y\"\n").unwrap();
    assert_eq!(ground.refused(&["reindex"])["error"], "usage", "a token without a PIN is no setting");
}
