-- no-transaction
-- Uploads that wait for their file, by owner: `uploads.max_open_per_owner` is checked along it, read no further than
-- the limit. Made beside the writers of a big table.
create index concurrently if not exists videos_open on videos (owner, provider, upload_expires_at)
    where status in ('created', 'waiting');
