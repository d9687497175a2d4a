-- Replacements that are ready, or whose news their videos do not show yet.
create index videos_replacement_due on videos (id)
    where replaces is not null and exchanged_at is null and (status = 'ready' or shown_version <> version);
