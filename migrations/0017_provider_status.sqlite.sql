-- Lists and counts of all videos by provider and status.
create index videos_provider_status on videos (provider, status, id) where status <> 'deleted';
