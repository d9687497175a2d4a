-- Most events are applied: they are found by id, and cost the index of states nothing.

drop index webhook_events_list;
create index webhook_events_list on webhook_events (state, id) where state <> 'applied';
