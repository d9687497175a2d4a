-- The processes that serve now: a row each, which it renews and removes when it ends.

create table replicas (
    id uuid primary key, -- made at the start of the process
    version text not null, -- the release that it runs
    started_at timestamptz not null, -- by its own clock
    renewed_s bigint not null, -- last renewal, Unix seconds by the database's clock
    halted jsonb not null -- an array: the accounts at providers whose reconciler it has halted
);
