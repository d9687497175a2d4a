-- no-transaction
-- The videos that are to be deleted at a time. Made beside the writers of a big table.
create index concurrently if not exists videos_delete_at on videos (delete_at, id)
    where delete_at is not null and status not in ('deleting', 'deleted');
