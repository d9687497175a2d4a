-- The largest file that an upload takes, where its maker limited it; null: local.max_bytes alone counts.
alter table uploads add column max_bytes integer;
