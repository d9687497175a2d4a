-- Wishes to move a video to another provider: one row each, kept for a while after it ended.

create table moves (
    id uuid primary key,
    video_id uuid not null, -- the video that keeps its id
    from_provider text not null, -- the provider that had the video when the wish was made
    to_provider text not null, -- the provider that is to have it
    kind text not null, -- move; undo: back, by the old file; move_back: back, by a new encoding
    without_tracks boolean not null, -- tracks that cannot be handed over are left behind
    state text not null, -- wanted, making, fetching, asking; ended: done, failed, skipped
    reason text, -- why it failed or was skipped, in a sentence
    notes jsonb not null, -- an array of texts: what could not be carried over
    rendition text, -- name of the rendition that is handed over
    renditions jsonb not null, -- an array of texts: the renditions to ask for afterwards
    hidden_id uuid, -- the hidden row of the new file
    tries integer not null, -- files that were begun in vain
    next_at timestamptz, -- the next step; null once it ended
    lease_until_s bigint not null default 0, -- a worker has it until then, Unix seconds by the database's clock
    revision bigint not null default 1, -- grows with every write
    requested_at timestamptz not null,
    finished_at timestamptz -- null until it ended
);

-- One open wish a video.
create unique index moves_open on moves (video_id) where finished_at is null;
create index moves_due on moves (next_at, id) where next_at is not null;
create index moves_of_video on moves (video_id, id);
create index moves_finished on moves (finished_at) where finished_at is not null;
