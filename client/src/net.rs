//! Waiting for the network from a thread that may block.

use std::sync::mpsc;

use tokio::runtime::Handle;

use crate::{ClientError, Code};

/// Runs `work` in the background and waits for it; works wherever the caller runs, also inside another runtime.
pub(crate) fn wait<T, E>(
    runtime: &Handle,
    work: impl Future<Output = Result<T, E>> + Send + 'static,
) -> Result<T, ClientError>
where
    T: Send + 'static,
    E: Into<ClientError> + Send + 'static,
{
    let (answer_to, answer) = mpsc::channel();
    runtime.spawn(async move {
        // Whoever asked may have given up.
        answer_to.send(work.await).unwrap_or_default();
    });
    // No answer at all means that the program is ending.
    answer.recv().map_err(|_| Code::Internal)?.map_err(Into::into)
}
