//! What the keys promise, through the public door: right factors open, wrong ones refuse, formats stay as they are.

#[cfg(test)]
mod all {
    mod assertions;
    mod blobs;
    mod certificates;
    mod checkpoints;
    mod couriers;
    mod data_keys;
    mod envelopes;
    mod epochs;
    mod exports;
    mod given;
    mod grants;
    mod inbox_pages;
    mod leases;
    mod marks;
    mod parked;
    mod passphrases;
    mod purges;
    mod recovery_codes;
    mod reentry;
    mod rows;
    mod sealed_parcels;
    mod second_implementation;
    mod secrets;
    mod security_keys;
    mod sessions;
    mod sign_in;
    mod signatures;
    mod slot_proofs;
    mod slots;
    mod slots_at_real_cost;
    mod spoken_codes;
    mod strict_parsers;
    mod tokens;
    mod totp;
    mod trust;
    mod vectors;
    mod workstations;
}
