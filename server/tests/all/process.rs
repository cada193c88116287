//! The server as a process of the system: started, looked at, told to stop.

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

struct Served {
    child: Child,
    ready: Value,
    folder: TempDir,
}

impl Served {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("practice").to_str().unwrap().to_owned();
        let made =
            server(&["init", "--data", &data, "--practice", "Elm Street", "--host", "localhost"]).output();
        assert!(made.unwrap().status.success());
        let (child, ready) = serve(Path::new(&data), &["--metrics-listen", "127.0.0.1:0"]);
        Self { child, ready, folder }
    }

    fn connect(&self, which: &str) -> TcpStream {
        let stream = TcpStream::connect(self.ready[which].as_str().unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    fn get(&self, path: &str) -> String {
        let mut stream = self.connect("metrics");
        say(&mut stream, path);
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn terminate(&self) {
        let told = Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]).status();
        assert!(told.unwrap().success());
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("practice").join(name)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself, which is what most of these tests want.
        self.child.kill().unwrap_or_default();
        self.child.wait().unwrap();
    }
}

/// Starts a server on any ports, and reads the line in which it says that it is ready and where.
pub(crate) fn serve(data: &Path, more: &[&str]) -> (Child, Value) {
    serve_and_log(data, more, Stdio::null())
}

fn serve_and_log(data: &Path, more: &[&str], log: Stdio) -> (Child, Value) {
    let mut child = server(&["serve", "--listen", "127.0.0.1:0", "--enrol-listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .args(more)
        .stdout(Stdio::piped())
        .stderr(log)
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    (child, serde_json::from_str(&line).unwrap())
}

/// Runs a command to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    server(arguments).output().unwrap()
}

fn server(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_chartkeep-server"));
    command.args(arguments);
    command
}

fn say(stream: &mut TcpStream, path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
}

#[test]
fn meters_and_health_are_read_on_this_machine_alone_and_name_nobody() {
    let served = Served::start();
    let health = served.get("/healthz");
    assert!(health.starts_with("HTTP/1.1 200") && health.contains("up"), "{health}");
    let meters = served.get("/metrics");
    for line in [
        "chartkeep_workstations 0",
        "chartkeep_open_alerts 0",
        "chartkeep_refused_handshakes_total 0",
        "# EOF",
    ] {
        assert!(meters.contains(line), "{line}: {meters}");
    }
    assert!(served.get("/v1/directives").starts_with("HTTP/1.1 404"), "nothing else is there");
    let data = served.file("");
    let elsewhere = ["serve", "--data", data.to_str().unwrap(), "--metrics-listen", "0.0.0.0:0"];
    let refused = server(&elsewhere)
        .args(["--listen", "127.0.0.1:0", "--enrol-listen", "127.0.0.1:0"])
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("this machine alone"));
}

#[test]
fn told_to_stop_it_ends_in_time_and_closes_its_store() {
    let mut served = Served::start();
    // A peer that has connected and says nothing must not hold it up for ever.
    let _silent = served.connect("listening");
    served.terminate();
    let status = (0..150).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        served.child.try_wait().unwrap()
    });
    assert_eq!(status.expect("it ends within fifteen seconds").code(), Some(0));
    assert!(TcpStream::connect(served.ready["listening"].as_str().unwrap()).is_err());
    let left = std::fs::metadata(served.file("store.db-wal")).map_or(0, |log| log.len());
    assert_eq!(left, 0, "all of it is in the file");
    let data = served.file("");
    let verified = server(&["audit", "verify", "--data", data.to_str().unwrap()]).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

#[test]
fn connections_that_nobody_has_room_for_are_all_counted_and_seldom_logged() {
    let mut served = Served::start();
    served.terminate();
    served.child.wait().unwrap();
    let log = served.file("log.txt");
    let file = std::fs::File::create(&log).unwrap();
    (served.child, served.ready) =
        serve_and_log(&served.file(""), &["--metrics-listen", "127.0.0.1:0"], file.into());
    let silent: Vec<TcpStream> = (0..60).map(|_| served.connect("enrolment")).collect();
    let turned_away = || {
        let meters = served.get("/metrics");
        let line = r#"chartkeep_turned_away_total{listener="enrolment",why="room"} "#;
        meters.lines().find_map(|found| found.strip_prefix(line)).unwrap().parse::<usize>().unwrap()
    };
    let mut left = 300;
    while turned_away() < 28 && left > 0 {
        std::thread::sleep(Duration::from_millis(20));
        left -= 1;
    }
    assert_eq!(turned_away(), 28, "32 connections of one address have room");
    let closed = silent.iter().filter(|stream| {
        let mut stream: &TcpStream = stream;
        stream.set_nonblocking(true).unwrap();
        // A place that is taken has nothing to read and is not closed.
        !matches!(stream.read(&mut [0]), Err(error) if error.kind() == std::io::ErrorKind::WouldBlock)
    });
    assert_eq!(closed.count(), 28);
    let text = std::fs::read_to_string(&log).unwrap();
    let lines: Vec<_> = text.lines().filter(|line| line.contains("a connection was turned away")).collect();
    assert!((1..=6).contains(&lines.len()), "{text}");
    assert!(lines[0].contains(r#""why":"room""#) && lines[0].contains("127.0.0.1"), "{}", lines[0]);
}

#[test]
fn the_service_file_starts_the_server_with_what_it_knows() {
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../installers/systemd/chartkeep-server.service");
    let unit = std::fs::read_to_string(unit).unwrap();
    let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    let words: Vec<&str> = start.split_whitespace().collect();
    let known = <chartkeep_server::cli::Cli as clap::Parser>::try_parse_from(&words);
    assert!(known.is_ok(), "{:?}", known.err());
    for hardened in [
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "CapabilityBoundingSet=\n",
        "LimitCORE=0",
        "UMask=0077",
    ] {
        assert!(unit.contains(hardened), "{hardened}");
    }
}
