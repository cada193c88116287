//! The crate through its public door, one module per part.

#[cfg(test)]
mod all {
    mod allergies;
    mod apart;
    mod attaching;
    mod changes;
    mod dates;
    mod documents;
    mod duplicates;
    mod events;
    mod finding;
    mod forms;
    mod importing;
    mod links;
    mod log;
    mod merges;
    mod outside_data;
    mod people;
    mod results;
    mod rights;
    mod searching;
    mod settling;
    mod synthea;
    mod views;
}
