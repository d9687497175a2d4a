-- Owners who are being erased: one row from the order until nothing is left that names the owner.

create table erasures (
    owner_hash bytea primary key, -- HMAC-SHA-256 of the owner's name, by the secret `erasure-key`
    owner text, -- the name, by which its rows are found; null once no row but this one has it
    requested_at timestamptz not null,
    outgoing_seen uuid -- outgoing events up to this one were searched for the name
);
