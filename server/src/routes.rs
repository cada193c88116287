//! The routes, one file each: take a message, run a unit of work, answer.

pub(crate) mod activation;
pub(crate) mod alerts;
pub(crate) mod attachments;
pub(crate) mod audit;
pub(crate) mod changes;
pub(crate) mod chart;
pub(crate) mod courier;
pub(crate) mod credentials;
pub(crate) mod directives;
pub(crate) mod enrolment;
pub(crate) mod export;
pub(crate) mod fhir;
pub(crate) mod grants;
pub(crate) mod history;
pub(crate) mod inbox;
pub(crate) mod metadata;
pub(crate) mod outcomes;
pub(crate) mod programs;
pub(crate) mod renewal;
pub(crate) mod session;
pub(crate) mod sign_in;
pub(crate) mod twins;
