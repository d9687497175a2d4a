-- no-transaction
-- Lists and counts of all videos by provider and status. Made beside the writers of a big table.
create index concurrently if not exists videos_provider_status on videos (provider, status, id) where status <> 'deleted';
