-- Inputs by URL: assets whose file the provider fetches itself.

-- An asset that was made from a URL has an upload too, which nobody is shown: it holds the original and its bytes. Why no
-- asset without an upload: the release before this one reads `assets.upload_id`, which is never null.
alter table uploads add column by_url integer not null default 0;  -- 1: made for an asset by URL, and never shown
alter table assets add column by_url integer not null default 0;   -- 1: the file came, or is to come, from a URL

-- What is still to be fetched. The row goes, and the URL with it, once the file is here or will not come.
create table fetches (
    asset_id text primary key references assets (id) on delete cascade,
    upload_id text not null,                    -- the hidden upload, which holds the file
    url text not null,                          -- may hold a secret: never logged, never shown
    max_bytes integer,                          -- the largest file, where the caller limited it; null: local.max_bytes
    received_bytes integer not null default 0,  -- what is on the disk for certain
    total_bytes integer,                        -- the file's size, where the source told it
    validator text,                             -- a strong ETag or Last-Modified: by it the rest is asked for; null: from the beginning
    tries integer not null default 0,           -- failed in a row, without much that came
    due_us integer not null,                    -- the next try
    created_us integer not null                 -- the time that all tries may take counts from here
) strict, without rowid;
create index fetches_due on fetches (due_us);
