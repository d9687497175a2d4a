-- What the application is told: written with the change itself, one row an endpoint, sent until it is taken.

create table outgoing_events (
    id uuid primary key, -- UUIDv7: one event on its way to one endpoint
    event_id uuid not null, -- the same for every endpoint and every try
    endpoint text not null, -- the URL, as the settings had it
    video_id uuid not null,
    version bigint not null, -- the video's, with this change: the order in which its events are sent
    type text not null,
    payload text not null, -- the body, the same bytes on every try
    state text not null check (state in ('pending', 'delivered', 'given_up')),
    attempts integer not null, -- since it was written or replayed
    next_attempt_at timestamptz, -- of pending ones
    lease_until_s bigint not null, -- end of a sender's lease, Unix seconds by the database's clock
    answer_status integer, -- of the last try; null: there was no answer
    error text, -- why the last try was none
    created_at timestamptz not null,
    since timestamptz not null, -- begin of the three days: written, or replayed last
    finished_at timestamptz -- delivered or given up
);

create unique index outgoing_events_order on outgoing_events (endpoint, video_id, version);
create index outgoing_events_pending on outgoing_events (endpoint, next_attempt_at, id) where state = 'pending';
create index outgoing_events_video on outgoing_events (video_id, id);
create index outgoing_events_finished on outgoing_events (finished_at) where finished_at is not null;

create table disabled_endpoints (
    endpoint text primary key, -- it answered 410: nothing is sent there until one of its events is replayed
    disabled_at timestamptz not null
);
