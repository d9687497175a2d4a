-- no-transaction
-- Deleted videos of one owner: an erasure removes their rows. Made beside the writers of a big table.
create index concurrently if not exists videos_owner_deleted on videos (owner, id) where status = 'deleted';
