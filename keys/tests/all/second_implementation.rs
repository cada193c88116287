//! The vectors once more, opened by an implementation that was written in another language from `docs/formats`.

use std::path::Path;
use std::process::Command;

#[test]
fn a_reader_written_from_the_documents_opens_every_vector() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    // The system's Python, which has the libraries from the system's packages.
    let output = Command::new("/usr/bin/python3")
        .arg("-B")
        .arg(here.join("../tests/formats/vectors.py"))
        .arg(here.join("tests/vectors/v1.txt"))
        .output()
        .expect("python3-cryptography and python3-argon2 are installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
