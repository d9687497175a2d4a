-- Indexes for tens of millions of rows: no list, no start and no pruning walks through a whole table.

-- Lists of one state, newest first, and pruning by age: ids are made at the receipt and sort by its time.
create index webhook_events_list on webhook_events (state, id);
drop index webhook_events_state;

-- By external id, of one owner or of all.
create index videos_by_external on videos (external_id, owner, id) where external_id is not null;
drop index videos_external;

-- Which providers have living videos, and those of one provider.
create index videos_living on videos (provider, id) where status <> 'deleted';
drop index videos_known;

-- The few that are not ready, by status.
create index videos_unready on videos (status, id) where status not in ('ready', 'deleted');
