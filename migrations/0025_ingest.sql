-- Videos that the provider fetches from an address.

alter table videos add column source_url text; -- the address; may hold a secret, so it is kept only until the provider has answered
alter table videos add column is_ingest boolean not null default false; -- the provider fetches the file; else a client uploads it
alter table videos add column step_until timestamptz; -- what a step takes is not there yet: until then it is asked again; null: no step waits
