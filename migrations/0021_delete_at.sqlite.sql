-- The videos that are to be deleted at a time.
create index videos_delete_at on videos (delete_at, id)
    where delete_at is not null and status not in ('deleting', 'deleted');
