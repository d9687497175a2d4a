-- no-transaction
-- A video has one replacement at a time. Made beside the writers of a big table.
create unique index concurrently if not exists videos_replaces on videos (replaces)
    where replaces is not null and exchanged_at is null and not delete_requested;
