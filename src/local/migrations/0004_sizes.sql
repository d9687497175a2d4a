-- Sizes that a ready asset still lacks, and starts of jobs that never ended.

-- A ready asset has a row until its last size is made. Why no kind of `jobs`: the release before this one would refuse to
-- read a kind that it does not know.
create table size_jobs (
    asset_id text primary key references assets (id) on delete cascade,
    attempts integer not null default 0,        -- failures of the next size that may pass
    starts integer not null default 0,          -- started and not known to have ended
    due_us integer not null
) strict, without rowid;
create index size_jobs_due on size_jobs (due_us);

-- A start that never ends tells of the process, a failed attempt of the file: they are counted apart.
alter table jobs add column starts integer not null default 0;
