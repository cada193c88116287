//! How long a file may be: longer ones are listed here with their size, and may only shrink.

use super::tree::{File, assert_none, files};

/// Lines a file of each kind may have.
const LIMITS: &[(&str, usize)] = &[("rs", 400), ("svelte", 200)];

/// Files that are longer than they should be, with the lines they have. Lower the number when one shrinks; add none.
const LONGER: &[(&str, usize)] = &[];

/// Slack after which a shrunken file's number must be lowered.
const SLACK: usize = 20;

fn broken(files: &[File], longer: &[(&str, usize)]) -> Vec<String> {
    let mut broken = Vec::new();
    for file in files {
        let Some((_, limit)) = LIMITS.iter().find(|(extension, _)| file.is(&[extension])) else { continue };
        let lines = file.text.lines().count();
        match longer.iter().find(|(path, _)| *path == file.path) {
            None if lines > *limit => broken.push(format!("{}: {lines} lines, more than {limit}", file.path)),
            Some((_, listed)) if lines > *listed => {
                broken.push(format!("{}: {lines} lines, and it may only shrink from {listed}", file.path));
            }
            Some((_, listed)) if lines + SLACK < *listed || lines <= *limit => {
                broken.push(format!("{}: has shrunk to {lines}: lower or remove its {listed}", file.path));
            }
            None | Some(_) => {}
        }
    }
    let gone = longer.iter().filter(|(path, _)| !files.iter().any(|file| file.path == *path));
    broken.extend(gone.map(|(path, _)| format!("{path}: is gone, and so goes its line here")));
    broken
}

fn of_lines(path: &str, lines: usize) -> File {
    File::sample(path, &"x\n".repeat(lines))
}

#[test]
fn no_file_is_longer_than_it_may_be() {
    assert_none(&broken(&files(), LONGER));
}

#[test]
fn a_file_over_the_limit_is_found_and_one_at_it_is_not() {
    let files =
        [of_lines("a.rs", 400), of_lines("b.rs", 401), of_lines("c.svelte", 201), of_lines("d.md", 9000)];
    assert_eq!(broken(&files, &[]), ["b.rs: 401 lines, more than 400", "c.svelte: 201 lines, more than 200"]);
}

#[test]
fn a_listed_file_may_only_shrink() {
    let listed = [("b.rs", 450)];
    assert_eq!(broken(&[of_lines("b.rs", 450)], &listed).len(), 0);
    assert_eq!(broken(&[of_lines("b.rs", 451)], &listed).len(), 1);
    assert_eq!(broken(&[of_lines("b.rs", 420)], &listed).len(), 1);
    assert_eq!(broken(&[of_lines("b.rs", 300)], &listed).len(), 1);
    assert_eq!(broken(&[], &listed).len(), 1);
}
