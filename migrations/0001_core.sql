-- One row a video, one row a webhook event. The same text runs on PostgreSQL and on SQLite.

create table videos (
    id uuid primary key, -- UUIDv7: sorts by the time of its making
    owner text not null, -- `sub` of the caller who made it
    provider text not null, -- name of its action map, for ever
    title text,
    external_id text, -- the application's own id; not unique
    metadata jsonb not null, -- an object, the caller's
    thumbnail_time double precision, -- seconds; the poster frame
    playback_policy text not null check (playback_policy in ('public', 'signed')), -- as asked for
    quality text,
    status text not null check (status in (
        'created', 'waiting', 'preparing', 'ready', 'errored', 'cancelled', 'expired', 'deleting', 'deleted')), -- as shown: a function of what follows
    upload_id text, -- the upload's id at the provider
    asset_id text, -- the asset's id at the provider
    reported text not null, -- greatest status reported by the provider
    gone boolean not null,
    delete_requested boolean not null,
    cancel_confirmed boolean not null,
    ready_at timestamptz, -- earliest report of ready
    ready_by_our_clock boolean not null, -- no provider's time was told with it
    facts jsonb not null, -- field → {v: value, t: provider's time in µs, r: rank of the status, e: event id}
    captures jsonb not null, -- what the upload's steps captured at the provider
    steps integer not null, -- how many of the upload's steps are done
    unsent jsonb not null, -- names of changed members that the provider is to be told of
    upload_expires_at timestamptz, -- end of the upload URL
    check_at timestamptz, -- when the provider is asked about it next; null: never
    checks integer not null, -- how often it was asked
    missing_since timestamptz, -- first of an unbroken row of "not found" answers about it
    lost boolean not null, -- "not found" for so long that the provider has lost it
    lease_until_s bigint not null, -- end of a background job's lease, Unix seconds by the database's clock
    version bigint not null, -- grows with every visible change
    revision bigint not null, -- grows with every write
    created_at timestamptz not null,
    updated_at timestamptz not null -- last visible change
);

create unique index videos_upload on videos (provider, upload_id) where upload_id is not null;
create unique index videos_asset on videos (provider, asset_id) where asset_id is not null;
create index videos_owner on videos (owner, id) where status <> 'deleted';
create index videos_external on videos (owner, external_id, id) where external_id is not null;
create index videos_check on videos (check_at) where check_at is not null;
create index videos_deleted on videos (updated_at) where status = 'deleted';
create index videos_known on videos (provider, id) where status = 'ready';

create table webhook_events (
    id uuid primary key, -- UUIDv7 of its first receipt
    provider text not null,
    event_id text not null, -- the provider's id, or "sha256:" and a hash
    id_is_hash boolean not null,
    type text not null, -- for people
    occurred_at timestamptz, -- the provider's time
    received_at timestamptz not null,
    receipts integer not null, -- how often it was applied anew; 1 at first
    video_ref uuid, -- our id, come back as passthrough
    upload_id text,
    asset_id text,
    state text not null check (state in ('pending', 'applied', 'ignored', 'parked', 'failed', 'given_up')),
    attempts integer not null,
    next_attempt_at timestamptz, -- of pending ones
    error text, -- why the last attempt failed
    video_id uuid, -- the video that it was applied to
    body bytea -- raw, as signed; null once its video is purged
);

create unique index webhook_events_identity on webhook_events (provider, event_id);
create index webhook_events_pending on webhook_events (next_attempt_at, id) where state = 'pending';
create index webhook_events_parked_upload on webhook_events (provider, upload_id) where state = 'parked';
create index webhook_events_parked_asset on webhook_events (provider, asset_id) where state = 'parked';
create index webhook_events_parked_ref on webhook_events (video_ref) where state = 'parked';
create index webhook_events_state on webhook_events (state, received_at);
create index webhook_events_video on webhook_events (video_id, id) where video_id is not null;

create table secrets (
    name text primary key,
    value bytea not null -- random bytes, made once by the first replica
);
