-- no-transaction
-- Lists and counts of one owner's videos by provider and status. Made beside the writers of a big table.
create index concurrently if not exists videos_owner_status on videos (owner, provider, status, id) where status <> 'deleted';
