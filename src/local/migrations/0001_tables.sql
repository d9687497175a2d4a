-- The local provider's own tables. Times are microseconds since 1970 where the name ends in _us, seconds where in _s.

create table uploads (
    id text primary key,
    secret text not null unique,                -- the unguessable part of the upload URL
    status text not null check (status in ('waiting', 'asset_created', 'errored', 'cancelled', 'timed_out')),
    timeout_s integer not null,
    expires_us integer not null,                -- the URL dies here, finished or not
    cors_origin text,                           -- echoed as it came; '*' or one origin
    test integer not null,
    settings text not null,                     -- new_asset_settings, normalised, JSON
    error text,                                 -- JSON {type, message}, only when errored
    asset_id text unique,
    total_bytes integer,                        -- known once a request has named it
    received_bytes integer not null default 0,  -- what is on the disk for certain
    created_us integer not null
) strict;
create index uploads_newest on uploads (created_us desc, id desc);
create index uploads_waiting on uploads (expires_us) where status = 'waiting';

create table assets (
    id text primary key,
    upload_id text not null unique references uploads (id),
    status text not null check (status in ('preparing', 'ready', 'errored')),
    test integer not null,
    passthrough text,
    meta text,                                  -- JSON object
    settings text not null,                     -- new_asset_settings, normalised, JSON
    progress_state text not null check (progress_state in ('ingesting', 'transcoding', 'completed', 'errored')),
    progress real not null,                     -- percent; -1 when errored
    errors text,                                -- JSON {type, messages}, only when errored
    media text,                                 -- what the transcode found and made, JSON, only when ready
    created_us integer not null
) strict;
create index assets_newest on assets (created_us desc, id desc);

create table playback_ids (
    id text primary key,
    asset_id text not null references assets (id) on delete cascade,
    policy text not null check (policy in ('public', 'signed')),
    created_us integer not null
) strict;
create index playback_ids_of on playback_ids (asset_id, created_us, id);

create table static_renditions (
    id text primary key,
    asset_id text not null references assets (id) on delete cascade,
    resolution text not null,
    name text not null,                         -- the file's name in the URL
    passthrough text,
    status text not null check (status in ('preparing', 'ready', 'skipped', 'errored')),
    width integer,
    height integer,
    bitrate integer,                            -- bits per second
    filesize integer,                           -- bytes
    unique (asset_id, name)
) strict;

-- What still has to be made. A row lives until its work is done, so a restart finds it.
create table jobs (
    asset_id text not null references assets (id) on delete cascade,
    kind text not null check (kind in ('transcode', 'static')),
    attempts integer not null default 0,        -- started and not known to have ended
    due_us integer not null,
    primary key (asset_id, kind)
) strict;
create index jobs_due on jobs (due_us);

-- Webhooks not yet accepted. Written in the transaction of the change that they tell of.
create table outbox (
    id text primary key,                        -- the event's id
    seq integer not null unique,                -- order of making
    type text not null,
    object_type text not null,
    object_id text not null,
    data text not null,                         -- JSON, as it was at that moment
    attempts text not null default '[]',        -- earlier tries, JSON, as the envelope shows them
    tries integer not null default 0,
    decided integer not null default 0,         -- 1: the faults made on purpose have had their say
    due_us integer not null,
    created_us integer not null
) strict;
create index outbox_due on outbox (due_us, seq);

-- Uploads and assets whose files are still to be removed from the disk.
create table trash (
    id text primary key
) strict;
