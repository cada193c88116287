//! What was copied here does not outlive the session.

/// Takes back what this program has copied, in the clipboard and in the selection of the middle mouse button. What another
/// program has copied since is not touched. Called on the thread that paints.
///
/// A clipboard manager has a copy of its own, out of our reach (`docs/KNOWN-ISSUES.md`).
pub(crate) fn forget() {
    for selection in [gtk::gdk::SELECTION_CLIPBOARD, gtk::gdk::SELECTION_PRIMARY] {
        // GTK gives up the selection only where this program owns it.
        gtk::Clipboard::get(&selection).clear();
    }
    if let Some(display) = gtk::gdk::Display::default() {
        // The request has to be out before this image ends.
        display.sync();
    }
}
