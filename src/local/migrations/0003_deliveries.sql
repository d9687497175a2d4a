-- Deliveries: where each event of `outbox` still has to go. Each address has its own tries, so that one that is down neither
-- holds up nor repeats what another one gets.
-- The release before this one reads and writes `outbox` alone. Its rows are taken over at the next start; rows of this
-- release it sends to the service's own route, once more where that route had them (receivers tell repeats by the id).

create table deliveries (
    event_id text not null references outbox (id) on delete cascade,
    address text not null,                      -- '' for the service's own route, whose port changes with each start
    attempts text not null default '[]',        -- earlier tries, JSON, as the envelope shows them
    tries integer not null default 0,
    decided integer not null default 0,         -- 1: the faults made on purpose have had their say
    due_us integer not null,
    primary key (event_id, address)
) strict, without rowid;
create index deliveries_due on deliveries (address, due_us);
