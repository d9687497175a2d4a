-- Lists, counts and replays of outgoing events by state, in the order of their making. Most are delivered: they cost
-- this index nothing.
create index outgoing_events_list on outgoing_events (state, id) where state <> 'delivered';
