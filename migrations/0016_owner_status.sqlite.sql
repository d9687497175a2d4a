-- Lists and counts of one owner's videos by provider and status.
create index videos_owner_status on videos (owner, provider, status, id) where status <> 'deleted';
