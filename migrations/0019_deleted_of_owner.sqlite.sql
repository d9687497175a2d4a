-- Deleted videos of one owner: an erasure removes their rows.
create index videos_owner_deleted on videos (owner, id) where status = 'deleted';
