//! The rules of the house: each is a pure checker over what the tree holds, tried on bad samples first.
//!
//! They read the files as they lie there, tracked or about to be, and never the history: the same tree always
//! gets the same answer.

mod arrows;
mod documents;
mod formats;
mod manifests;
mod openings;
mod places;
mod sizes;
mod tree;
mod window;
mod words;
