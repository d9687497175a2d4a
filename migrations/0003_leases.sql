-- Work that one replica does at a time.

create table leases (
    name text primary key,
    holder uuid not null, -- the process that has it
    until_s bigint not null -- Unix seconds by the database's clock
);
