//! Everything the program's parts say while a test runs.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

/// What was said so far.
#[derive(Clone, Default)]
pub(super) struct Overheard(Arc<Mutex<Vec<u8>>>);

impl Overheard {
    pub(super) fn told(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl io::Write for Overheard {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Overheard {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Listens to everything from now on, at the finest level there is.
pub(super) fn overhear() -> Overheard {
    static LOG: OnceLock<Overheard> = OnceLock::new();
    let listen = || {
        let log = Overheard::default();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter("trace,rustls=info,hyper=info,h2=info,reqwest=info")
            .with_writer(log.clone());
        subscriber.try_init().unwrap();
        log
    };
    LOG.get_or_init(listen).clone()
}
