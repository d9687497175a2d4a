-- The rates of providers, which all replicas keep to together: when the next call may go out.
-- All times are microseconds since 1970 by the database's clock. What a crash loses costs one burst at worst.

create table provider_turns (
    bucket text primary key, -- the account, and which `rate` entry of its map
    next_us bigint not null, -- the last turn that was taken
    background_us bigint not null, -- the last turn of background work that was taken while requests waited
    requests_us bigint not null, -- the last turn that a request took: ahead of now while requests wait
    paused_us bigint not null, -- when a pause that the provider asked for ends
    told_us bigint not null -- what the last statement answers: 0 or more: taken, to wait; below: not taken, ask again then
);
