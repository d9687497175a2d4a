-- One row a key of an owner: the first 201 is given again until its upload expires.

create table idempotency_keys (
    owner text not null,
    key text not null,
    body_hash text not null, -- SHA-256 of the body, hex
    video_id uuid not null, -- the video that the key makes
    claimed_at timestamptz not null, -- a claim without an answer lapses a minute later
    answer jsonb, -- the 201, once it is given
    expires_at timestamptz not null,
    primary key (owner, key)
);

create index idempotency_keys_expiry on idempotency_keys (expires_at);
