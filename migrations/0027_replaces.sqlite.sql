-- A video has one replacement at a time.
create unique index videos_replaces on videos (replaces)
    where replaces is not null and exchanged_at is null and not delete_requested;
